"""Deltas can only be added to: together they are the transcript, or its beginning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.messages import Partial
from fastapi_service.realtime.wording import Growing
from fastapi_service.speaking.settled import Settled


def grown(partials: list[str], final: str) -> tuple[list[str], str]:
    """The deltas of an utterance with these texts, and its whole text."""
    settled, growing, deltas = Settled(), Growing(), []
    for text in partials:
        message = settled.take(Partial(utterance="u-0", text=text))
        deltas.append(growing.settled(message.text, message.settled))
    whole, added = growing.final(final)
    return [delta for delta in [*deltas, added] if delta], whole


def test_settled_words_are_told_and_the_rest_with_the_end() -> None:
    deltas, whole = grown(["I love", "I love this", "I love this movie", "I love this movie."], "I love this movie.")
    assert deltas == ["I love", " this", " movie."]
    assert whole == "I love this movie."


@pytest.mark.parametrize(
    ("partials", "final", "whole"),
    [
        (["I love it.", "I love it. But"], "I love it, but no.", "I love it, but no."),
        (["i love it", "i love it so"], "I love it so.", "i love it so."),
        (["Well, I", "Well, I go"], "Well I go on.", "Well, I go on."),
        (["我喜欢这", "我喜欢这部"], "我喜欢这部电影。", "我喜欢这部电影。"),
        ([], "Hello.", "Hello."),
        (["Hello there", "Hello there you"], "", ""),
    ],
)
def test_the_spelling_that_was_told_stays(partials: list[str], final: str, whole: str) -> None:
    deltas, text = grown(partials, final)
    assert text == whole
    if final:
        assert "".join(deltas) == text


def test_where_the_words_are_others_the_final_text_is_right() -> None:
    deltas, whole = grown(["I love this", "I love this moving"], "A glove, this is moving.")
    assert whole == "A glove, this is moving."
    assert "".join(deltas) == "I love this is moving."


def test_a_contradiction_meanwhile_tells_nothing() -> None:
    growing = Growing()
    assert growing.settled("one two three", 7) == "one two"
    assert growing.settled("won two three four", 13) == ""
    assert growing.settled("one two three four", 13) == " three"


WORDS = st.lists(
    st.sampled_from(["I", "love", "it,", "it", "movie.", "Movie", "그", "영화", "好", "看", "so"]), max_size=8
)


@given(WORDS, st.integers(0, 8))
def test_deltas_are_the_transcript_where_words_agree(words: list[str], spoken: int) -> None:
    text = " ".join(words)
    partial = " ".join(words[:spoken])
    deltas, whole = grown([partial, partial, text, text], text)
    assert "".join(deltas) == whole == text
