"""Who speaks, live: speakers open, are kept, stay unsure, and are found to be one."""

from __future__ import annotations

import numpy as np
import pytest

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Turn
from speaker_worker.engine import naming
from speaker_worker.engine.live import LiveSpeakers, Told
from speaker_worker.engine.memory import PIECES_MAX, TOLD_MAX, Memory
from tests.speaker_worker.engine.made import MOOD, bases, kin, otherwise, silence, voices_of

TEXT = "These are all the words that were said by them in this one."


class Session:
    """Hears one utterance after the other, each with the state that the one before left."""

    def __init__(self, max_speakers: int = 8, mood: float = 0.0) -> None:
        self.mood = mood
        self.state = b""
        self.start = 0
        self._max = max_speakers
        self.rng = np.random.default_rng(7)

    def say(self, *said: tuple[float, float], gap_sec: float = 0.0) -> Told:
        live = LiveSpeakers.from_state(self.state, max_speakers=self._max)
        self.start += 20 * SAMPLE_RATE_HZ
        told = live.hear(self.start, voices_of(said, self.rng, gap_sec, self.mood), TEXT, None)
        self.state = live.to_state()
        return told


def speakers(turns: list[Turn]) -> list[int | None]:
    return [turn.speaker for turn in turns]


def test_a_new_voice_opens_a_speaker_and_one_that_is_known_is_that_one() -> None:
    session = Session()
    told = [session.say((voice, 3.0)) for voice in (0, 1, 0, 2, 1, 0)]
    assert [speakers(one.turns[0][1]) for one in told] == [[1], [2], [1], [3], [2], [1]]
    assert [one.new for one in told] == [[1], [2], [], [3], [], []]
    assert not any(one.merged for one in told)


def test_the_turns_are_in_seconds_of_the_stream_and_together_are_the_text() -> None:
    told = Session().say((0, 3.0), (1, 3.0))
    ((start, turns),) = told.turns
    assert start == 20 * SAMPLE_RATE_HZ
    assert speakers(turns) == [1, 2]
    assert turns[0].start_sec == 20.0
    assert turns[0].end_sec == pytest.approx(23.0, abs=0.3)
    assert turns[1].end_sec == pytest.approx(26.0, abs=0.1)
    assert (turns[0].first_char, turns[0].end_char, turns[1].end_char) == (0, turns[1].first_char, len(TEXT))


def test_turns_with_pauses_between_them_are_found_too() -> None:
    told = Session().say((0, 2.5), (1, 2.5), (0, 2.5), gap_sec=0.4)
    assert speakers(told.turns[0][1]) == [1, 2, 1]


def test_too_little_speech_opens_nobody_and_is_known_later() -> None:
    session = Session()
    short = session.say((0, 0.9))
    assert speakers(short.turns[0][1]) == [None]
    assert short.new == []
    later = session.say((0, 4.0))
    assert later.new == [1]
    assert [(start, speakers(turns)) for start, turns in later.turns] == [
        (session.start, [1]),
        (short.turns[0][0], [1]),
    ]
    known = later.turns[1][1][0]
    assert known == short.turns[0][1][0].model_copy(update={"speaker": 1})
    assert session.say((0, 4.0)).turns[1:] == []


def test_one_person_alone_is_one_also_where_some_is_said_otherwise() -> None:
    session = Session(mood=MOOD)
    told = [session.say((otherwise(0) if number % 7 == 6 else 0, 3.5)) for number in range(140)]
    assert [number for one in told for number in one.new] == [1]
    unknown = [turn for one in told for turn in one.turns[0][1] if turn.speaker is None]
    assert len(unknown) <= 20


def test_somebody_who_sounds_alike_is_unsure_until_much_is_heard_and_told_of_then() -> None:
    session = Session(mood=MOOD)
    for _ in range(6):
        session.say((0, 4.0))
    told = [session.say((kin(0), 4.0)) for _ in range(8)]
    assert told[0].new == []
    opened = next(at for at, one in enumerate(told) if one.new)
    assert [one.new for one in told if one.new] == [[2]]
    assert len(told[opened].turns) > 1, "what was unsure before is told with it"
    assert speakers(told[-1].turns[0][1]) == [2]


def test_a_number_that_no_piece_is_sure_to_have_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    session.say((0, 4.0))
    with monkeypatch.context() as patched:
        patched.setattr(naming, "CLEARER", 2.0)
        told = [session.say((1, 4.0)) for _ in range(3)]
        assert [one.new for one in told] == [[], [], []]
    assert session.say((1, 4.0)).new == [2]


