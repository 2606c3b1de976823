"""A stream of two channels as the client counts it: what is kept, what is out, and where it goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract.messages import Accepted, ChannelPlace, Result, Safe, Session
from recorder_service.client import StreamClient
from recorder_service.client.session import StreamSession

EXAMPLES = json.loads((Path(__file__).parents[3] / "contract" / "examples.json").read_text(encoding="utf-8"))
WELCOME = Session.model_validate(EXAMPLES["session"])


def welcome(*places: tuple[int, int]) -> Session:
    """Where each channel stands: position and seq."""
    channels = [ChannelPlace(position=position, seq=seq) for position, seq in places]
    position = min(one.position for one in channels)
    return WELCOME.model_copy(update={"position": position, "channels": channels, "seq": channels[0].seq})


def begun() -> StreamSession:
    stream = StreamSession(600, None, None, channels=2)
    stream.begin(welcome((0, 0), (0, 0)))
    return stream


def accepted(channel: int, start: int, end: int) -> Accepted:
    return Accepted(utterance=f"{channel}-{start}", start=start, position=end, channel=channel)


def result(channel: int, seq: int, start: int, end: int) -> Result:
    return Result(
        seq=seq,
        utterance=f"{channel}-{start}",
        start_sec=start / 16_000,
        duration_sec=(end - start) / 16_000,
        text="",
        language="en",
        channel=channel,
        speaker=channel,
    )


def test_only_what_is_safe_in_both_is_forgotten() -> None:
    stream = begun()
    stream.ledger.append(bytes(4 * 32_000))
    assert stream.ledger.kept_sec == 2
    stream.book(accepted(1, 8_000, 24_000))
    assert stream.ledger.base == 0
    stream.book(Safe(position=16_000))
    assert (stream.ledger.base, stream.ledger.kept_sec) == (16_000, 1)
    assert stream.ledger.next_frame(4_096) == bytes(4_096)
    stream.ledger.rewind(24_000)
    assert len(stream.ledger.next_frame(1 << 20) or b"") == 4 * 8_000


def test_all_has_ended_once_all_is_safe_and_every_accepted_one_has_its_outcome() -> None:
    stream = begun()
    stream.ledger.append(bytes(4 * 64_000))
    stream.book(accepted(2, 40_000, 48_000))
    stream.book(accepted(1, 8_000, 24_000))
    assert stream.waiting == 3
    stream.book(Safe(position=64_000))
    assert stream.waiting == 2
    assert stream.book(result(1, 1, 8_000, 24_000)) == (True, False)
    assert stream.book(result(1, 1, 8_000, 24_000)) == (False, False)
    assert stream.waiting == 1
    assert stream.book(result(2, 1, 40_000, 48_000)) == (True, False)
    assert stream.waiting == 0


def test_an_outcome_may_come_before_its_accepted() -> None:
    stream = begun()
    stream.book(result(2, 1, 40_000, 48_000))
    stream.book(accepted(2, 40_000, 48_000))
    assert stream.waiting == 0


def test_a_missing_outcome_is_noticed_in_its_own_channel() -> None:
    stream = begun()
    assert stream.book(result(1, 1, 0, 8_000)) == (True, False)
    assert stream.book(result(2, 2, 30_000, 38_000)) == (False, True)
    assert stream.query() == {"from": 0, "after": 1, "after2": 0, "speakers_after": None}


def test_a_new_connection_asks_for_the_rest_of_both() -> None:
    stream = begun()
    stream.ledger.append(bytes(4 * 64_000))
    stream.book(accepted(1, 0, 8_000))
    stream.book(result(1, 1, 0, 8_000))
    stream.book(Safe(position=8_000))
    assert stream.query() == {"from": 8_000, "after": 1, "after2": 0, "speakers_after": None}
    stream.begin(welcome((30_000, 1), (20_000, 3)))
    assert stream.ledger.base == 20_000
    assert [stream.book(result(2, seq, seq * 9_000, seq * 9_000 + 99)) for seq in (1, 2, 3)] == [(True, False)] * 3


def test_a_resumed_session_asks_for_what_its_caller_has_not() -> None:
    stream = StreamSession(600, WELCOME.session, 4, channels=2, after2=7)
    assert stream.query() == {"after": 4, "after2": 7, "speakers_after": None}
    stream.begin(welcome((30_000, 5), (30_000, 8)))
    assert stream.book(result(1, 4, 0, 99)) == (False, False)
    assert stream.book(result(2, 8, 0, 99)) == (True, False)


def test_each_utterance_of_a_lost_session_is_told_once() -> None:
    stream = begun()
    stream.ledger.append(bytes(4 * 64_000))
    stream.book(accepted(1, 0, 8_000))
    stream.book(accepted(2, 9_000, 18_000))
    lost = stream.begin(welcome((0, 0), (0, 0)).model_copy(update={"session": "another-session-id"}))
    assert [(one.code, one.utterance) for one in lost] == [("session_lost", "1-0"), ("session_lost", "2-9000")]
    assert stream.waiting == 1


@pytest.mark.parametrize("channels", [0, 3])
def test_another_number_of_channels_is_refused(channels: int) -> None:
    with pytest.raises(ValueError, match="one channel or two"):
        StreamClient("ws://localhost", channels=channels)
