"""Two channels on one WebSocket: each is heard by itself, and nothing is lost or told twice across connections."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import redis

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import channel_session, utterance_id
from contract.keys import session_key
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.conversation import as_pcm, microphones, voices
from tests.support.fake_pipeline import FakePipeline
from tests.support.raw_client import OUTCOMES, RawClient

Start = Callable[..., GatewayProcess]
Turn = tuple[int, float, float]  # channel, first and last second
TURNS = [(0, "long_happy"), (1, "meeting_monday"), (0, "food_terrible"), (1, "not_like_movie"), (0, "not_bad")]
QUERY = "channels=2"


def interleaved(channels: np.ndarray) -> bytes:
    """Samples of shape (channels, n) as they are sent."""
    return np.ascontiguousarray(channels.T).astype("<i2").tobytes()


def conversation() -> tuple[bytes, list[Turn]]:
    """What is sent, and who speaks from when to when."""
    spoken = voices(TURNS, 2, 1.2)
    turns = []
    for channel in (0, 1):
        loud = np.flatnonzero(np.abs(spoken[channel]) > 0.02)
        for piece in np.split(loud, np.flatnonzero(np.diff(loud) > SAMPLE_RATE_HZ) + 1):
            turns.append((channel + 1, piece[0] / SAMPLE_RATE_HZ, piece[-1] / SAMPLE_RATE_HZ))
    return interleaved(as_pcm(microphones(spoken))), sorted(turns, key=lambda turn: turn[1])


def send(client: RawClient, pcm: bytes) -> None:
    for first in range(0, len(pcm), 6400):
        client.send(pcm[first : first + 6400])


def outcomes(client: RawClient) -> list[dict[str, Any]]:
    return [message for message in client.messages if message["type"] in OUTCOMES]


def all_heard(client: RawClient, position: int, before: int = 0) -> list[dict[str, Any]]:
    """All outcomes, once all is safe and each accepted utterance has its own."""
    safe_up_to(client, position)
    while True:
        accepted = {one["utterance"] for one in client.messages if one["type"] == "accepted"}
        if accepted <= {one["utterance"] for one in outcomes(client)}:
            return outcomes(client)
        client.receive(20)


def safe_up_to(client: RawClient, position: int) -> None:
    while not any(one["type"] == "safe" and one["position"] >= position for one in client.messages):
        client.receive(20)


def assert_heard(found: list[dict[str, Any]], turns: list[Turn]) -> None:
    """Each turn is in utterances of its channel, at its true time, and nothing else was heard."""
    for one in found:
        begin, end = one["start_sec"], one["start_sec"] + one["duration_sec"]
        assert any(channel == one["channel"] and begin < last and first < end for channel, first, last in turns), (
            f"nobody speaks on channel {one['channel']} from {begin} to {end} s"
        )
    for channel, first, last in turns:
        own = sorted(
            (one["start_sec"], one["start_sec"] + one["duration_sec"]) for one in found if one["channel"] == channel
        )
        covered = sum(max(0.0, min(end, last) - max(begin, first)) for begin, end in own)
        assert covered == pytest.approx(last - first, abs=0.15), f"channel {channel} from {first} to {last} s"
        assert all(end <= begin for (_, end), (begin, _) in pairwise(own))


def test_each_channel_is_heard_by_itself(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    pcm, turns = conversation()
    with RawClient(gateway.ws_url, query=QUERY) as client:
        greeting = client.expect("session")
        assert (greeting["position"], greeting["channels"]) == (0, [{"position": 0, "seq": 0}] * 2)
        send(client, pcm)
        client.send(b"")
        found = all_heard(client, len(pcm) // 4)
        assert_heard(found, turns)
        assert len(found) == len(turns)
        for channel in (1, 2):
            seqs = [one["seq"] for one in found if one["channel"] == channel]
            assert seqs == list(range(1, len(seqs) + 1))
    jobs = {(asked.channel, asked.session) for asked, _ in pipeline.seen}
    assert jobs == {(channel, channel_session(greeting["session"], channel)) for channel in (1, 2)}


def test_silence_is_safe_without_an_utterance(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with RawClient(gateway.ws_url, query=QUERY) as client:
        client.expect("session")
        send(client, interleaved(as_pcm(microphones(np.zeros((2, 12 * SAMPLE_RATE_HZ)), None))))
        safe_up_to(client, 8 * SAMPLE_RATE_HZ)
        assert {one["type"] for one in client.messages} == {"session", "safe"}
        positions = [one["position"] for one in client.messages if one["type"] == "safe"]
        assert positions == sorted(set(positions))
    assert pipeline.seen == []


@pytest.mark.parametrize("size", [2, 3, 6, 6401])
def test_half_a_sample_of_both_is_refused(gateway: GatewayProcess, size: int) -> None:
    with RawClient(gateway.ws_url, query=QUERY) as client:
        client.expect("session")
        client.send(bytes(size))
        assert client.close_code() == 1007
        assert [one["code"] for one in client.messages if one["type"] == "error"] == ["odd_bytes"]


@pytest.mark.parametrize(("frame", "code"), [(bytes(65_540), 1009), ("text", 1003)])
def test_a_frame_that_is_too_big_and_a_text_are_refused(gateway: GatewayProcess, frame: bytes | str, code: int) -> None:
    with RawClient(gateway.ws_url, query=QUERY) as client:
        client.expect("session")
        client.send(frame)
        assert client.close_code() == code


@pytest.mark.parametrize("query", ["channels=0", "channels=3", "channels=two", "channels=2&after2=-1"])
def test_another_number_of_channels_is_refused(gateway: GatewayProcess, query: str) -> None:
    with RawClient(gateway.ws_url, query=query) as client:
        assert client.close_code() == 1008
        assert client.messages[0]["code"] == "bad_query"


@pytest.mark.parametrize("share", [0.2, 0.45, 0.7, 0.95])
def test_a_stream_goes_on_after_a_lost_connection(
    gateway: GatewayProcess, pipeline: FakePipeline, share: float
) -> None:
    """The client sends again from the smaller of the two positions; what a channel has already is not heard twice."""
    pcm, turns = conversation()
    client = RawClient(gateway.ws_url, query=QUERY)
    session = client.expect("session")["session"]
    send(client, pcm[: round(share * len(pcm) / 4) * 4])
    if share > 0.4:
        safe_up_to(client, 1)
    client.vanish()
    before = outcomes(client)
    after = [max((one["seq"] for one in before if one["channel"] == channel), default=0) for channel in (1, 2)]
    kept = max((one["position"] for one in client.messages if one["type"] == "safe"), default=0)
    query = f"{QUERY}&from={kept}&after={after[0]}&after2={after[1]}"
    with RawClient(gateway.ws_url, session, query) as again:
        greeting = again.expect("session")
        assert greeting["session"] == session
        assert greeting["position"] == min(one["position"] for one in greeting["channels"]) >= kept
        send(again, pcm[4 * greeting["position"] :])
        again.send(b"")
        all_heard(again, len(pcm) // 4)
        # what was accepted on the lost connection and never told of comes as well
        while sum(one["duration_sec"] for one in [*before, *outcomes(again)]) < sum(b - a for _, a, b in turns):
            again.receive(20)
        found = [*before, *outcomes(again)]
        assert len({one["utterance"] for one in found}) == len(found)
        assert_heard(found, turns)


def test_an_utterance_that_was_sent_and_is_not_safe_is_cut_as_it_was(
    gateway: GatewayProcess, pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    """The state that a gateway leaves which was killed between sending the task and noting the position."""
    pcm, _ = conversation()
    client = RawClient(gateway.ws_url, query=QUERY)
    session = client.expect("session")["session"]
    client.vanish()
    second = channel_session(session, 2)
    start, end = 7 * SAMPLE_RATE_HZ + 3, 9 * SAMPLE_RATE_HZ + 1
    redis_client.hset(session_key(second), mapping={"position": start, "cut_start": start, "cut_end": end})
    with RawClient(gateway.ws_url, session, f"{QUERY}&from=0") as again:
        assert again.expect("session")["channels"][1]["position"] == start
        send(again, pcm[: 4 * 12 * SAMPLE_RATE_HZ])
        while not any(one.get("utterance") == utterance_id(second, start) for one in again.messages):
            again.receive(20)

        def said() -> list[bytes]:
            return [audio for asked, audio in pipeline.seen if (asked.session, asked.start) == (second, start)]

        wait_until(lambda: bool(said()), 20, "the task has come")
    assert len(said()[0]) == 2 * (end - start)


def test_without_audio_both_channels_go_on_at_one_position(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    client = RawClient(gateway.ws_url, query=QUERY)
    session = client.expect("session")["session"]
    client.vanish()
    redis_client.hset(session_key(session), "position", 5000)
    redis_client.hset(session_key(channel_session(session, 2)), mapping={"position": 6000, "cut_end": 9000})
    with RawClient(gateway.ws_url, session, QUERY) as again:
        greeting = again.expect("session")
        assert greeting["position"] == 9000
        assert [one["position"] for one in greeting["channels"]] == [9000, 9000]


def test_a_newer_connection_takes_both_channels_over(gateway: GatewayProcess) -> None:
    first = RawClient(gateway.ws_url, query=QUERY)
    session = first.expect("session")["session"]
    with RawClient(gateway.ws_url, session, QUERY) as second:
        assert second.expect("session")["session"] == session
        assert first.close_code() == 4001


def test_a_stopping_gateway_says_so(start_gateway: Start) -> None:
    gateway = start_gateway()
    with RawClient(gateway.ws_url, query=QUERY) as client:
        client.expect("session")
        gateway.service.stop()
        assert client.close_code() == 1012


def test_both_channels_wait_while_too_much_is_out(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    """Nothing is lost that was sent while no outcome came."""
    pcm, turns = conversation()
    pipeline.pause()
    with RawClient(gateway.ws_url, query=QUERY) as client:
        client.expect("session")
        send(client, pcm)
        client.send(b"")
        client.expect("accepted")
        pipeline.go_on()
        assert_heard(all_heard(client, len(pcm) // 4), turns)
