"""Hypothesis strategies for transcripts as the page keeps them: any text, any time, any outcome."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

NOW_MS = 1_763_960_587_120
NASTY = [
    "\n", "\r\n", "\r", "\n\n", "\t", "\0", "\x0b", "\x1b[2J", "\x1c", "\x85", "\u2028", "\ufeff", "\u202e", "\u200b",
    "=", "+", "-", "@", "\uff1d", "'", '"', '""', ",", ";", "-->", "--->", "- ->", "<", ">", "<b>", "</i>",
    "<00:01.000>", "&", "&amp;", "&#10;", "{", "}", "{\\an8}", "1\n", "00:00:01,000 --> 00:00:02,000",
    "WEBVTT", "NOTE ", "STYLE", "[", "]", "\\", "\\n", "مرحبا", "שלום", "좋네요", "👩‍👩‍👧", "e\u0301", " ", "\u3000",
]  # fmt: skip
PIECES = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SHORT = st.lists(PIECES, max_size=8).map("".join)
LONG = st.sampled_from(NASTY).map(lambda piece: piece * 1_500) | st.lists(PIECES, max_size=60).map(" ".join)
TEXTS = SHORT | SHORT | LONG
SECONDS = st.floats(0, 1e6) | st.sampled_from([0.0, 0.0004, 1.5])
CLOCK = st.none() | st.integers(-(10**12), 2 * 10**14) | st.floats(NOW_MS - 9e7, NOW_MS + 9e7)
SCORES = st.floats(0, 1)
WORDS = st.fixed_dictionaries({"word": TEXTS, "start_sec": SECONDS, "end_sec": SECONDS})


def sentiments() -> st.SearchStrategy[dict[str, Any] | None]:
    felt = st.fixed_dictionaries(
        {
            "label": TEXTS,
            "score": SCORES,
            "scores": st.dictionaries(TEXTS, SCORES, max_size=3),
            "zone": st.sampled_from(["positive", "neutral", "negative"]),
            "neutral_reason": st.none() | st.sampled_from(["too_short", "cut", "later"]),
        }
    )
    return st.none() | felt


def sentences() -> st.SearchStrategy[list[dict[str, Any]]]:
    felt = sentiments().filter(lambda sentiment: sentiment is not None)
    return st.lists(st.fixed_dictionaries({"text": TEXTS, "sentiment": felt}), max_size=4)


def outcomes() -> st.SearchStrategy[dict[str, Any] | None]:
    common: dict[str, st.SearchStrategy[Any]] = {
        "seq": st.integers(1, 10**6),
        "utterance": TEXTS,
        "start_sec": SECONDS,
        "duration_sec": SECONDS,
        "timings_ms": st.dictionaries(st.sampled_from(["gateway", "queue", "speech", "sentiment"]), SECONDS),
    }
    result = {
        "type": st.just("result"), **common, "text": TEXTS, "language": st.sampled_from(["en", "ko", "ar"]) | TEXTS,
        "translation": st.none() | TEXTS, "sentiment": sentiments(), "sentiment_reason": st.none() | TEXTS,
        "sentences": sentences(),
        "decoded_again": st.booleans(),
        "words": st.none() | st.sampled_from(["", " ", "\u2028"]) | st.lists(WORDS, max_size=6),
        "speaker": st.none(), "turns": st.just([]),
    }  # fmt: skip
    dropped = {"type": st.just("dropped"), **common, "reason": TEXTS, "detail": TEXTS}
    error = {"type": st.just("error"), **common, "code": TEXTS, "message": TEXTS}
    results = st.fixed_dictionaries(result)
    return results | results | st.fixed_dictionaries(dropped) | st.fixed_dictionaries(error) | st.none()


def timed_words(result: dict[str, Any], between: str) -> list[dict[str, Any]]:
    """The words of the text, spoken evenly over its time, as a worker that was asked for them tells; and one `between`
    each two of them."""
    words = [between, *(piece for word in result["text"].split() for piece in (word, between))]
    step = result["duration_sec"] / len(words)
    times = [result["start_sec"] + number * step for number in range(len(words) + 1)]
    return [
        {"word": word, "start_sec": begin, "end_sec": end}
        for word, (begin, end) in zip(words, pairwise(times), strict=True)
    ]


@st.composite
def transcripts(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Entries that have ended, as the page keeps them: by session and place in the stream."""
    entries = []
    for outcome in draw(st.lists(outcomes(), max_size=6)):
        if outcome is not None and isinstance(outcome.get("words"), str):
            outcome["words"] = timed_words(outcome, outcome["words"])
        entry: dict[str, Any] = {
            "utterance": draw(TEXTS),
            "session": draw(st.integers(0, 1)),
            "startSec": draw(SECONDS),
            "spokenAtMs": draw(CLOCK),
            "state": "lost" if outcome is None else outcome["type"],
            "text": "",
            "outcome": outcome,
            "speakers": {"list": []},
            "pageStages": draw(st.none() | st.just({"wait_ms": 400, "network_ms": 9})),
        }
        entries.append(entry)
    return sorted(entries, key=lambda entry: (entry["session"], entry["startSec"]))
