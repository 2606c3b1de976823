"""Where a pause is set into a prompt."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from bench.sentences.growing import least_wrong
from bench.sentences.pauses import is_one_sentence, middle_place, quiet_place, with_a_pause
from harness.human_voices import Clip
from stt_worker.engine.protocol import Transcript, WordTime

RATE = 16_000


class Timed:
    """An engine that hears these words, from second to second."""

    def __init__(self, *words: tuple[str, float, float]) -> None:
        self.words = tuple(WordTime(*word) for word in words)

    def transcribe(self, *_: Any) -> Transcript:
        return Transcript("", "en", 0.0, 0.0, words=self.words)


def clip(*quiet: tuple[float, float]) -> Clip:
    """Three seconds of noise, quiet from second to second."""
    samples = (np.random.default_rng(1).standard_normal(3 * RATE) * 5000).astype(np.int16)
    for first, last in quiet:
        samples[int(first * RATE) : int(last * RATE)] = 0
    return Clip("one", "en", "one two three", samples)


def place(said: Clip, *words: tuple[str, float, float]) -> float | None:
    at = middle_place(said, cast(Any, Timed(*words)))
    return None if at is None else at / RATE


def test_the_middle_is_the_quietest_place_about_the_end_of_a_word() -> None:
    said = clip((1.2, 1.25), (1.98, 2.02))
    words = ("one", 0.2, 1.0), ("two", 1.3, 1.95), ("three", 2.0, 2.9)
    assert place(said, *words) is not None
    assert 1.98 <= cast(float, place(said, *words)) <= 2.02, "1.95 is 0.4 s from the middle, 1.0 is 0.55"
    assert 1.2 <= quiet_place(said) / RATE <= 1.25, "in the middle third, wherever a word ends"


def test_the_end_of_the_last_word_is_no_middle() -> None:
    assert place(clip(), ("one", 0.2, 1.0)) is None
    at = place(clip(), ("one", 0.2, 0.5), ("two", 0.6, 2.9))
    assert at is not None
    assert abs(at - 0.5) <= 0.09


def test_a_pause_is_quiet_and_nothing_is_lost() -> None:
    said = clip()
    paused = with_a_pause(said, RATE, 0.5)
    assert paused.sec == said.sec + 0.5
    assert not paused.samples[RATE : RATE + RATE // 2].any()
    assert np.array_equal(np.concatenate([paused.samples[:RATE], paused.samples[RATE + RATE // 2 :]]), said.samples)


def test_sentences_are_counted_by_their_marks() -> None:
    assert is_one_sentence("Press 1 to accept this call, or 2 to reject it.")
    assert not is_one_sentence("That is not a valid password.  Please try again.")


def test_a_text_so_far_is_wrong_only_in_what_it_says() -> None:
    wanted = ["please", "enter", "your", "number"]
    assert least_wrong(["please", "enter"], wanted) == 0
    assert least_wrong(["please", "center", "your"], wanted) == 1
    assert least_wrong([], wanted) == 0
