"""Where the last sentence inside a text ends: by its marks, the times of its words, and the quiet between them."""

from __future__ import annotations

import numpy as np
import pytest

from contract.audio import SAMPLE_RATE_HZ
from stt_worker.engine.protocol import WordTime
from stt_worker.sentences.inside import Mark, last_mark, sentence_end

WORD_SEC = 0.4
START = 16_000


def timed(text: str) -> list[WordTime]:
    """The words of `text`, one every WORD_SEC."""
    return [WordTime(word, at * WORD_SEC, (at + 0.9) * WORD_SEC) for at, word in enumerate(text.split())]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("I went home. And then we ate", "I went home."),
        ("I went home. We ate. And then we slept", "I went home. We ate."),
        ("I went home. And then", None),
        ("I went home and then we ate.", None),
        ("I met Mr. Smith at his home", None),
        ("It was J. Smith at his home", None),
        ("He went home... And then we ate", None),
        ("It is about 3. of them are here", None),
        ("Did you? “Yes, I did that,” he said", "Did you?"),
        ("He said “no.” And then we ate", "He said “no.”"),
        ("¿Qué tal? ¿Y cómo está usted hoy", "¿Qué tal?"),
        ("집에 갔다. 그리고 우리는 밥을 먹었다", "집에 갔다."),
    ],
)
def test_a_sentence_ends_where_another_has_begun(text: str, ends: str | None) -> None:
    words = timed(text)
    mark = last_mark(text, "en", words)
    assert (None if mark is None else text[: mark.chars]) == ends
    if mark is not None:
        last = len((ends or "").split()) - 1
        assert mark == Mark(mark.chars, (words[last].end_sec, words[last + 1].start_sec))


def test_scripts_without_spaces_have_words_without_spaces() -> None:
    text = "我回家了。然后我们吃饭"
    words = [WordTime(word, at, at + 1) for at, word in enumerate(["我", "回家", "了。", "然后", "我们", "吃饭"])]
    assert last_mark(text, "en", words) == Mark(5, (3, 3))


def test_times_of_other_words_tell_nothing() -> None:
    assert last_mark("I went home. And then we ate", "en", timed("I went away. And then we ate")) is None
    assert last_mark("I went home. And then we ate", "en", ()) is None


def test_composed_characters_are_the_same() -> None:
    words = timed("Cafe\u0301 ist zu. Dann gehen wir heim")
    assert last_mark("Café ist zu. Dann gehen wir heim", "en", words) == Mark(
        12, (words[2].end_sec, words[3].start_sec)
    )


TEXT = "I went home. And then we ate"


def speech(quiet_from: float, quiet_to: float, quiet: float = 10.0) -> bytes:
    """Three seconds of noise, from here to there (s) as loud as `quiet`."""
    noise = np.random.default_rng(3).normal(0, 3000, 3 * SAMPLE_RATE_HZ)
    first, last = (int(place * SAMPLE_RATE_HZ) for place in (quiet_from, quiet_to))
    noise[first:last] *= quiet / 3000
    return noise.astype("<i2").tobytes()


@pytest.mark.parametrize("audio_start", [0, 4_000])
def test_the_place_is_quiet(audio_start: int) -> None:
    began = audio_start / SAMPLE_RATE_HZ
    found = sentence_end(TEXT, "en", timed(TEXT), speech(began + 1.1, began + 1.2), audio_start, START)
    assert found is not None
    assert found.chars == len("I went home.")
    assert began + 1.1 <= (found.position - START) / SAMPLE_RATE_HZ <= began + 1.2


def test_nobody_is_cut_off_in_a_word() -> None:
    assert sentence_end(TEXT, "en", timed(TEXT), speech(1.6, 1.7), 0, START) is None
    assert sentence_end(TEXT, "en", timed(TEXT), speech(1.1, 1.2, quiet=2000), 0, START) is None


def test_words_that_are_behind_the_audio_have_no_place() -> None:
    assert sentence_end(TEXT, "en", timed(TEXT), speech(0, 1)[: 2 * SAMPLE_RATE_HZ], 0, START) is None
