"""The second pass over a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from contract.audio import SAMPLE_RATE_HZ
from contract.state.files import FileTurn
from speaker_worker.engine import whole_file
from speaker_worker.engine.voices import UtteranceVoices
from speaker_worker.engine.whole_file import file_turns
from tests.speaker_worker.engine.made import MOOD, kin, otherwise, silence, voices_of

SEC = SAMPLE_RATE_HZ


def file_of(
    *segments: Sequence[tuple[float, float]], gap_sec: float = 0.0, mood: float = 0.0
) -> list[tuple[int, UtteranceVoices]]:
    """Segments that begin every 30 s."""
    rng = np.random.default_rng(5)
    return [(number * 30 * SEC, voices_of(said, rng, gap_sec, mood)) for number, said in enumerate(segments)]


def seconds(turns: list[FileTurn]) -> list[tuple[int, int, int]]:
    return [(turn.speaker, round(turn.start / SEC), round(turn.end / SEC)) for turn in turns]


def test_everybody_has_a_number_in_the_order_of_appearance() -> None:
    heard = file_of([(3, 4.0), (0, 4.0)], [(0, 4.0)], [(1, 3.0), (3, 4.0)])
    wanted = [(1, 0, 4), (2, 4, 8), (2, 30, 34), (3, 60, 63), (1, 63, 67)]
    assert seconds(file_turns(heard, 8)) == wanted


def test_the_order_in_which_segments_come_does_not_matter() -> None:
    heard = file_of([(3, 4.0), (0, 4.0)], [(0, 4.0)], [(1, 3.0), (3, 4.0)])
    assert file_turns(heard[::-1], 8) == file_turns(heard, 8)


def test_one_person_is_one_however_long() -> None:
    turns = file_turns(file_of(*[[(0, 20.0)] for _ in range(40)]), 8)
    assert {turn.speaker for turn in turns} == {1}
    assert len(turns) == 40


def test_one_person_is_one_also_where_some_was_recorded_otherwise() -> None:
    segments = [[(otherwise(0, 0.74) if number % 14 == 13 else 0, 15.0)] for number in range(40)]
    assert {turn.speaker for turn in file_turns(file_of(*segments, mood=MOOD), 8)} == {1}


def test_two_who_sound_alike_are_two_where_both_say_enough() -> None:
    turns = file_turns(file_of(*[[(kin(0) if number % 2 else 0, 15.0)] for number in range(10)], mood=MOOD), 8)
    assert [turn.speaker for turn in turns] == [1, 2] * 5


def test_turns_of_one_person_with_little_between_are_one() -> None:
    assert seconds(file_turns(file_of([(0, 3.0), (0, 3.0)], gap_sec=0.4), 8)) == [(1, 0, 6)]
    assert len(file_turns(file_of([(0, 3.0), (0, 3.0)], gap_sec=0.8), 8)) == 2


def test_no_more_speakers_than_there_may_be_and_all_speech_is_somebodys() -> None:
    heard = file_of(*[[(voice, 3.0 + voice), (voice, 4.0)] for voice in range(5)])
    turns = file_turns(heard, 3)
    assert {turn.speaker for turn in turns} == {1, 2, 3}
    assert sum(turn.end - turn.start for turn in turns) == sum(7 + voice for voice in range(5)) * SEC


def test_who_says_very_little_is_taken_for_one_of_the_others() -> None:
    assert {turn.speaker for turn in file_turns(file_of([(0, 8.0)], [(1, 1.5)], [(0, 8.0)]), 8)} == {1}


def test_a_file_with_one_short_word() -> None:
    assert seconds(file_turns(file_of([(0, 0.6)]), 8)) == [(1, 0, 1)]


@pytest.mark.parametrize("heard", [[], [(0, silence())]])
def test_a_file_in_which_nobody_speaks_has_no_turns(heard: list[tuple[int, UtteranceVoices]]) -> None:
    assert file_turns(heard, 8) == []


def test_more_pieces_than_are_compared_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_file, "PIECES_MAX", 10)
    turns = file_turns(file_of(*[[(number % 2, 3.0)] for number in range(40)]), 8)
    assert [turn.speaker for turn in turns] == [1, 2] * 20
