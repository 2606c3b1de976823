"""Folders of transformers: the shapes of large-v3, turbo and distil-whisper, and what cannot be used, in words."""

from __future__ import annotations

import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import whisper as openai_whisper
from safetensors.torch import load_file, save_file
from torch import Tensor

from stt_worker.engine.weights.assembly import ModelFormatError, official_name
from stt_worker.engine.weights.folder import load_folder, what_is_missing
from tests.support.whisper_forms import as_torch_files, random_whisper, save_huggingface, transformers_whisper

LIKE = {  # vocabulary, mel bands, layers of encoder and decoder
    "tiny.en": (51864, 80, 2, 2),
    "small": (51865, 80, 3, 3),
    "large-v3": (51866, 128, 4, 4),
    "turbo": (51866, 128, 8, 1),
    "distil": (51866, 128, 16, 1),
}


@pytest.fixture(scope="module")
def model() -> openai_whisper.Whisper:
    return random_whisper(51865)


@pytest.fixture(scope="module")
def saved(model: openai_whisper.Whisper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_huggingface(model, tmp_path_factory.mktemp("huggingface") / "whisper")


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """One that a test may spoil."""
    return shutil.copytree(saved, tmp_path / "whisper")


def change_json(path: Path, **more: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | more))


def change_weights(folder: Path, change: Callable[[dict[str, Tensor]], Any]) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize("like", LIKE)
def test_it_computes_what_transformers_computes(tmp_path: Path, like: str) -> None:
    vocabulary, mels, audio_layers, text_layers = LIKE[like]
    original = random_whisper(vocabulary, mels, audio_layers, text_layers)
    loaded = load_folder(save_huggingface(original, tmp_path / "whisper", torch.float32))
    assert loaded.dims == original.dims
    assert loaded.is_multilingual == (vocabulary > 51864)
    mel = torch.randn(1, mels, 3000)
    tokens = torch.tensor([[50258, 50259, 50359, 50363, 100, 200, 300]])
    with torch.inference_mode():
        theirs = transformers_whisper(original)(input_features=mel, decoder_input_ids=tokens).logits
        ours = loaded(mel, tokens)
    assert theirs.std() > 0.1
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("said", "heads"),
    [
        ({"alignment_heads": [[1, 2], [0, 1]]}, [[0, 1], [1, 2]]),
        ({}, [[1, 0], [1, 1], [1, 2]]),
        ({"alignment_heads": [[5, 0]]}, [[1, 0], [1, 1], [1, 2]]),
        ({"alignment_heads": "all of them"}, [[1, 0], [1, 1], [1, 2]]),
        ({"alignment_heads": [[1], None, [0, "one"], [0, 2]]}, [[0, 2]]),
    ],
)
def test_alignment_heads(folder: Path, said: dict[str, Any], heads: list[list[int]]) -> None:
    """As generation_config.json says; where it says nothing that there is, openai-whisper's default."""
    change_json(folder / "generation_config.json", **said)
    found = load_folder(folder).alignment_heads
    assert found.is_sparse
    assert found.indices().T.tolist() == heads


def test_alignment_heads_of_an_official_shape_are_the_official_ones(tmp_path: Path) -> None:
    """A fine-tune seldom names its own. Here with the state of tiny, which is one of few that fit in a test."""
    loaded = load_folder(save_huggingface(random_whisper(51865, 80, 4, 4, 384, 6), tmp_path / "tiny"))
    loaded_heads = loaded.alignment_heads.to_dense()
    loaded.set_alignment_heads(openai_whisper._ALIGNMENT_HEADS["tiny"])
    assert torch.equal(loaded_heads, loaded.alignment_heads.to_dense())
    assert loaded_heads.sum() == 6


def test_official_shapes() -> None:
    def dims(state: int, heads: int, layers: tuple[int, int], mels: int, vocabulary: int) -> Any:
        audio, text = (mels, 1500, state, heads, layers[0]), (vocabulary, 448, state, heads, layers[1])
        return openai_whisper.ModelDimensions(*audio, *text)

    assert official_name(dims(512, 8, (6, 6), 80, 51865)) == "base"
    assert official_name(dims(1024, 16, (24, 24), 80, 51864)) == "medium.en"
    assert official_name(dims(1280, 20, (32, 32), 128, 51866)) == "large-v3"
    assert official_name(dims(1280, 20, (32, 4), 128, 51866)) == "large-v3-turbo"
    assert official_name(dims(1280, 20, (32, 2), 128, 51866)) is None, "distil-large-v3"
    assert official_name(dims(1280, 20, (32, 32), 80, 51865)) is None, "large-v1 or large-v2"


