"""Speech without words is decoded again, on real weights and human speech: the first text is cut short on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from whisper.utils import compression_ratio as utf8_ratio

from harness.human_voices import HumanClips, clip, prompts, word_errors
from stt_worker.engine.decoder.decoding import Attempt, WhisperDecoding
from stt_worker.engine.load import load_engine
from stt_worker.engine.protocol import Utterance
from stt_worker.engine.quality import doubt, judge
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings
from stt_worker.utterances.job import in_seconds
from stt_worker.utterances.speech_check import SpeechCheck
from tests.stt_worker.conftest import as_floats

Cut = Callable[[tuple[int, ...]], tuple[int, ...]]
GAP = np.zeros(6_400, np.int16)
MENU = "vm-msginstruct"  # of the Russian prompts


@pytest.fixture(scope="module")
def settings(base_checkpoint: Path) -> SttSettings:
    return SttSettings(whisper_model=str(base_checkpoint), stt_translate=False)


@pytest.fixture(scope="module")
def engine(settings: SttSettings) -> WhisperEngine:
    return load_engine(settings)


@pytest.fixture(scope="module")
def talk(human_clips: HumanClips, settings: SttSettings) -> Utterance:
    """Some 15 s of prompts."""
    pieces: list[NDArray[np.int16]] = []
    for one in human_clips("en", 20):
        if sum(map(len, pieces)) < 12 * 16_000 and one.sec < 6:
            pieces += [one.samples, GAP]
    audio = as_floats(np.concatenate(pieces).tobytes())
    return Utterance(audio, "en", speech=in_seconds(SpeechCheck(settings).find(audio).clear, 0))


@pytest.fixture(scope="module")
def whole(engine: WhisperEngine, talk: Utterance) -> str:
    heard = engine.transcribe(talk)
    assert heard.gaps == ()
    assert len(heard.text.split()) > 20
    return heard.text


def cut_first(monkeypatch: pytest.MonkeyPatch, cut: Cut, times: int) -> list[int]:
    """The first decodes of all the audio lose tokens, as confident as ever. Returns an entry for each decode."""
    decode = WhisperDecoding.greedy
    asked: list[int] = []

    def greedy(decoding: WhisperDecoding, *args: Any, **more: Any) -> list[Attempt]:
        asked.append(len(args[0]))
        (found,) = decode(decoding, *args, **more)
        if len(asked) <= times:
            tokens = cut(tuple(token for token in found.tokens if token < decoding._tokenizer.eot))
            found = replace(found, tokens=tokens, text=decoding._tokenizer.decode(list(tokens)).strip())
        return [found]

    monkeypatch.setattr(WhisperDecoding, "greedy", greedy)
    return asked


CUTS: dict[str, Cut] = {
    "early stop": lambda tokens: tokens[: len(tokens) // 3],
    "leap": lambda tokens: tokens[: len(tokens) // 3] + tokens[2 * len(tokens) // 3 :],
    "late start": lambda tokens: tokens[len(tokens) // 2 :],
}


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("how", CUTS)
def test_what_is_missing_comes_back(
    engine: WhisperEngine, talk: Utterance, whole: str, monkeypatch: pytest.MonkeyPatch, how: str, times: int
) -> None:
    asked = cut_first(monkeypatch, CUTS[how], times)
    heard = engine.transcribe(talk)
    assert heard.decoded_again
    found = word_errors("en", whole, heard.text)
    assert found.lost == ()
    assert found.rate <= 0.15
    assert heard.gaps == ()
    assert len(asked) <= 2 + 2


def test_what_never_comes_is_a_gap(engine: WhisperEngine, talk: Utterance, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_first(monkeypatch, CUTS["early stop"], 1)
    monkeypatch.setattr(engine._fallback._covering, "_usable", lambda attempt: False)
    heard = engine.transcribe(talk)
    (*_, last) = heard.gaps
    assert last[1] == pytest.approx(talk.speech[-1][1])
    assert last[1] - last[0] > 3
    assert heard.text


def test_a_look_that_fails_costs_no_text(
    engine: WhisperEngine, talk: Utterance, whole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("no attention")

    monkeypatch.setattr(WhisperDecoding, "word_times", fail)
    assert engine.transcribe(talk).text == whole


def test_what_is_all_there_is_decoded_once(
    engine: WhisperEngine, human_clips: HumanClips, settings: SttSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = cut_first(monkeypatch, CUTS["early stop"], 0)
    check = SpeechCheck(settings)
    clips = human_clips("en", 12)
    for one in clips:
        audio = as_floats(one.pcm)
        engine.transcribe(Utterance(audio, "en", speech=in_seconds(check.find(audio).clear, 0)))
    assert len(asked) == len(clips)


def test_a_menu_in_cyrillic_is_no_repetition(engine: WhisperEngine, human_clips: HumanClips) -> None:
    """Twenty seconds of "press … to …", in UTF-8 more repetitive than openai-whisper's limit."""
    human_clips("ru", 1)
    text = dict(prompts("ru"))[MENU]
    said = clip("ru", MENU, text)
    heard = engine.transcribe(Utterance(as_floats(said.pcm), "ru"))
    assert utf8_ratio(heard.text) > 2.4
    assert heard.temperature == 0
    assert judge(heard, SttSettings()) == heard.text
    assert doubt(heard, SttSettings()) is None
    assert word_errors("ru", text, heard.text).lost == ()


def test_where_the_look_fails_the_text_is_kept(
    engine: WhisperEngine,
    talk: Utterance,
    whole: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("no alignment")

    monkeypatch.setattr(WhisperDecoding, "word_times", fail)
    heard = engine.transcribe(talk)
    assert heard.text.split()[:5] == whole.split()[:5]
    assert "whether words are missing cannot be told" in caplog.text
