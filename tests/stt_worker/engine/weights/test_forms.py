"""OpenAI's tiny.en in every form that people have it in, written by those forms' own programs: the same weights, and
the same words of a human voice."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

import ctranslate2
import pytest
import torch
import whisper as openai_whisper
from torch import Tensor
from whisper.audio import log_mel_spectrogram, pad_or_trim
from whisper.decoding import DecodingOptions

from harness.human_voices import Clip, HumanClips
from stt_worker.engine.protocol import Utterance
from stt_worker.engine.weights.ctranslate2 import load_ctranslate2_bin
from stt_worker.engine.weights.folder import load_folder
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings
from tests.stt_worker.conftest import as_floats
from tests.support.whisper_forms import as_torch_files, save_checkpoint, save_ctranslate2, save_huggingface

Make = Callable[[openai_whisper.Whisper, Path, Path], Path]
CLIPS = 6
END = 50256  # the token that ends a text

Said = list[tuple[int, ...]]


def in_parts(model: openai_whisper.Whisper, folder: Path) -> Path:
    return save_huggingface(model, folder, torch.float32, "60MB")


EXACT: dict[str, tuple[torch.dtype, Make]] = {
    "safetensors": (torch.float16, lambda model, _, to: save_huggingface(model, to)),
    "safetensors in parts": (torch.float32, lambda model, _, to: in_parts(model, to)),
    "safetensors, bfloat16": (torch.bfloat16, lambda model, _, to: save_huggingface(model, to, torch.bfloat16)),
    "torch": (torch.float16, lambda model, _, to: as_torch_files(save_huggingface(model, to))),
    "torch in parts": (
        torch.float16,
        lambda model, _, to: as_torch_files(save_huggingface(model, to, shard_size="30MB")),
    ),
    "CTranslate2": (torch.float16, lambda _, folder, to: save_ctranslate2(folder, to)),
    "CTranslate2, float16": (torch.float16, lambda _, folder, to: save_ctranslate2(folder, to, "float16")),
    "CTranslate2, float32": (torch.float32, lambda _, folder, to: save_ctranslate2(folder, to, "float32")),
    "CTranslate2, bfloat16": (torch.bfloat16, lambda _, folder, to: save_ctranslate2(folder, to, "bfloat16")),
}
ROUNDED = {"int8": 127, "int8_float32": 127, "int8_float16": 127, "int8_bfloat16": 127, "int16": 1024}


@pytest.fixture(scope="module")
def tiny(tiny_en_bin: Path) -> openai_whisper.Whisper:
    return load_ctranslate2_bin(tiny_en_bin)


@pytest.fixture(scope="module")
def huggingface(tiny: openai_whisper.Whisper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In float16, as OpenAI published it."""
    return save_huggingface(tiny, tmp_path_factory.mktemp("forms") / "tiny.en")


@pytest.fixture(scope="module")
def clips(human_clips: HumanClips) -> list[Clip]:
    return human_clips("en", CLIPS)


@pytest.fixture(scope="module")
def said(tiny: openai_whisper.Whisper, clips: list[Clip]) -> Said:
    """The tokens of what each clip says."""
    return tokens(tiny, clips)


def tokens(model: openai_whisper.Whisper, clips: list[Clip]) -> Said:
    engine = WhisperEngine(model, "tiny.en", False, SttSettings(whisper_precision="fp32", stt_language="en"))
    return [engine.transcribe(Utterance(as_floats(clip.pcm), "en")).tokens for clip in clips]


def test_it_is_what_openai_whisper_loads(tiny: openai_whisper.Whisper, tmp_path: Path) -> None:
    """To the last bit, with the same buffers, the same dimensions and the same alignment heads."""
    loaded = openai_whisper.load_model(str(save_checkpoint(tiny, tmp_path / "tiny.en.pt", torch.float16)), device="cpu")
    loaded.set_alignment_heads(openai_whisper._ALIGNMENT_HEADS["tiny.en"])
    assert loaded.dims == tiny.dims
    assert [type(module) for module in loaded.modules()] == [type(module) for module in tiny.modules()]
    theirs, ours = dict(everything(loaded)), dict(everything(tiny))
    assert list(theirs) == list(ours)
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype, name
        assert torch.equal(ours[name], tensor), name


def everything(model: openai_whisper.Whisper) -> list[tuple[str, Tensor]]:
    """Parameters and buffers, those that are not saved included."""
    found = [*model.named_parameters(), *model.named_buffers()]
    return [(name, tensor.to_dense() if tensor.is_sparse else tensor) for name, tensor in found]