@pytest.mark.parametrize("torch_files", [False, True])
def test_the_files_may_go_once_it_is_loaded(model: openai_whisper.Whisper, tmp_path: Path, torch_files: bool) -> None:
    """Weights that are mapped from a file in the precision that is wanted are copied nevertheless."""
    folder = save_huggingface(model, tmp_path / "whisper", torch.float32)
    if torch_files:
        as_torch_files(folder)
    loaded = load_folder(folder)
    for path in folder.iterdir():
        path.write_bytes(bytes(path.stat().st_size))  # in place, as a mapping would see it
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


def test_names_without_their_first_part(folder: Path, model: openai_whisper.Whisper) -> None:
    """As a WhisperModel is saved, without the last layer around it."""
    weights = load_file(folder / "model.safetensors")
    save_file({name.removeprefix("model."): weight for name, weight in weights.items()}, folder / "model.safetensors")
    change_json(folder / "config.json", architectures=["WhisperModel"])
    assert load_folder(folder).dims == model.dims


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"model_type": "wav2vec2"}, "it is no Whisper: its config.json says model_type 'wav2vec2'"),
        ({"quantization_config": {"quant_method": "bitsandbytes"}}, "quantised for another program"),
        ({"encoder_layers": 3}, "says 3 layers for the encoder, and there are weights of 2"),
        ({"encoder_attention_heads": 7}, "do not divide"),
        ({"scale_embedding": True}, "scale_embedding"),
        ({"activation_function": "relu"}, "another activation than gelu"),
    ],
)
def test_another_model_is_refused(folder: Path, said: dict[str, Any], words: str) -> None:
    change_json(folder / "config.json", **said)
    with pytest.raises(ModelFormatError, match=words):
        load_folder(folder)


def test_added_tokens_are_refused(folder: Path) -> None:
    def add(weights: dict[str, Tensor]) -> None:
        table = weights["model.decoder.embed_tokens.weight"]
        weights["model.decoder.embed_tokens.weight"] = torch.cat([table, table[:7]])

    change_weights(folder, add)
    with pytest.raises(ModelFormatError, match=r"51872 tokens.*51865 \(multilingual\).*tokens were added"):
        load_folder(folder)


def test_one_added_token_is_not_taken_for_large_v3(folder: Path) -> None:
    def add(weights: dict[str, Tensor]) -> None:
        table = weights["model.decoder.embed_tokens.weight"]
        weights["model.decoder.embed_tokens.weight"] = torch.cat([table, table[:1]])

    change_weights(folder, add)
    with pytest.raises(ModelFormatError, match=r"tokens of its own: <\|notimestamps\|> is number 50363 of 51866"):
        load_folder(folder)


def test_a_last_layer_of_its_own_is_refused(folder: Path) -> None:
    def untie(weights: dict[str, Tensor]) -> None:
        weights["proj_out.weight"] = weights["model.decoder.embed_tokens.weight"] * 2

    change_weights(folder, untie)
    with pytest.raises(ModelFormatError, match=r"proj_out\.weight is another table"):
        load_folder(folder)


def test_a_missing_weight_is_named(folder: Path) -> None:
    change_weights(folder, lambda weights: weights.pop("model.decoder.layers.1.encoder_attn.k_proj.weight"))
    with pytest.raises(ModelFormatError, match=r"model\.decoder\.layers\.1\.encoder_attn\.k_proj\.weight is missing"):
        load_folder(folder)


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        (
            "model.encoder.layers.0.fc1.weight",
            (100, 96),
            "shape 100 x 96 where a Whisper with a state of 96 has 384 x 96",
        ),
        ("model.encoder.conv1.weight", (96, 81, 3), "hears 81 mel bands"),
        ("model.encoder.conv1.weight", (96, 80), "of which no Whisper can be told"),
        ("model.encoder.embed_positions.weight", (500, 96), "500 positions of audio"),
        ("model.decoder.embed_positions.weight", (1_000_000, 2), "1000000 of text"),
    ],
)
def test_shapes_that_do_not_fit_are_named(folder: Path, name: str, shape: tuple[int, ...], words: str) -> None:
    change_weights(folder, lambda weights: weights.update({name: torch.zeros(shape, dtype=torch.float16)}))
    with pytest.raises(ModelFormatError, match=words):
        load_folder(folder)


