"""What is told of what was found, with the names that people were given."""

from __future__ import annotations

import pytest

from contract.jobs import SpeakerJob
from contract.messages import Speaker, Speakers
from contract.speakers.names import speaker_name
from contract.state.speakers import SessionSpeakers
from speaker_worker.engine.live import Told
from speaker_worker.session import messages_of

JOB = SpeakerJob(session="s" * 32, start=0, end=16_000, text="I love it.")


@pytest.mark.parametrize(
    ("names", "shown"),
    [((None, "Anna"), "Anna"), (("Ben", "Anna"), "Ben"), (("Ben", None), "Ben"), ((None, None), None)],
)
def test_a_name_goes_with_the_person_where_two_numbers_are_one(
    names: tuple[str | None, str | None], shown: str | None
) -> None:
    known = SessionSpeakers(4, b"", tuple(Speaker(speaker=n, name=name) for n, name in enumerate(names, 1)))
    messages, _ = messages_of(JOB, known, Told(merged=[(2, 1)]))
    ((start, told), *_) = messages
    assert start is None
    assert isinstance(told, Speakers)
    assert [one.same_as for one in told.speakers] == [None, 1]
    assert [speaker_name(number, told.speakers) for number in (1, 2)] == [shown, shown]