def test_an_utterance_that_comes_again_is_told_the_same() -> None:
    session = Session()
    session.say((0, 3.0))
    told = session.say((1, 3.0), (0, 2.5))
    before = session.state
    live = LiveSpeakers.from_state(session.state)
    again = live.hear(session.start, voices_of([(2, 5.0)], session.rng), "other words", None)
    assert again.turns == told.turns
    assert (again.new, again.merged) == ([], [])
    assert live.to_state() == before


def test_no_more_speakers_than_there_may_be() -> None:
    session = Session(max_speakers=2)
    told = [session.say((voice, 3.0)) for voice in (0, 1, 2, 2, 0)]
    assert [speakers(one.turns[0][1]) for one in told] == [[1], [2], [None], [None], [1]]


def test_two_who_are_found_to_be_one_are_the_lower_number_from_then_on() -> None:
    session = Session()
    session.say((0, 4.0))
    session.say((1, 4.0))
    memory = Memory.unpack(session.state)
    assert memory is not None
    for piece in memory.pieces:  # as if the second had been the first, badly heard
        if piece.number == 2:
            piece.group = memory.pieces[0].group
    session.state = memory.pack()
    told = session.say((0, 3.0))
    assert told.merged == [(2, 1)]
    assert speakers(told.turns[0][1]) == [1]
    assert session.say((1, 3.0)).new == [3]


def test_numbers_that_were_told_are_not_given_again_after_all_was_forgotten() -> None:
    session = Session()
    session.say((0, 3.0), (1, 3.0))
    live = LiveSpeakers.from_state(b"", numbers_taken=2)
    assert live.hear(10**6, voices_of([(0, 3.0)], session.rng), TEXT, None).new == [3]


def test_nobody_in_an_utterance_has_no_turns() -> None:
    live = LiveSpeakers.from_state(b"")
    assert live.hear(0, silence(), TEXT, None) == Told([(0, [])])
    assert live.hear(0, silence(), TEXT, None) == Told([(0, [])])


@pytest.mark.parametrize("damage", [b"", b"SPL1", b"garbage" * 50, b"SPL1\xff\xff\xff\xff\x00\x00\x00\x00"])
def test_a_state_that_is_none_begins_anew(damage: bytes) -> None:
    live = LiveSpeakers.from_state(damage)
    assert live.hear(0, voices_of([(0, 3.0)], np.random.default_rng(0)), TEXT, None).new == [1]


def test_a_state_with_any_byte_wrong_or_missing_never_fails() -> None:
    session = Session()
    session.say((0, 3.0), (1, 3.0))
    rng = np.random.default_rng(3)
    for at in rng.integers(0, len(session.state), 150).tolist():
        broken = bytearray(session.state)
        broken[at] ^= 1 << int(rng.integers(8))
        for state in (bytes(broken), session.state[:at]):
            live = LiveSpeakers.from_state(state)
            live.hear(10**7, voices_of([(0, 3.0)], rng), TEXT, None)
            assert LiveSpeakers.from_state(live.to_state())


def test_the_state_of_another_encoder_is_not_used() -> None:
    live = LiveSpeakers.from_state(b"", encoder="one")
    live.hear(0, voices_of([(0, 3.0)], np.random.default_rng(0)), TEXT, None)
    other = LiveSpeakers.from_state(live.to_state(), encoder="other", numbers_taken=1)
    assert other.hear(10**6, voices_of([(0, 3.0)], np.random.default_rng(0)), TEXT, None).new == [2]


def test_a_long_session_keeps_its_speakers_in_a_state_of_bounded_size() -> None:
    session = Session()
    order = [0, 1, 2] * 70
    told = [session.say((voice, 2.5)) for voice in order]
    assert [speakers(one.turns[0][1]) for one in told[-60:]] == [[voice + 1] for voice in order[-60:]]
    assert sum(len(one.new) for one in told) == 3
    memory = Memory.unpack(session.state)
    assert memory is not None
    assert (len(memory.pieces), len(memory.told)) == (PIECES_MAX, TOLD_MAX)
    assert len(session.state) < 60_000
    assert session.say((1, 2.5)).turns[0][1][0].speaker == 2


def test_bases_are_as_like_as_people() -> None:
    known = bases(3)
    np.testing.assert_allclose(known @ known.T, np.eye(4), atol=1e-5)


def test_a_turn_of_two_who_were_unsure_is_never_given_to_one_of_them() -> None:
    session = Session()
    both = session.say((0, 0.9), (1, 0.9), gap_sec=0.5)
    assert speakers(both.turns[0][1]) == [None]
    later = [session.say((0, 4.0)), session.say((1, 4.0))]
    assert [one.new for one in later] == [[1], [2]]
    assert [start for one in later for start, _ in one.turns] == [2 * 320_000, 3 * 320_000]
