"""Which number and name is shown for a speaker, and who speaks most of a result."""

from __future__ import annotations

import pytest

from contract.messages import Result, Speaker, Turn
from contract.speakers.names import shown_speaker, speaker_label, speaker_name
from contract.speakers.told import main_speaker, with_turns

SPEAKERS = [
    Speaker(speaker=1, name="Anna"),
    Speaker(speaker=2, same_as=1),
    Speaker(speaker=3, name="Ben", same_as=2),
    Speaker(speaker=4),
]


def turn(speaker: int | None, start_sec: float, end_sec: float) -> Turn:
    return Turn(speaker=speaker, start_sec=start_sec, end_sec=end_sec, first_char=0, end_char=1)


@pytest.mark.parametrize(
    ("number", "shown", "name", "label"),
    [
        (1, 1, "Anna", "Anna"),
        (2, 1, "Anna", "Anna"),
        (3, 1, "Anna", "Anna"),
        (4, 4, None, "Speaker 4"),
        (9, 9, None, "Speaker 9"),
    ],
)
def test_one_who_was_found_to_be_another_is_shown_as_that_one(
    number: int, shown: int, name: str | None, label: str
) -> None:
    assert shown_speaker(number, SPEAKERS) == shown
    assert speaker_name(number, iter(SPEAKERS)) == name
    assert speaker_label(number, iter(SPEAKERS)) == label


def test_nobody_can_tell() -> None:
    assert speaker_label(None, SPEAKERS) == "Speaker ?"


def test_a_circle_ends() -> None:
    circle = [Speaker(speaker=1, same_as=2), Speaker(speaker=2, same_as=1), Speaker(speaker=3, same_as=3)]
    assert shown_speaker(1, circle) == 2
    assert shown_speaker(3, circle) == 3


@pytest.mark.parametrize(
    ("turns", "speaker"),
    [
        ([], None),
        ([turn(2, 0, 1)], 2),
        ([turn(1, 0, 1), turn(2, 1, 2.5), turn(1, 2.5, 3.2)], 1),
        ([turn(1, 0, 1), turn(2, 1, 2)], 1),
        ([turn(1, 0, 1), turn(None, 1, 3)], None),
    ],
)
def test_the_speaker_of_most_of_it(turns: list[Turn], speaker: int | None) -> None:
    result = Result(utterance="u", text="a", language="en")
    told = with_turns(result, turns)
    assert (main_speaker(turns), told.speaker, told.turns) == (speaker, speaker, turns)
    channel = result.model_copy(update={"channel": 3, "speaker": 3})
    assert with_turns(channel, turns) == channel
