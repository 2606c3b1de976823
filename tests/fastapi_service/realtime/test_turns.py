"""Turns of Realtime clients: what begins and ends them, and the order in which they are told."""

from __future__ import annotations

import numpy as np
import pytest
import redis

from contract.queues import STT_QUEUE
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.fake_pipeline import FakePipeline
from tests.support.realtime_client import RealtimeClient, quiet, voice

TURN = ["speech_started", "speech_stopped", "committed", "conversation.item.added", "conversation.item.done"]
DONE = ["….delta", "….completed"]


def heard(pipeline: FakePipeline) -> list[int]:
    """The samples of each utterance that was sent to the queue."""
    return [len(pcm) // 2 for _, pcm in pipeline.seen]


def test_a_turn_ends_with_silence_and_all_comes_in_order(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with RealtimeClient(gateway.url) as client:
        assert client.expect("session.created")["session"]["audio"]["input"]["turn_detection"]["type"] == "server_vad"
        client.append(quiet(1), voice(1), quiet(1), voice(1.5), quiet(1))
        first, second = client.completed(), client.completed()
        for turn in (first, second):  # the second may begin before the first is finished
            assert client.types(turn["item_id"]) == TURN + DONE
        starts = [one for one in client.events if one["type"].endswith("speech_started")]
        stops = [one for one in client.events if one["type"].endswith("speech_stopped")]
        commits = [one for one in client.events if one["type"].endswith("committed")]
    ids = [first["item_id"], second["item_id"]]
    assert [one["item_id"] for one in starts] == [one["item_id"] for one in stops] == ids
    assert [one["item_id"] for one in commits] == ids
    assert [one["previous_item_id"] for one in commits] == [None, ids[0]]
    assert [one["audio_start_ms"] for one in starts] == pytest.approx([700, 2_700], abs=40), "300 ms before the voice"
    assert [one["audio_end_ms"] for one in stops] == pytest.approx([2_500, 5_000], abs=40), "500 ms behind it"
    assert heard(pipeline) == pytest.approx([1.8 * 16_000, 2.3 * 16_000], abs=640)
    assert first["usage"] == {"type": "duration", "seconds": round(heard(pipeline)[0] / 16_000, 3)}
    assert first["transcript"] == f"{heard(pipeline)[0]} samples"
    assert first["languages"] == [{"code": "en"}]


def test_what_a_client_sets_of_its_vad_holds(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    vad = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 100, "silence_duration_ms": 1_000}
    with RealtimeClient(gateway.url) as client:
        assert client.setting(turn_detection=vad)["turn_detection"] == vad
        client.append(quiet(1), voice(1), quiet(0.7), voice(1), quiet(1.2))
        client.completed()
        assert heard(pipeline) == pytest.approx([3.8 * 16_000], abs=640)
        client.setting(turn_detection={"type": "server_vad", "threshold": 1.0})
        client.append(voice(1), quiet(1))
        client.setting(turn_detection={"type": "server_vad", "threshold": 0.4})
        client.append(voice(1), quiet(1))
        assert client.completed()["usage"]["seconds"] == pytest.approx(1.5, abs=0.1), "too soft for a threshold of 1"


def test_a_manual_turn_lasts_from_commit_to_commit(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with RealtimeClient(gateway.url) as client:
        assert client.setting(turn_detection=None)["turn_detection"] is None
        client.append(voice(0.5), quiet(2), voice(0.5))
        client.commit()
        first = client.completed()
        client.append(voice(1))
        client.commit()
        client.completed()
        told = [one for one in client.types()[2:] if one != "….delta"]
        assert told == 2 * [*TURN[2:], "….completed"]
    assert first["usage"]["seconds"] == pytest.approx(3.0, abs=0.01)
    assert first["transcript"] == " ".join(f"{count} samples" for count in heard(pipeline)[:2])
    assert heard(pipeline) == pytest.approx([1.5 * 16_000, 0.8 * 16_000, 16_000], abs=640), "without long silence"


def test_a_commit_of_silence_has_an_empty_transcript(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        client.append(quiet(2))
        client.commit()
        completed = client.completed()
    assert (completed["transcript"], completed["usage"]["seconds"], heard(pipeline)) == ("", 2.0, [])


def test_a_commit_with_nothing_to_commit_is_an_error_and_the_next_is_none(
    gateway: GatewayProcess, pipeline: FakePipeline
) -> None:
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        client.append(voice(0.05))
        client.send("input_audio_buffer.commit", event_id="mine")
        error = client.receive()["error"]
        assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "mine")
        client.append(voice(0.1))
        client.commit()
        assert client.completed()["usage"]["seconds"] == pytest.approx(0.15, abs=0.01)
        client.commit()
        assert client.receive()["error"]["code"] == "input_audio_buffer_commit_empty"


def test_a_commit_ends_a_turn_that_is_being_spoken(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with RealtimeClient(gateway.url) as client:
        client.append(quiet(1), voice(1))
        client.commit()
        assert client.completed()["usage"]["seconds"] == pytest.approx(1.3, abs=0.05)
        assert client.types()[1:] == TURN + DONE


def test_what_is_cleared_is_never_heard(
    gateway: GatewayProcess, pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        client.append(voice(1, seed=2))
        client.send("input_audio_buffer.clear")
        client.expect("input_audio_buffer.cleared")
        client.append(voice(2, seed=3))
        client.commit()
        assert client.completed()["usage"]["seconds"] == pytest.approx(2.0, abs=0.01)
    assert heard(pipeline) == pytest.approx([32_000], abs=2)
    assert redis_client.llen(STT_QUEUE) == 0


def test_outcomes_of_a_cleared_turn_are_not_told(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        client.append(voice(17))  # the first 15 s have been cut
        wait_until(lambda: len(pipeline.seen) == 1, 10, "the length has cut")
        client.send("input_audio_buffer.clear")
        client.expect("input_audio_buffer.cleared")
        known = {one.get("item_id") for one in client.events}
        client.append(voice(1))
        client.commit()
        completed = client.completed()
        assert completed["usage"]["seconds"] == pytest.approx(1.0, abs=0.01)
        assert completed["item_id"] not in known


def test_a_long_turn_is_one_item_with_one_text(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        client.append(voice(40))
        client.commit()
        completed = client.completed(40)
        told = [one["delta"] for one in client.events if one["type"].endswith("delta")]
        assert client.types().count("committed") == 1
    pieces = heard(pipeline)
    assert len(pieces) == 3
    assert sum(pieces) == pytest.approx(40 * 16_000, abs=2)
    assert completed["transcript"] == " ".join(f"{count} samples" for count in pieces)
    assert "".join(told) == completed["transcript"]
    assert completed["usage"]["seconds"] == pytest.approx(40, abs=0.01)


def test_a_client_that_pauses_in_a_manual_turn_still_gets_one_item(
    gateway: GatewayProcess, pipeline: FakePipeline
) -> None:
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        client.append(voice(1))
        wait_until(lambda: len(pipeline.seen) == 1, 10, "IDLE_CUT_SEC has cut")
        client.commit()
        completed = client.completed()
        assert len(pipeline.seen) == 1, "the last milliseconds are no utterance"
        assert completed["transcript"] == f"{heard(pipeline)[0]} samples"
        assert client.types().count("committed") == 1


def test_items_are_told_in_the_order_of_speaking(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    pipeline.pause()
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        for sec in (1.0, 1.1, 1.2):
            client.append(voice(sec))
            client.commit()
            client.expect("committed")
        pipeline.go_on()
        told = [client.completed() for _ in range(3)]
        committed = [one["item_id"] for one in client.events if one["type"].endswith("committed")]
    assert [one["item_id"] for one in told] == committed
    assert [one["usage"]["seconds"] for one in told] == pytest.approx([1.0, 1.1, 1.2], abs=0.01)


@pytest.mark.parametrize(
    ("sound", "rate"),
    [
        ({"type": "audio/pcm", "rate": 16_000}, 16_000),
        ({"type": "audio/pcm", "rate": 24_000}, 24_000),
        ({"type": "audio/pcmu"}, 8_000),
        ({"type": "audio/pcma"}, 8_000),
    ],
)
def test_a_tone_comes_through_in_every_format(
    gateway: GatewayProcess, pipeline: FakePipeline, sound: dict[str, object], rate: int
) -> None:
    times = np.arange(rate) / rate
    tone = np.rint(8_000 * np.sin(2 * np.pi * 440 * times)).astype("<i2")
    audio = tone.tobytes()
    if rate == 8_000:
        from fastapi_service.realtime.g711 import ALAW, ULAW

        table = (ULAW if sound["type"] == "audio/pcmu" else ALAW).astype(int)
        audio = np.abs(table[:, None] - tone[None, :].astype(int)).argmin(axis=0).astype(np.uint8).tobytes()
    with RealtimeClient(gateway.url) as client:
        assert client.setting(format=sound, turn_detection=None)["format"] == sound
        client.append(audio, size=1_234)
        client.commit()
        client.completed()
    pcm = np.frombuffer(pipeline.seen[0][1], "<i2").astype(float)
    assert len(pcm) == pytest.approx(16_000, abs=2)
    middle = pcm[2_000:14_000] * np.hanning(12_000)
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) * 16_000 / 12_000 == pytest.approx(440, abs=2)
    assert np.abs(pcm[2_000:14_000]).max() == pytest.approx(8_000, rel=0.05)
    assert np.sqrt(np.sum(spectrum[400:] ** 2) / np.sum(spectrum**2)) < 0.05, "no clicks at the borders"


def test_nothing_is_kept_for_a_client_that_leaves(
    gateway: GatewayProcess, pipeline: FakePipeline, redis_client: redis.Redis
) -> None:
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        client.append(voice(1))
        client.send("input_audio_buffer.commit_not")
        assert client.receive()["error"]["code"] == "unknown_event"
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        client.append(voice(0.5))
        client.commit()
        client.completed()
    assert heard(pipeline) == pytest.approx([8_000], abs=2)
