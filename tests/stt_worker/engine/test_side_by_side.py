"""Utterances that wait together: a core each, in their order, and what breaks one of them is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.speech import demo_clips
from stt_worker.engine import whisper_engine
from stt_worker.engine.load import load_engine
from stt_worker.engine.protocol import SpeechEngineError, Utterance
from stt_worker.engine.side_by_side import SideBySide, dealt
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings
from tests.stt_worker.conftest import as_floats

WAIT_SEC = 20.0


@pytest.fixture
def set_threads() -> Iterator[Callable[[int], None]]:
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@given(st.lists(st.integers(1, 480_000), max_size=16), st.integers(1, 8))
def test_everything_is_dealt_once_and_evenly(lengths: list[int], hands: int) -> None:
    found = dealt(lengths, hands)
    assert sorted(place for hand in found for place in hand) == list(range(len(lengths)))
    assert len(found) == min(hands, len(lengths))
    assert all(hand == sorted(hand) for hand in found)
    sums = [sum(lengths[place] for place in hand) for hand in found]
    assert max(sums, default=0) - min(sums, default=0) <= max(lengths, default=0)


def test_the_longest_has_a_core_to_itself() -> None:
    assert dealt([10, 25, 12], 2) == [[1], [0, 2]]


def test_each_computes_with_one_thread_beside_the_others(set_threads: Callable[[int], None]) -> None:
    set_threads(2)
    met = threading.Barrier(3, timeout=WAIT_SEC)

    def work(one: int) -> tuple[int, int]:
        met.wait()
        return one, torch.get_num_threads()

    assert SideBySide().each(work, [5, 6, 7]) == [(5, 1), (6, 1), (7, 1)]
    assert torch.get_num_threads() == 2, "the caller's are its own"


def test_what_one_raises_comes_once_all_have_ended() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(breaks: bool) -> None:
        if breaks:
            assert begun.wait(WAIT_SEC)
            raise SpeechEngineError("broken")
        begun.set()
        ended.set()

    beside = SideBySide()
    with pytest.raises(SpeechEngineError, match="broken"):
        beside.each(work, [True, False])
    assert ended.is_set()
    assert beside.each(len, ["a", "bc"]) == [1, 2], "and they go on"


@pytest.fixture(scope="module")
def demo() -> WhisperEngine:
    return load_engine(SttSettings(whisper_model="demo", whisper_precision="fp32"))


def heard_by(demo: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Threads and numbers of utterances of each call that computes."""
    calls: list[tuple[str, int]] = []
    together = demo.together

    def counting(utterances: Any, draft: Any = ()) -> Any:
        calls.append((threading.current_thread().name, len(utterances)))
        return together(utterances, draft)

    monkeypatch.setattr(demo, "together", counting)
    return calls


def spoken() -> list[Utterance]:
    return [Utterance(as_floats(clip.pcm), None) for clip in demo_clips()[:5]]


def test_an_engine_deals_to_as_many_threads_as_it_may_use(
    demo: WhisperEngine, monkeypatch: pytest.MonkeyPatch, set_threads: Callable[[int], None]
) -> None:
    alone = [demo.transcribe(one) for one in spoken()]
    set_threads(2)
    monkeypatch.setattr(whisper_engine, "LONG_SEC", 0.5)
    calls = heard_by(demo, monkeypatch)
    beside = demo.transcribe_all(spoken())
    assert [one.text for one in beside] == [one.text for one in alone]
    assert [one.tokens for one in beside] == [one.tokens for one in alone]
    assert sorted(count for _, count in calls) == [2, 3]
    assert {name for name, _ in calls} == {"beside_0", "beside_1"}


@pytest.mark.parametrize(("threads", "count"), [(1, 3), (2, 1), (2, 2), (4, 3)])
def test_no_more_utterances_than_cores_share_them(
    demo: WhisperEngine,
    monkeypatch: pytest.MonkeyPatch,
    set_threads: Callable[[int], None],
    threads: int,
    count: int,
) -> None:
    set_threads(threads)
    monkeypatch.setattr(whisper_engine, "LONG_SEC", 0.5)
    calls = heard_by(demo, monkeypatch)
    demo.transcribe_all(spoken()[:count])
    assert calls == [(threading.current_thread().name, count)]


def test_what_people_say_live_goes_through_the_model_at_once(
    demo: WhisperEngine, monkeypatch: pytest.MonkeyPatch, set_threads: Callable[[int], None]
) -> None:
    set_threads(2)
    calls = heard_by(demo, monkeypatch)
    demo.transcribe_all(spoken())
    assert calls == [(threading.current_thread().name, 5)]


def test_what_is_drawn_does_not_depend_on_what_is_drawn_beside_it(demo: WhisperEngine) -> None:
    """So hot that with other dice every draw would be another text."""
    audio = spoken()[0].audio

    def drawn(temperature: float) -> tuple[int, ...]:
        with torch.inference_mode():
            return demo._decoding.sampled(demo._encode([audio], 1000), "en", "transcribe", 40, temperature).tokens

    alone = drawn(3.0)
    torch.manual_seed(1)
    assert SideBySide().each(drawn, [3.0, 3.0, 3.0]) == [alone] * 3
    assert drawn(4.0) != alone
