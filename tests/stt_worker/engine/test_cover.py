"""Which speech no word covers."""

from __future__ import annotations

from stt_worker.engine.cover import Hole, holes, letters, pause_near, replaced, seems_covered, surely_speech
from stt_worker.engine.protocol import WordTime
from stt_worker.settings import SttSettings

SETTINGS = SttSettings()
TALK = ((0.0, 4.0), (4.5, 9.0))


def spoken(text: str, start_sec: float, end_sec: float) -> list[WordTime]:
    """The words of `text`, as long as each other."""
    words = text.split()
    each = (end_sec - start_sec) / len(words)
    return [WordTime(word, start_sec + at * each, start_sec + (at + 1) * each) for at, word in enumerate(words)]


FULL = spoken("one two three four five six seven eight nine ten eleven twelve thirteen", 0.0, 9.0)


def test_words_all_along_leave_no_hole() -> None:
    assert holes(TALK, FULL, SETTINGS) == []
    assert holes((), FULL, SETTINGS) == []


def test_a_text_that_stops_early() -> None:
    words = spoken("one two three", 0.0, 2.0)
    assert holes(TALK, words, SETTINGS) == [Hole(2.0, 9.0, 6.5, 3, 0)]
    assert holes(TALK, [], SETTINGS) == [Hole(0.0, 9.0, 8.5, 0, 0)]


def test_a_word_laid_over_what_is_missing() -> None:
    words = [*spoken("one two three", 0.0, 2.0), WordTime("four", 2.0, 6.0), *spoken("five six seven eight", 6.0, 9.0)]
    (hole,) = holes(TALK, words, SETTINGS)
    assert (hole.start_sec, hole.end_sec, hole.word, hole.words) == (2.0, 6.0, 3, 1)


def test_what_is_missing_shared_by_two_words() -> None:
    words = [WordTime("one", 0.0, 1.6), WordTime("two", 1.6, 3.2), *spoken("three four five six seven eight", 3.2, 9.0)]
    (hole,) = holes(TALK, words, SETTINGS)
    assert (hole.word, hole.words, hole.end_sec) == (0, 2, 3.2)


def test_a_pause_is_no_hole() -> None:
    speech = ((0.0, 2.0), (6.0, 8.0))
    words = [*spoken("one two three", 0.0, 2.0), WordTime("four", 2.0, 6.4), *spoken("five six seven", 6.4, 8.0)]
    assert holes(speech, words, SETTINGS) == []


def test_how_much_is_a_hole_is_a_setting() -> None:
    words = spoken("one two three four five six seven eight nine ten eleven", 0.0, 7.5)
    assert holes(TALK, words, SETTINGS)
    assert holes(TALK, words, SttSettings(cover_hole_sec=2)) == []


def test_letters_of_every_script() -> None:
    assert letters("Hello, it's me!") == 10
    assert letters("8") > 3
    assert letters("안녕하세요") > 10
    assert letters("...") == 0


def test_a_short_text_needs_no_look_where_it_is_long_enough() -> None:
    assert seems_covered("I would like to leave a message.", ((0.3, 2.4),), SETTINGS)
    assert not seems_covered("I", ((0.3, 2.4),), SETTINGS)
    talk = "There is nobody at this number. Please try it once again."
    assert seems_covered(talk, ((0.1, 3.5),), SETTINGS)
    assert not seems_covered(talk[:31], ((0.1, 3.5),), SETTINGS), "six words are missing"
    assert not seems_covered("a word " * 30, ((0.3, 9.4),), SETTINGS), "a long one can hide a hole"


def test_who_surely_spoke() -> None:
    assert surely_speech(((0.1, 0.4), (0.5, 0.8)))
    assert not surely_speech(((0.1, 0.4),))
    assert not surely_speech(())


def test_the_pause_near_a_place() -> None:
    assert pause_near(TALK, 4.1, 0.5) == 4.25
    assert pause_near(TALK, 3.7, 0.5) == 4.25
    assert pause_near(TALK, 2.0, 0.5) == 2.0


def test_words_are_replaced_where_they_stand() -> None:
    text = "One, two. One, two and three"
    words = spoken(text, 0, 6)
    assert replaced(text, words, 2, 4, "four five.") == "One, two. four five."
    assert replaced(text, words, 0, 1, "Zero.") == "Zero. two. One, two and three"
    assert replaced(text, words, 6, 0, "And four.") == text + " And four."
