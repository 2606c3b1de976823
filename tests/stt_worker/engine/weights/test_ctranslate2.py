"""CTranslate2's model.bin: the shapes of large-v3, turbo and distil-whisper, and files that are broken or hostile."""

from __future__ import annotations

import json
import re
import shutil
import struct
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest
import torch
import whisper as openai_whisper

from stt_worker.engine.weights.assembly import ModelFormatError
from stt_worker.engine.weights.ctranslate2 import load_ctranslate2_bin
from stt_worker.engine.weights.ctranslate2_file import CTranslate2File
from stt_worker.engine.weights.folder import load_folder, what_is_missing
from tests.support.whisper_forms import random_whisper, save_ctranslate2, save_huggingface

FLOAT32, INT8 = 0, 1
Variables = dict[str, tuple[tuple[int, ...], int, bytes]]  # shape, type, data
Change = Callable[[Variables, dict[str, str]], Any]
LIKE = {
    "tiny.en": (51864, 80, 2, 2),
    "large-v3": (51866, 128, 4, 4),
    "turbo": (51866, 128, 8, 1),
    "distil": (51866, 128, 16, 1),
}


@pytest.fixture(scope="module")
def model() -> openai_whisper.Whisper:
    return random_whisper(51865)


@pytest.fixture(scope="module")
def saved(model: openai_whisper.Whisper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("ctranslate2")
    huggingface = save_huggingface(model, made / "huggingface", torch.float32, alignment_heads=[[0, 1], [1, 2]])
    return save_ctranslate2(huggingface, made / "whisper")


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """One that a test may spoil."""
    return shutil.copytree(saved, tmp_path / "whisper")


def name(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def header(count: int, spec: str = "WhisperSpec", version: int = 6) -> bytes:
    return struct.pack("<I", version) + name(spec) + struct.pack("<II", 3, count)


def record(called: str, shape: Iterable[int], kind: int, data: bytes, size: int | None = None) -> bytes:
    sizes = tuple(shape)
    told = struct.pack(f"<B{len(sizes)}IBI", len(sizes), *sizes, kind, len(data) if size is None else size)
    return name(called) + told + data


def rewrite(model_bin: Path, change: Change) -> None:
    """Read a whole file by the format's description, change its variables and aliases, and write it again."""
    data, at = model_bin.read_bytes(), 0

    def take(form: str) -> tuple[Any, ...]:
        nonlocal at
        found = struct.unpack_from(f"<{form}", data, at)
        at += struct.calcsize(f"<{form}")
        return found

    def text() -> str:
        (length,) = take("H")
        return bytes(take(f"{length}s")[0][:-1]).decode()

    take("I"), text(), take("I")
    variables: Variables = {}
    for _ in range(take("I")[0]):
        called, rank = text(), take("B")[0]
        shape, (kind, size) = take(f"{rank}I"), take("BI")
        variables[called] = (shape, kind, take(f"{size}s")[0])
    aliases = {text(): text() for _ in range(take("I")[0])}
    change(variables, aliases)
    body = b"".join(record(called, *variable) for called, variable in variables.items())
    names = b"".join(name(alias) + name(called) for alias, called in aliases.items())
    model_bin.write_bytes(header(len(variables)) + body + struct.pack("<I", len(aliases)) + names)


@pytest.mark.parametrize("like", LIKE)
@pytest.mark.parametrize("quantization", [None, "int8"])
def test_it_hears_what_ctranslate2_hears(tmp_path: Path, like: str, quantization: str | None) -> None:
    """The encoder of CTranslate2's runtime on its own file, beside openai-whisper's on what was made of it."""
    vocabulary, mels, audio_layers, text_layers = LIKE[like]
    original = random_whisper(vocabulary, mels, audio_layers, text_layers)
    folder = save_ctranslate2(
        save_huggingface(original, tmp_path / "theirs", torch.float32), tmp_path / "made", quantization
    )
    loaded = load_folder(folder)
    assert loaded.dims == original.dims
    mel = torch.randn(1, mels, 3000)
    runtime = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="float32", intra_threads=1)
    heard = torch.from_numpy(np.array(runtime.encode(ctranslate2.StorageView.from_array(mel.numpy()))))
    with torch.inference_mode():
        ours = loaded.embed_audio(mel)
    assert ours.std() > 0.1
    torch.testing.assert_close(ours, heard, rtol=1e-3, atol=1e-3)


def test_alignment_heads(folder: Path) -> None:
    """As config.json says. A lone file says nothing: then openai-whisper's default, or what is given with it."""
    assert load_folder(folder).alignment_heads.indices().T.tolist() == [[0, 1], [1, 2]]
    (folder / "config.json").unlink()
    assert what_is_missing(folder) == ""
    default = [[1, 0], [1, 1], [1, 2]]
    assert load_folder(folder).alignment_heads.indices().T.tolist() == default
    assert load_ctranslate2_bin(folder / "model.bin").alignment_heads.indices().T.tolist() == default


def test_alignment_heads_that_come_with_the_file(tiny_en_bin: Path) -> None:
    loaded = load_ctranslate2_bin(tiny_en_bin, openai_whisper._ALIGNMENT_HEADS["tiny"])
    ours = loaded.alignment_heads.to_dense()
    assert not torch.equal(ours, load_ctranslate2_bin(tiny_en_bin).alignment_heads.to_dense()), "those of tiny.en"
    loaded.set_alignment_heads(openai_whisper._ALIGNMENT_HEADS["tiny"])
    assert torch.equal(ours, loaded.alignment_heads.to_dense())


def test_heads_and_positions_that_are_not_in_the_file(folder: Path, model: openai_whisper.Whisper) -> None:
    """A head for each 64 of the state, and Whisper's own positions of audio."""

    def drop(variables: dict[str, Any], _: dict[str, str]) -> None:
        for lost in ("encoder/num_heads", "decoder/num_heads", "encoder/position_encodings/encodings"):
            del variables[lost]

    rewrite(folder / "model.bin", drop)
    loaded = load_ctranslate2_bin(folder / "model.bin")
    assert (loaded.dims.n_audio_head, loaded.dims.n_text_head) == (1, 1)
    assert torch.equal(loaded.encoder.positional_embedding, model.encoder.positional_embedding)


def test_aliases_are_followed(folder: Path, tmp_path: Path) -> None:
    """CTranslate2 writes equal weights once, and of an int8 weight neither the alias of its scale."""
    twins = random_whisper(51865)
    with torch.no_grad():
        twins.encoder.blocks[1].mlp[0].weight.copy_(twins.encoder.blocks[0].mlp[0].weight)
    made = save_ctranslate2(save_huggingface(twins, tmp_path / "twins", torch.float32), tmp_path / "made", "int8")
    file = CTranslate2File(made / "model.bin")
    first, second = (f"encoder/layer_{layer}/ffn/linear_0/weight" for layer in (0, 1))
    assert file.variable(first) == file.variable(second)
    assert file.variable(f"{first}_scale") == file.variable(f"{second}_scale")
    weights = load_folder(made).state_dict()
    assert torch.equal(weights["encoder.blocks.0.mlp.0.weight"], weights["encoder.blocks.1.mlp.0.weight"])


def test_rewriting_alone_changes_nothing(folder: Path, saved: Path) -> None:
    rewrite(folder / "model.bin", lambda variables, aliases: None)
    assert (folder / "model.bin").read_bytes() == (saved / "model.bin").read_bytes()


def flag(value: int) -> tuple[tuple[int, ...], int, bytes]:
    return ((), INT8, bytes([value]))


CHANGES: dict[str, tuple[Change, str]] = {
    "a lost weight": (
        lambda variables, _: variables.pop("decoder/layer_1/attention/linear_1/weight"),
        "has no variable decoder/layer_1/attention/linear_1/weight",
    ),
    "no layers": (
        lambda variables, _: [variables.pop(one) for one in list(variables) if one.startswith("encoder/layer_")],
        "the encoder has 0 layers",
    ),
    "a lost scale": (
        lambda variables, _: variables.update({"encoder/conv2/weight": ((96, 96, 3), INT8, bytes(96 * 96 * 3))}),
        "has no variable encoder/conv2/weight_scale",
    ),
    "a scale of another length": (
        lambda variables, _: variables.update(
            {
                "encoder/conv2/weight": ((96, 96, 3), INT8, bytes(96 * 96 * 3)),
                "encoder/conv2/weight_scale": ((5,), FLOAT32, bytes(20)),
            }
        ),
        "the scale of encoder/conv2/weight does not fit it",
    ),
    "another shape": (
        lambda variables, _: variables.update({"encoder/conv2/bias": ((95,), FLOAT32, bytes(380))}),
        "has the shape 95 where a Whisper with a state of 96 has 96",
    ),
    "too many positions": (
        lambda variables, _: variables.update(
            {"decoder/position_encodings/encodings": ((200_000, 1), INT8, bytes(200_000))}
        ),
        "200000 of text",
    ),
    "added tokens": (
        lambda variables, _: variables.update({"decoder/embeddings/weight": ((51900, 96), INT8, bytes(51900 * 96))}),
        "51900 tokens",
    ),
    "a last layer of its own": (
        lambda variables, aliases: variables.update(
            {aliases.popitem()[0]: ((51865, 96), INT8, bytes(51865 * 96))}  # of decoder/projection/weight
        ),
        "its last layer is not the token embedding",
    ),
    "scaled embeddings": (
        lambda variables, _: variables.update({"decoder/scale_embeddings": flag(1)}),
        "its embeddings are scaled",
    ),
    "another activation": (
        lambda variables, _: variables.update({"decoder/activation": flag(0)}),
        "its activation is not GELU",
    ),
    "heads that do not divide": (
        lambda variables, _: variables.update({"encoder/num_heads": flag(7)}),
        "do not divide",
    ),
    "whole numbers": (
        lambda variables, _: variables.update({"encoder/conv2/bias": ((96,), 3, bytes(384))}),
        "int32, which is not read here",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_does_not_fit_is_named(folder: Path, what: str) -> None:
    change, words = CHANGES[what]
    rewrite(folder / "model.bin", change)
    with pytest.raises(ModelFormatError, match=words):
        load_folder(folder)
    with pytest.raises(ModelFormatError, match=words):
        load_ctranslate2_bin(folder / "model.bin")


def test_added_tokens_are_seen_in_the_vocabulary(folder: Path) -> None:
    """One more than the multilingual vocabulary has, and it would be taken for that of large-v3."""
    tokens = json.loads((folder / "vocabulary.json").read_text())
    tokens.insert(50300, "<|added|>")
    for name_, text in (("vocabulary.json", json.dumps(tokens)), ("vocabulary.txt", "\n".join(map(repr, tokens)))):
        (folder / name_).write_text(text)
    with pytest.raises(ModelFormatError, match=r"<\|notimestamps\|> is number 50364 of 51865"):
        load_folder(folder)
    (folder / "vocabulary.json").write_text("[")
    with pytest.raises(ModelFormatError, match=r"vocabulary\.json cannot be read"):
        load_folder(folder)


@pytest.mark.parametrize("keep", [0, 2, 4, 12, 25, 100, 5_000, 1_000_000, -1, -30])
def test_a_file_that_is_cut_off_is_refused(folder: Path, keep: int) -> None:
    path = folder / "model.bin"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelFormatError, match=r"model\.bin (cannot be read|is cut off)"):
        load_ctranslate2_bin(path)


HUGE = 2**32 - 1
HOSTILE = {
    "a zip": (b"PK\x03\x04" + bytes(100), "no model of CTranslate2"),
    "text": (b"version https://git-lfs.github.com/spec/v1\n", "no model of CTranslate2"),
    "another version": (header(0, version=5), "of another format than 6"),
    "another model": (header(0, "TransformerSpec"), "no Whisper but a 'TransformerSpec'"),
    "no text": (struct.pack("<IH", 6, 3) + b"\xff\xfe\x00" + bytes(20), "no model of CTranslate2"),
    "many variables": (header(HUGE), "claims 4294967295 variables"),
    "nothing in it": (header(0) + struct.pack("<I", 0), "has no variable"),
    "many aliases": (header(0) + struct.pack("<I", HUGE), "claims 4294967295 variables"),
    "a type of tomorrow": (header(1) + record("a", (1,), 6, b"1"), "the type 6, which is not known here"),
    "a size that lies": (header(1) + record("a", (HUGE, HUGE), FLOAT32, b"1234"), "another size than its shape"),
    "a shape without an end": (header(1) + record("a", [HUGE] * 255, FLOAT32, b"1234"), "another size than its shape"),
    "more than the file": (header(1) + record("a", (2**30 - 1,), FLOAT32, b"", (2**30 - 1) * 4), "cut off"),
    "an alias of itself": (header(0) + struct.pack("<I", 1) + name("a") + name("a"), "has no variable"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_and_allocates_nothing(tmp_path: Path, what: str) -> None:
    content, words = HOSTILE[what]
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ModelFormatError, match=words):
            load_ctranslate2_bin(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_any_damage_is_told_in_words(folder: Path) -> None:
    """Bytes changed at random in the header of each variable: loaded nevertheless, or ModelFormatError."""
    path = folder / "model.bin"
    whole = path.read_bytes()
    random = np.random.default_rng(3)
    refused = 0
    places = [found.start() for found in re.finditer(rb"/weight\0", whole)]
    for place in random.choice(places, 30):
        damaged = bytearray(whole)
        damaged[place + int(random.integers(0, 20))] = int(random.integers(0, 256))
        path.write_bytes(damaged)
        try:
            load_ctranslate2_bin(path)
        except ModelFormatError:
            refused += 1
    assert refused > 15
