"""A text divided among those who speak it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from contract.messages import MAX_TURNS, Word
from contract.speakers.turns import VoiceSpan, turns_of

HELLO = "How are you today? I am fine. Good to hear."


def spoken(text: str, first_sec: float = 0.0, word_sec: float = 0.5) -> list[Word]:
    return [
        Word(word=f" {word}", start_sec=first_sec + at * word_sec, end_sec=first_sec + (at + 1) * word_sec)
        for at, word in enumerate(text.split())
    ]


def parts(text: str, words: list[Word] | None, *spans: tuple[int | None, float, float]) -> list[tuple[int | None, str]]:
    turns = turns_of(text, words, [VoiceSpan(*span) for span in spans])
    assert "".join(text[turn.first_char : turn.end_char] for turn in turns) == text
    return [(turn.speaker, text[turn.first_char : turn.end_char]) for turn in turns]


def test_one_voice_has_the_whole_text() -> None:
    turns = turns_of(HELLO, None, [VoiceSpan(3, 1.0, 2.0), VoiceSpan(3, 2.5, 4.0)])
    assert [(turn.speaker, turn.start_sec, turn.end_sec) for turn in turns] == [(3, 1.0, 4.0)]
    assert (turns[0].first_char, turns[0].end_char) == (0, len(HELLO))


def test_a_word_belongs_to_the_span_it_overlaps_most() -> None:
    text = "one two three four five six seven eight"
    assert parts(text, spoken(text), (1, 0.0, 1.7), (2, 1.7, 4.0)) == [
        (1, "one two three "),
        (2, "four five six seven eight"),
    ]
    assert parts(text, spoken(text), (1, 0.0, 1.8), (2, 1.8, 4.0))[0] == (1, "one two three four ")


def test_a_word_outside_all_spans_goes_to_the_nearest() -> None:
    text = "one two three four"
    assert parts(text, spoken(text), (1, 0.0, 0.9), (2, 1.8, 2.0)) == [(1, "one two three "), (2, "four")]


def test_words_never_go_back_to_an_earlier_turn() -> None:
    text = "one two three"
    words = spoken(text)
    words[1], words[2] = (
        Word(word="two", start_sec=1.0, end_sec=1.5),
        Word(word="three", start_sec=0.5, end_sec=1.0),
    )
    assert parts(text, words, (1, 0.0, 1.0), (2, 1.0, 1.5)) == [(1, "one "), (2, "two three")]


def test_without_times_the_text_is_laid_evenly_over_the_spans() -> None:
    text = "aaaa bbbb cccc dddd eeee ffff gggg hhhh"
    assert parts(text, None, (1, 0.0, 3.0), (None, 3.2, 4.2)) == [
        (1, "aaaa bbbb cccc dddd eeee ffff "),
        (None, "gggg hhhh"),
    ]


@pytest.mark.parametrize("seconds", [1.6, 2.0, 2.4, 2.7])
def test_a_boundary_near_the_end_of_a_sentence_moves_there(seconds: float) -> None:
    expected = [(1, "How are you today? "), (2, "I am fine. Good to hear.")]
    assert parts(HELLO, spoken(HELLO), (1, 0.0, seconds), (2, seconds, 5.0)) == expected


def test_a_boundary_far_from_the_end_of_a_sentence_stays() -> None:
    text = "one two three four five six seven eight nine ten. And so on."
    assert parts(text, spoken(text), (1, 0.0, 2.5), (2, 2.5, 6.5))[0] == (1, "one two three four five ")


def test_boundaries_without_times_move_further() -> None:
    text = "Where have you been all the day? Nowhere."
    assert parts(text, None, (1, 0.0, 3.0), (2, 3.0, 5.0)) == [
        (1, "Where have you been all the day? "),
        (2, "Nowhere."),
    ]


def test_no_turn_loses_all_its_words_to_a_sentence() -> None:
    text = "So so so so. Yes. No no no no."
    found = parts(text, spoken(text), (1, 0.0, 2.0), (2, 2.0, 2.5), (1, 2.5, 4.5))
    assert found == [(1, "So so so so. "), (2, "Yes. "), (1, "No no no no.")]


def test_a_span_without_a_word_is_left_out() -> None:
    text = "one two three four"
    assert parts(text, spoken(text), (1, 0.0, 1.0), (2, 1.0, 1.05), (1, 1.05, 2.0)) == [(1, text)]


def test_words_that_are_not_in_the_text_do_not_count() -> None:
    text = "one two three four"
    assert parts(text, spoken("something else entirely here"), (1, 0.0, 1.0), (2, 1.0, 2.0)) == [
        (1, "one two "),
        (2, "three four"),
    ]


def test_scripts_without_spaces_are_parted_between_characters() -> None:
    text = "你好嗎我很好"
    assert parts(text, None, (1, 0.0, 1.5), (2, 1.5, 3.0)) == [(1, "你好嗎"), (2, "我很好")]


def test_a_mark_stays_with_the_sentence_it_ends() -> None:
    text = "你好嗎。我很好。"
    assert parts(text, None, (1, 0.0, 1.4), (2, 1.4, 3.0)) == [(1, "你好嗎。"), (2, "我很好。")]


def test_combined_words_of_recognition_are_not_parted() -> None:
    text = "It's three-four, five."
    words = [
        Word(word="It's", start_sec=0.0, end_sec=0.5),
        Word(word="three", start_sec=0.5, end_sec=1.0),
        Word(word="-four,", start_sec=1.0, end_sec=1.5),
        Word(word="five.", start_sec=1.5, end_sec=2.0),
    ]
    assert parts(text, words, (1, 0.0, 1.0), (2, 1.0, 2.0)) == [(1, "It's three-four, "), (2, "five.")]


def test_nothing_where_there_is_no_text_or_no_voice() -> None:
    assert turns_of("", None, [VoiceSpan(1, 0.0, 1.0)]) == []
    assert turns_of("words", None, []) == []


def test_a_text_without_words_has_one_turn() -> None:
    assert parts("...", None, (1, 0.0, 1.0), (2, 1.0, 3.0)) == [(1, "...")]


def test_spans_of_no_length_do_not_part() -> None:
    assert parts("one two", None, (1, 1.0, 1.0), (2, 1.0, 1.0))[0][0] in (1, 2)


def test_there_are_never_more_turns_than_a_message_may_have() -> None:
    text = " ".join(f"w{number}" for number in range(200))
    spans = [VoiceSpan(1 + number % 2, number * 0.5, (number + 1) * 0.5) for number in range(200)]
    turns = turns_of(text, spoken(text), spans)
    assert 2 <= len(turns) <= MAX_TURNS
    assert (turns[0].first_char, turns[-1].end_char) == (0, len(text))
    assert all(left.end_char == right.first_char for left, right in pairwise(turns))