@pytest.mark.parametrize("form", EXACT)
def test_no_bit_is_lost(tiny: openai_whisper.Whisper, huggingface: Path, tmp_path: Path, form: str) -> None:
    dtype, make = EXACT[form]
    loaded = load_folder(make(tiny, huggingface, tmp_path / "made"))
    assert loaded.dims == tiny.dims
    assert not loaded.training
    for name, tensor in everything(tiny):
        found = loaded.get_parameter(name) if name in dict(loaded.named_parameters()) else loaded.get_buffer(name)
        found = found.to_dense() if found.is_sparse else found
        assert found.dtype == tensor.dtype, name
        wanted = tensor.to(dtype).float() if name in tiny.state_dict() else tensor
        assert torch.equal(found, wanted), name


@pytest.mark.parametrize("quantization", ROUNDED)
def test_whole_numbers_are_within_half_a_step(
    tiny: openai_whisper.Whisper, huggingface: Path, tmp_path: Path, quantization: str
) -> None:
    folder = save_ctranslate2(huggingface, tmp_path / "made", quantization)
    assert (folder / "model.bin").stat().st_size < 130 * 1e6
    loaded = load_folder(folder).state_dict()
    weights = tiny.state_dict()
    rest = torch.bfloat16 if quantization == "int8_bfloat16" else torch.float16
    for name, tensor in weights.items():
        if tensor.dim() == 1 or "positional" in name:
            assert torch.equal(loaded[name], tensor.to(rest).float()), name
            continue
        largest = tensor.flatten(1).abs().amax(dim=1) if quantization != "int16" else of_matrix(weights, name)
        step = (largest / ROUNDED[quantization]).reshape(-1, *(1 for _ in tensor.shape[1:]))
        assert ((loaded[name] - tensor).abs() <= step * 0.5001).all(), name
        assert not torch.equal(loaded[name], tensor), "it is rounded, or this test is of something else"


def of_matrix(weights: dict[str, Tensor], name: str) -> Tensor:
    """The largest of the matrix that CTranslate2 makes of a weight and its neighbours."""
    module, part, kind = name.rsplit(".", 2)
    together = {"query", "key", "value"} if module.endswith(".attn") else {"key", "value"}
    names = [f"{module}.{other}.{kind}" for other in together] if part in together else [name]
    return torch.stack([weights[other].abs().max() for other in names]).max()


@pytest.mark.parametrize("form", ["torch in parts", "CTranslate2, float16"])
def test_the_words_are_the_same(
    tiny: openai_whisper.Whisper,
    huggingface: Path,
    tmp_path: Path,
    clips: list[Clip],
    said: Said,
    form: str,
) -> None:
    assert all(len(one) > 3 for one in said)
    assert tokens(load_folder(EXACT[form][1](tiny, huggingface, tmp_path / "made")), clips) == said


@pytest.mark.parametrize("quantization", ["int8_float16", "int16"])
def test_rounded_weights_say_nearly_the_same(
    huggingface: Path, tmp_path: Path, clips: list[Clip], said: Said, quantization: str
) -> None:
    heard = tokens(load_folder(save_ctranslate2(huggingface, tmp_path / "made", quantization)), clips[:3])
    for clip, one, other in zip(clips, heard, said, strict=False):
        assert difflib.SequenceMatcher(None, one, other).ratio() > 0.8, clip.name


def test_ctranslate2_itself_hears_the_same(huggingface: Path, tmp_path: Path, clips: list[Clip]) -> None:
    """Its own runtime on its own file, beside openai-whisper's decoding of what was made of that file."""
    folder = save_ctranslate2(huggingface, tmp_path / "made", "float32")
    theirs = ctranslate2.models.Whisper(str(folder), device="cpu", compute_type="float32", intra_threads=1)
    model = load_folder(folder)
    start = [END + 1, model.dims.n_vocab - 1502]
    options = DecodingOptions(
        language="en", without_timestamps=True, suppress_tokens="", suppress_blank=False, fp16=False
    )
    for clip in clips[:3]:
        mel = log_mel_spectrogram(pad_or_trim(as_floats(clip.pcm)), model.dims.n_mels)
        features = ctranslate2.StorageView.from_array(mel.unsqueeze(0).numpy())
        (found,) = theirs.generate(features, [start], beam_size=1, suppress_blank=False, suppress_tokens=[])
        heard = [token for token in model.decode(mel, options).tokens if token != END]
        assert heard == found.sequences_ids[0], clip.name
        assert len(heard) > 3
