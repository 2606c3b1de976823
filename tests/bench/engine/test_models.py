"""The models that the benchmark times must say exactly what makes a comparison fair, and its frames be real ones."""

from __future__ import annotations

import importlib
import warnings

import pytest
import torch
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader
from whisper.tokenizer import get_tokenizer

from bench.engine.measure import speech_like
from bench.engine.models import TOKENS, Size, decoder_flops, encoder_flops, random_model
from bench.gateway.frames import END, FRAME_SAMPLES, SPEECH, masked
from harness.processes import ROOT
from stt_worker.engine.decoder.encoder import encode, spectrogram
from stt_worker.engine.decoder.greedy import GreedyDecoder
from stt_worker.engine.decoder.rules import Prompts

SMALL = Size("smaller than tiny", 64, 2, 1, 2)
SCRIPTS = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "bench").rglob("*.py"))
    if path.name != "__init__.py"
]
assert SCRIPTS


@pytest.fixture(scope="module", autouse=True)
def vocabulary_loaded() -> None:
    """openai-whisper leaves the file of its vocabulary open when it first reads it; here a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        get_tokenizer(True, num_languages=99)


def said(frames: int, draft: tuple[int, ...] = ()) -> tuple[list[int], bool]:
    model = random_model(SMALL)
    with torch.inference_mode():
        mel = spectrogram(speech_like(2.0), SMALL.mels, frames, model.device)
        prompt = Prompts(model).of("en", "transcribe")
        (found,) = GreedyDecoder(model, int8=False).decode(
            encode(model.encoder, mel[None]), [prompt], [100], draft=draft
        )
    return found.tokens, found.finished


@pytest.mark.parametrize("frames", [250, 3000])
def test_a_random_model_says_its_tokens_and_ends_by_itself(frames: int) -> None:
    tokens, finished = said(frames)
    assert len(tokens) == TOKENS
    assert finished


def test_it_does_so_after_a_draft() -> None:
    tokens, _ = said(250)
    assert said(250, tuple(tokens[:15])) == (tokens, True)


def test_openai_whisper_itself_hears_as_many() -> None:
    found = random_model(SMALL).transcribe(
        speech_like(2.0),
        language="en",
        fp16=False,
        temperature=0.0,
        without_timestamps=True,
        compression_ratio_threshold=None,
        logprob_threshold=None,
        no_speech_threshold=None,
    )
    assert [len(segment["tokens"]) for segment in found["segments"]] == [TOKENS]


def test_work_is_counted_as_the_layers_do_it() -> None:
    base = Size("base", 512, 8, 6, 6)
    assert encoder_flops(base, 3000) == pytest.approx(87.4e9, rel=0.02)  # counted by torch's FlopCounterMode
    assert decoder_flops(base, 1000) > decoder_flops(base, 500)


@pytest.mark.parametrize(("wire", "payload_bytes"), [(SPEECH, 2 * FRAME_SAMPLES), (END, 0), (masked(b"ab"), 2)])
def test_frames_are_what_a_server_reads_as_binary(wire: bytes, payload_bytes: int) -> None:
    reader = StreamReader()
    reader.feed_data(wire)
    parsing = Frame.parse(reader.read_exact, mask=True)
    with pytest.raises(StopIteration) as ended:
        next(parsing)
    frame: Frame = ended.value.value
    assert (frame.opcode, len(frame.data)) == (Opcode.BINARY, payload_bytes)


@pytest.mark.parametrize("module", SCRIPTS)
def test_every_script_imports_without_what_only_the_benchmark_installs(module: str) -> None:
    importlib.import_module(module)
