"""What two texts in a row agree on is settled: whole words, in every script, never less without a reason."""

from __future__ import annotations

import pytest

from contract.messages import Partial
from fastapi_service.speaking.settled import Settled, words_of


def settled(*texts: str) -> list[str]:
    """What of each of an utterance's texts is settled."""
    found, state = [], Settled()
    for text in texts:
        shown = state.take(Partial(utterance="s-0", text=text))
        assert shown.text == text
        found.append(text[: shown.settled])
    return found


@pytest.mark.parametrize(
    ("before", "text", "agreed"),
    [
        ("my fellow", "my fellow Americans", "my fellow"),
        ("I love this mo", "I love this movie", "I love this"),
        ("I love this", "I love this.", "I love"),
        ("I", "I", ""),
        ("Ask not what.", "ask not, what your", "ask not, what"),
        ("is not.", "ask not what", ""),
        ("“Yes,” she said", "“Yes” she said, and", "“Yes” she said,"),
        ("- So what", "So what - now", "So what -"),
        ("I don't", "I dont know", "I"),
        ("It is 3.5", "It is 3.50 now", "It is"),
        ("정말 좋아", "정말 좋아요 그리고", "정말"),
        ("我爱这部", "我爱这部电影。", "我爱这部"),
        ("我爱这部电影。", "我爱这部电影,真的", "我爱这部电影,"),
        ("今日は Whisper を", "今日は Whisper をよく", "今日は Whisper を"),
        ("今日は", "今日は", "今日"),
        ("ผมรัก", "ผมรักหนังเรื่อง", "ผมรัก"),
        ("น้ำ", "นำมา", ""),
        ("हिन्दी में", "हिन्दी मे", "हिन्दी"),
        ("𠮷野家", "𠮷野家で", "𠮷野家"),
        ("Straße ist", "STRASSE ist lang", "STRASSE ist"),
        ("", "I", ""),
        ("... !", "... !", ""),
    ],
)
def test_the_common_beginning_is_settled_as_it_is_now(before: str, text: str, agreed: str) -> None:
    assert settled(before, text) == ["", agreed]


def test_what_is_settled_grows_and_is_not_lost() -> None:
    assert settled("I", "I love", "I love this", "I love that movie", "I love that movie.") == [
        "",
        "I",
        "I love",
        "I love",
        "I love that",
    ]


def test_a_text_that_only_says_less_takes_nothing_back() -> None:
    assert settled("I love this", "I love this movie", "I", "I love this film") == [
        "",
        "I love this",
        "I",
        "I love this",
    ]


def test_what_a_newer_text_contradicts_is_not_settled() -> None:
    assert settled("I love this", "I love this movie", "I loathe this movie", "I loathe this movie") == [
        "",
        "I love this",
        "I",
        "I loathe this",
    ]


def test_another_utterance_begins_with_nothing() -> None:
    state = Settled()
    for utterance in ("s-0", "s-16000", "s-0"):
        assert state.take(Partial(utterance=utterance, text="I love")).settled == 0


def test_the_rest_of_a_text_goes_on_in_the_next_utterance() -> None:
    state = Settled()
    state.go_on(Partial(utterance="s-16000", text="And then we went", settled=8))
    assert state.take(Partial(utterance="s-16000", text="And then")).settled == 8
    assert state.take(Partial(utterance="s-16000", text="And then they")).settled == 8
    state.go_on(Partial(utterance="s-32000", text="And then we went"))
    assert state.take(Partial(utterance="s-32000", text="And then we want")).settled == 11


def test_words_end_behind_their_punctuation() -> None:
    assert words_of(' "Well," he said… 你好。') == [
        ("well", 8),
        ("he", 11),
        ("said", 17),
        ("你", 19),
        ("好", 21),
    ]