def test_numbers_that_are_not_read_are_named(folder: Path) -> None:
    def shrink(weights: dict[str, Tensor]) -> None:
        weights["model.encoder.conv2.weight"] = weights["model.encoder.conv2.weight"].to(torch.float8_e4m3fn)

    change_weights(folder, shrink)
    with pytest.raises(ModelFormatError, match="float8_e4m3fn, which is not read here"):
        load_folder(folder)


@pytest.mark.parametrize("keep", [0, 4, 1000, 500_000])
def test_a_file_that_is_cut_off_is_refused(folder: Path, keep: int) -> None:
    for path in (folder / "model.safetensors", as_torch_files(shutil.copytree(folder, folder / "torch"))):
        file = path if path.is_file() else path / "pytorch_model.bin"
        file.write_bytes(file.read_bytes()[:keep])
        with pytest.raises(ModelFormatError, match=f"{file.name} is cut off, or no"):
            load_folder(file.parent)


def test_a_lying_header_allocates_nothing(folder: Path) -> None:
    """A safetensors header that claims 4 TB, and torch's file whose weight is one number a million times."""
    claims = {"model.encoder.conv1.weight": {"dtype": "F16", "shape": [2**41], "data_offsets": [0, 2**42]}}
    header = json.dumps(claims).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ModelFormatError, match="cut off"):
        load_folder(folder)
    (folder / "model.safetensors").unlink()
    torch.save({"model.encoder.conv1.weight": torch.zeros(1).expand(2**38, 80, 3)}, folder / "pytorch_model.bin")
    with pytest.raises(ModelFormatError, match="claim to be 263882790666240 bytes"):
        load_folder(folder)


def test_a_compressed_torch_file_is_refused(folder: Path) -> None:
    as_torch_files(folder)
    with zipfile.ZipFile(folder / "pytorch_model.bin") as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(folder / "pytorch_model.bin", "w", zipfile.ZIP_DEFLATED) as small:
        for name, content in members.items():
            small.writestr(name, content)
    with pytest.raises(ModelFormatError, match="is compressed"):
        load_folder(folder)


def test_a_pickle_runs_no_code(folder: Path, tmp_path: Path) -> None:
    class Touch:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "touched",))

    (folder / "model.safetensors").unlink()
    torch.save({"model.encoder.conv1.weight": Touch()}, folder / "pytorch_model.bin")
    with pytest.raises(ModelFormatError, match=r"pytorch_model\.bin is cut off, or no weights of torch"):
        load_folder(folder)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Touch()))
    with pytest.raises(ModelFormatError):
        load_folder(folder)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("content", ["", "[]", "{", "nonsense", "[" * 100_000])
def test_broken_json_is_refused(folder: Path, content: str) -> None:
    for name in ("generation_config.json", "config.json"):
        (folder / name).write_text(content)
        with pytest.raises(ModelFormatError, match=f"{name} (cannot be read|is no object)"):
            load_folder(folder)


def test_what_is_missing(folder: Path, tmp_path: Path) -> None:
    assert what_is_missing(folder) == ""
    assert "does not exist" in what_is_missing(tmp_path / "nowhere")
    assert "has no weights" in what_is_missing(tmp_path)
    (folder / "config.json").rename(tmp_path / "config.json")
    assert "has no config.json" in what_is_missing(folder)
    (folder / "config.json").write_text("{}")
    assert "does not say what model it is" in what_is_missing(folder)
    with pytest.raises(ModelFormatError, match="does not say"):
        load_folder(folder)


def test_an_adapter_alone_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelFormatError, match=r"an adapter \(PEFT\).*merge_and_unload"):
        load_folder(folder)


@pytest.mark.parametrize("torch_files", [False, True])
def test_a_lost_part_is_named(model: openai_whisper.Whisper, tmp_path: Path, torch_files: bool) -> None:
    folder = save_huggingface(model, tmp_path / "whisper", torch.float32, "1MB")
    if torch_files:
        as_torch_files(folder)
    parts = sorted(path for path in folder.iterdir() if "-of-" in path.name)
    assert len(parts) > 2
    assert what_is_missing(folder) == ""
    parts[1].unlink()
    assert what_is_missing(folder).endswith(f"lacks a part of its weights: {parts[1].name}")
    with pytest.raises(ModelFormatError, match=parts[1].name):
        load_folder(folder)


@pytest.mark.parametrize("listed", [{}, {"weight_map": {}}, {"weight_map": [1]}, {"weight_map": {"a": "../../secret"}}])
def test_a_senseless_index_is_refused(folder: Path, listed: dict[str, Any]) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps(listed))
    assert "names no parts of the weights" in what_is_missing(folder)
    with pytest.raises(ModelFormatError, match="names no parts"):
        load_folder(folder)
