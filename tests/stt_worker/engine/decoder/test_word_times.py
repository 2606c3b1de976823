"""Times of words: openai-whisper's own alignment, and where the words lie in the stream."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import whisper as openai_whisper
from whisper.timing import dtw, find_alignment, median_filter, merge_punctuations
from whisper.tokenizer import get_tokenizer

from contract.jobs import AnalyzeJob, UtteranceJob
from contract.messages import Word
from harness.speech import demo_clips
from stt_worker.engine.decoder.decoding import WhisperDecoding
from stt_worker.engine.decoder.encoder import encode, spectrogram
from stt_worker.engine.decoder.greedy import GreedyDecoder
from stt_worker.engine.decoder.rules import options
from stt_worker.engine.decoder.word_times import (
    CLOSING_MARKS,
    OPENING_MARKS,
    SMOOTHED_POSITIONS,
    smoothed,
    warp,
    word_times,
)
from stt_worker.engine.protocol import Utterance, WordTime
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.job import words_of_stream
from stt_worker.utterances.recognition import Recognition, Recording
from stt_worker.utterances.speech_check import SpeechCheck
from tests.stt_worker.conftest import Say, as_floats

SESSION = "w" * 32
RATE = 16_000
AUDIO = (np.random.default_rng(5).standard_normal(RATE) * 0.1).astype(np.float32)


@pytest.fixture(scope="module")
def demo() -> Any:
    return openai_whisper.load_model(str(SttSettings().demo_speech_model), device="cpu")


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (5, 40), (40, 5), (30, 700)])
@pytest.mark.parametrize("whole", [False, True])
def test_the_path_is_openai_whispers(shape: tuple[int, int], whole: bool) -> None:
    costs = np.random.default_rng(sum(shape)).standard_normal(shape)
    if whole:
        costs = costs.round()  # many ways cost the same
    rows, columns = warp(costs)
    wanted = dtw(torch.from_numpy(costs))
    assert np.array_equal(np.stack([rows, columns]), wanted)


@pytest.mark.parametrize("columns", [1, 3, 4, 7, 8, 90])
def test_smoothing_is_openai_whispers(columns: int) -> None:
    rows = torch.from_numpy(np.random.default_rng(columns).standard_normal((4, columns)).astype(np.float32))
    assert torch.equal(smoothed(rows), median_filter(rows, SMOOTHED_POSITIONS))


def test_the_median_of_seven_is_one_whatever_the_order() -> None:
    """What sorts every row of zeros and ones sorts everything (Knuth's 0-1 principle)."""
    rows = torch.tensor(list(itertools.product((0.0, 1.0), repeat=7)))
    assert torch.equal(smoothed(rows)[:, 3], rows.median(dim=1).values)


@torch.inference_mode()
def test_words_and_times_are_openai_whispers(demo: Any) -> None:
    tokenizer = get_tokenizer(False)
    decoder = GreedyDecoder(demo, int8=False)
    for clip in demo_clips():
        audio = as_floats(clip.pcm)
        mel = spectrogram(audio, 80, 3000, demo.device)
        features = encode(demo.encoder, mel[None])
        tokens = openai_whisper.decode(demo, features[0], options("en", "transcribe", fp16=False)).tokens
        theirs = find_alignment(demo, tokenizer, tokens, mel, len(audio) // 160)
        merge_punctuations(theirs, OPENING_MARKS, CLOSING_MARKS)
        start = tokenizer.sot_sequence_including_notimestamps
        ours = word_times(decoder, demo, tokenizer, features, start, tokens, len(audio))
        assert len(ours) >= 3
        assert [one.word for one in ours] == [one.word.strip() for one in theirs if one.word]
        for one, other in zip(ours, (one for one in theirs if one.word), strict=True):
            assert (one.start_sec, one.end_sec) == pytest.approx((other.start, other.end), abs=0.021)


@torch.inference_mode()
@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("ko", " 정말 좋은 영화예요.", ["정말", "좋은", "영화예요."]),
        ("ja", "映画が好き。", None),
        ("de", ' Er sagte: "Ja, gern!"', ["Er", "sagte:", '"Ja,', 'gern!"']),
    ],
)
def test_words_of_any_script(multilingual_checkpoint: Path, language: str, text: str, words: list[str] | None) -> None:
    """Random weights: the times are senseless, but in order and within the audio."""
    model = openai_whisper.load_model(str(multilingual_checkpoint), device="cpu")
    tokenizer = get_tokenizer(True, num_languages=99, language=language, task="transcribe")
    start = tokenizer.sot_sequence_including_notimestamps
    features = torch.randn(1, 500, 64)
    tokens = tokenizer.encode(text)
    found = word_times(GreedyDecoder(model, int8=False), model, tokenizer, features, start, tokens, 5 * RATE)
    assert "".join(one.word for one in found) == text.replace(" ", "")
    assert words is None or [one.word for one in found] == words
    times = [time for one in found for time in (one.start_sec, one.end_sec)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= 5


@torch.inference_mode()
def test_what_cannot_be_aligned_has_no_words(demo: Any) -> None:
    tokenizer = get_tokenizer(False)
    start = tokenizer.sot_sequence_including_notimestamps
    for tokens, samples in (([], RATE), ([7, 8], 100)):
        features = torch.randn(1, 500, demo.dims.n_audio_state)
        assert word_times(GreedyDecoder(demo, int8=False), demo, tokenizer, features, start, tokens, samples) == ()


def test_eight_bits_give_nearly_the_same_times(say: Say) -> None:
    audio = as_floats(say("I really love this movie."))
    found = {}
    for precision in ("fp32", "int8"):
        settings = SttSettings(whisper_precision=precision)
        model = openai_whisper.load_model(str(settings.demo_speech_model), device="cpu")
        engine = WhisperEngine(model, "demo", True, settings)
        found[precision] = engine.transcribe(Utterance(audio, "en", word_times=True)).words
    assert [one.word for one in found["int8"]] == [one.word for one in found["fp32"]]
    for one, other in zip(found["int8"], found["fp32"], strict=True):
        assert one.start_sec == pytest.approx(other.start_sec, abs=0.2)


def test_nothing_is_done_that_was_not_asked_for(monkeypatch: pytest.MonkeyPatch, demo: Any, say: Say) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("times of words that nobody asked for")

    monkeypatch.setattr(WhisperDecoding, "word_times", never)
    engine = WhisperEngine(demo, "demo", True, SttSettings(whisper_precision="fp32"))
    assert engine.transcribe(Utterance(as_floats(say("I love it.")), "en")).words == ()


def test_a_failure_does_not_cost_the_text(
    monkeypatch: pytest.MonkeyPatch, demo: Any, say: Say, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(GreedyDecoder, "attention", lambda *_: torch.zeros(0))
    engine = WhisperEngine(demo, "demo", True, SttSettings(whisper_precision="fp32"))
    heard = engine.transcribe(Utterance(as_floats(say("I love this movie.")), "en", word_times=True))
    assert (heard.text, heard.words) == ("I love this movie.", ())
    assert "no times of the words" in caplog.text


WORDS = (WordTime("I", 0.0, 0.5), WordTime("do,", 0.5, 0.7), WordTime("too.", 0.7, 2.0))


def test_words_lie_in_the_stream_where_there_is_speech() -> None:
    """An utterance at 10 s of the stream, heard from its 0.2 s on, with speech from 0.6 to 1.8 s of it."""
    found = words_of_stream(WORDS, "I do, too.", 10 * RATE, RATE // 5, (RATE * 6 // 10, RATE * 18 // 10))
    assert found == [
        Word(word="I", start_sec=10.6, end_sec=10.7),
        Word(word="do,", start_sec=10.7, end_sec=10.9),
        Word(word="too.", start_sec=10.9, end_sec=11.8),
    ]


def test_words_that_were_cut_out_of_the_text_are_left_out() -> None:
    looped = [WordTime(word, at * 0.1, at * 0.1 + 0.1) for at, word in enumerate(["So", *["very"] * 8, "good."])]
    found = words_of_stream(looped, "So very good.", 0, 0, (0, RATE))
    assert [one.word for one in found] == ["So", "very", "good."]
    assert [one.start_sec for one in found] == [0.0, 0.1, 0.9]


def test_words_without_spaces_between_them() -> None:
    found = words_of_stream([WordTime(one, 0.1, 0.2) for one in "映画。"], "映画。", 0, 0, (0, RATE))
    assert [one.word for one in found] == ["映", "画", "。"]


@pytest.mark.parametrize("asked", [True, False])
def test_a_pause_is_found_between_the_words(demo: Any, say: Say, asked: bool) -> None:
    """Through the speech worker's own path, with the demo model, at 3 s of a stream: two sentences, 0.8 s apart."""
    settings = SttSettings(whisper_precision="fp32")
    check = SpeechCheck(settings)
    engine = WhisperEngine(demo, "demo", True, settings)
    first, second = say("I love this movie."), say("The food is terrible.")
    pcm = first + bytes(int(0.8 * RATE) * 2) + second
    job = UtteranceJob(session=SESSION, start=3 * RATE, end=3 * RATE + len(pcm) // 2, word_times=asked)
    (verdict,) = Recognition(settings, check, engine, DraftCache()).verdicts([Recording(job, pcm)])
    assert isinstance(verdict, AnalyzeJob)
    if not asked:
        assert verdict.words is None
        return
    assert verdict.words is not None
    assert " ".join(one.word for one in verdict.words) == verdict.text
    times = [time for one in verdict.words for time in (one.start_sec, one.end_sec)]
    assert times == sorted(times)
    assert 3 <= times[0] < 3.3
    assert times[-1] <= 3 + len(pcm) / 2 / RATE
    pause = 3 + len(first) / 2 / RATE
    begins = next(one.start_sec for one in verdict.words if one.word == "The")
    assert pause < begins < pause + 1.2, "the second sentence begins after the pause, not in the first"
