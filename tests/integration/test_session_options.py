"""What a session asks for in its query, through every service with the demo models."""

from __future__ import annotations

from pathlib import Path

from harness.speech import espeak, words_of
from harness.stack import Stack
from tests.support.raw_client import RawClient

SPOKEN = "I love this movie"


def test_times_of_words_are_told_where_they_are_asked_for(stack: Stack, tmp_path: Path) -> None:
    pcm = espeak(SPOKEN, tmp_path)
    for query in ("words=1&hints=Ada%20Lovelace", ""):
        with RawClient(stack.ws_url, query=query) as client:
            client.expect("session")
            outcomes = [client.speak(pcm) for _ in range(2)]
        for result in outcomes:
            assert words_of(result["text"]) == words_of(SPOKEN)
            assert result["language_probability"] is None, "the demo model knows English alone"
            if not query:
                assert result["words"] is None
                continue
            assert " ".join(one["word"] for one in result["words"]) == result["text"]
            times = [one[at] for one in result["words"] for at in ("start_sec", "end_sec")]
            assert times == sorted(times)
            assert result["start_sec"] <= times[0] < times[-1] <= result["start_sec"] + result["duration_sec"]
