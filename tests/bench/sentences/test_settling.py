"""Delays of settled words and their changes, counted."""

from __future__ import annotations

import pytest

from bench.sentences.settling import Heard, Settling
from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Partial, Result, Word

SEC = SAMPLE_RATE_HZ


def result(start_sec: int, text: str) -> Result:
    """A result whose words are said one each second."""
    words = [
        Word(word=word, start_sec=start_sec + at, end_sec=start_sec + at + 1) for at, word in enumerate(text.split())
    ]
    return Result(utterance=f"s-{start_sec * SEC}", start_sec=start_sec, text=text, language="en", words=words)


def partial(start_sec: int, settled: str, rest: str = "") -> Partial:
    return Partial(utterance=f"s-{start_sec * SEC}", text=settled + rest, settled=len(settled))


def count(partials: list[tuple[Partial, float]], results: list[tuple[Result, float]]) -> Settling:
    """Sample 0 was sent at 100 s, and all of it in real time."""
    sent = [(at * SEC // 10, 100 + at / 10) for at in range(1, 200)]
    found = Settling()
    found.add(Heard(partials, results, sent))
    return found


def test_a_word_is_settled_by_the_first_partial_that_says_so_or_the_final() -> None:
    said = [(partial(0, "I", " love"), 102.0), (partial(0, "I love", " that"), 103.5), (partial(0, "I love"), 104.0)]
    found = count(said, [(result(0, "I love this."), 105.0)])
    assert found.delays == pytest.approx([1.0, 1.5, 2.0])
    assert (found.words, found.early, found.settled, found.changed) == (3, 2, 2, 0)


def test_what_a_later_partial_or_the_final_contradicts_has_changed() -> None:
    said = [(partial(0, "I loathe"), 102.0), (partial(0, "I", " love this"), 103.0), (partial(0, "I love this"), 104.0)]
    found = count(said, [(result(0, "I love it."), 105.0)])
    assert (found.settled, found.changed) == (4, 2)
    assert found.delays == pytest.approx([1.0, 2.0, 2.0])


def test_words_behind_a_cut_are_those_of_the_next_utterance() -> None:
    said = [
        (partial(0, "We went. And then", " we"), 104.5),
        (partial(0, "We went."), 105.0),
        (partial(2, "And then", " we"), 105.0),
        (partial(2, "And then we"), 106.0),
    ]
    found = count(said, [(result(0, "We went."), 105.5), (result(2, "And then we."), 107.0)])
    assert found.delays == pytest.approx([3.5, 2.5, 1.5, 0.5, 1.0])
    assert (found.words, found.settled, found.changed) == (5, 5, 0)
