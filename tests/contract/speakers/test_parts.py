"""Results in parts: the examples that the page is held to as well, and that nothing is lost or said twice."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.messages import Result, SentenceSentiment, Sentiment, Turn, Word
from contract.speakers.parts import parts_of

EXAMPLES = Path(__file__).parents[3] / "contract" / "part_examples.json"
CASES: list[dict[str, Any]] = json.loads(EXAMPLES.read_text(encoding="utf-8"))


def plain(value: Any) -> Any:
    """Models as plain values, scores as exact as the examples have them."""
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return round(value, 6) if isinstance(value, float) else value


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_an_example(case: dict[str, Any]) -> None:
    result = Result.model_validate({"utterance": "u", **case["result"]})
    # dataclasses.asdict copies models as they are
    assert [plain(asdict(part)) for part in parts_of(result)] == case["parts"]


def sentiment(number: int) -> Sentiment:
    zone = ("positive", "neutral", "negative")[number % 3]
    return Sentiment.model_validate({"label": "A", "score": (number % 10) / 10, "scores": {"A": 1.0}, "zone": zone})


@st.composite
def results(draw: st.DrawFn) -> Result:
    """Of a few sentences, of the text or of its translation, with turns that cut the text anywhere."""
    sentences = draw(st.lists(st.text("ab. !?。😀", min_size=1, max_size=12), min_size=1, max_size=5))
    text = " ".join(sentences)
    judged = sentences if draw(st.booleans()) else draw(st.lists(st.text("xy. ", min_size=1, max_size=9), max_size=5))
    cuts = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=5))})
    turns = [
        Turn(speaker=draw(st.sampled_from([None, 1, 2])), start_sec=i, end_sec=i + 1, first_char=a, end_char=b)
        for i, (a, b) in enumerate(pairwise(cuts))
    ]
    times = draw(st.lists(st.floats(0, 7), max_size=6))
    return Result(
        utterance="u",
        duration_sec=len(turns),
        text=text,
        language="en",
        translation=draw(st.none() | st.text("xy. ", max_size=20)),
        sentences=[SentenceSentiment(text=one, sentiment=sentiment(len(one))) for one in judged],
        words=[Word(word=str(number), start_sec=at, end_sec=at) for number, at in enumerate(times)],
        turns=turns,
    )


@given(results())
def test_nothing_is_lost_or_said_twice(result: Result) -> None:
    parts = parts_of(result)
    assert "".join("".join(part.text for part in parts).split()) == "".join(result.text.split())
    assert sorted(int(word.word) for part in parts for word in part.words or []) == list(range(len(result.words or [])))
    assert [id(one) for part in parts for one in part.sentences] == [id(one) for one in result.sentences]
    said = "".join(part.translation or "" for part in parts)
    assert "".join(said.split()) == "".join((result.translation or "").split())
    assert all(0 <= part.sentiment.score <= 1 for part in parts if part.sentiment is not None)
