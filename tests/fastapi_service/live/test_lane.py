"""One channel: what is quiet is left out of what is heard, and not of the count."""

from __future__ import annotations

import numpy as np
import pytest

from contract.audio import SAMPLE_RATE_HZ
from fastapi_service.live.lane import Lane, Skip
from harness.speech import noise
from tests.support.media import tone

QUIET = 0.0005
SECOND = SAMPLE_RATE_HZ


def talk() -> bytes:
    """16 s: noise, with a tone at 3 to 5 s, at 5.2 to 6 s and at 11 to 12 s."""
    samples = np.frombuffer(noise(16, QUIET), dtype="<i2").astype(np.int32)
    for begin, length in ((3.0, 2.0), (5.2, 0.8), (11.0, 1.0)):
        at = round(begin * SECOND)
        samples[at : at + round(length * SECOND)] += np.frombuffer(tone(length), dtype="<i2")
    return samples.astype("<i2").tobytes()


def utterances(parts: list[bytes | Skip], position: int = 0) -> list[tuple[int, bytes]]:
    """What was said between ends, with its first sample. Fails where samples are left out inside of it."""
    found: list[tuple[int, bytes]] = []
    begun = False
    for part in parts:
        if isinstance(part, Skip):
            assert not begun, "an utterance has begun"
            position += part.samples
        elif part and begun:
            found[-1] = found[-1][0], found[-1][1] + part
            position += len(part) // 2
        elif part:
            found.append((position, part))
            position += len(part) // 2
        begun = bool(part) if isinstance(part, bytes) else begun
    return found


def heard(lane: Lane, pcm: bytes, block: int = 3200) -> list[bytes | Skip]:
    return [part for first in range(0, len(pcm), block) for part in lane.feed(pcm[first : first + block])]


def test_utterances_stand_at_their_true_places() -> None:
    pcm = talk()
    lane = Lane(0, 0, None)
    found = utterances([*heard(lane, pcm), *lane.flush()])
    assert [round(start / SECOND, 1) for start, _ in found] == [2.7, 10.7]
    assert [round(len(said) / 2 / SECOND, 1) for _, said in found] == [3.8, 1.8]
    for start, said in found:
        assert said == pcm[2 * start : 2 * start + len(said)]
    assert lane.next == len(pcm) // 2


@pytest.mark.parametrize("block", [2, 638, 5000, 65_536])
def test_the_frames_make_no_difference(block: int) -> None:
    pcm = talk()[: 2 * 13 * SECOND]
    one, other = Lane(0, 0, None), Lane(0, 0, None)
    assert utterances([*heard(one, pcm, block), *one.flush()]) == utterances([*heard(other, pcm), *other.flush()])


def test_the_count_goes_on_while_nobody_speaks() -> None:
    lane = Lane(0, 0, None)
    parts = heard(lane, noise(60, QUIET))
    assert all(isinstance(part, Skip) for part in parts)
    assert lane.next > 57 * SECOND


def test_an_utterance_ends_where_the_client_says_so() -> None:
    lane = Lane(0, 0, None)
    parts = [*heard(lane, tone(1.003)), *lane.flush()]
    assert parts[-1] == b""
    assert utterances(parts) == [(0, tone(1.003))]
    assert lane.flush() == []


def test_what_is_safe_is_not_handed_on_again() -> None:
    pcm, position = talk(), 4 * SECOND
    lane = Lane(2 * SECOND, position, None)
    found = utterances([*heard(lane, pcm[4 * SECOND :]), *lane.flush()], position)
    assert found[0][0] == position
    assert found[0][1] == pcm[2 * position : 2 * position + len(found[0][1])]
    assert [round(start / SECOND, 1) for start, _ in found] == [4.0, 10.7]


def test_what_was_cut_before_is_handed_on_whole() -> None:
    """From the safe position to the recorded end, whatever the gate thinks of it."""
    pcm, position, end = talk(), 2 * SECOND + 77, 9 * SECOND + 5
    lane = Lane(SECOND, position, end)
    parts = heard(lane, pcm[2 * SECOND : 2 * end + 2000])
    samples = b"".join(part for part in parts if isinstance(part, bytes))
    assert samples[: 2 * (end - position)] == pcm[2 * position : 2 * end]
    assert not any(isinstance(part, Skip) for part in parts)
