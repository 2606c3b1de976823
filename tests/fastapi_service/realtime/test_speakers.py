"""Who speaks a turn of a Realtime client, where its session asks for that with `speakers`."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis

from contract.messages import Message, Result, Speaker, Speakers, Turn, Turns
from contract.speech.segmenter import Cut
from fastapi_service.realtime.config import Config
from fastapi_service.realtime.events import ApiError, Event
from fastapi_service.realtime.speech import Speech
from fastapi_service.realtime.transport import SPEAKER_WAIT_SEC
from fastapi_service.realtime.update import updated
from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.fake_pipeline import FakePipeline
from tests.support.realtime_client import RealtimeClient, quiet, voice
from tests.support.told_speakers import Teller, turn

SECOND = 16_000


class Talk:
    """Turns of a second each that the client commits, and what is told of them."""

    def __init__(self, speakers: bool = True) -> None:
        self.speech = Speech(Config(rate_hz=SECOND, model="live", asked_turns=None, speakers=speakers), 1.2)
        self.end = 0

    def turn(self) -> int:
        """A turn is committed; its first sample."""
        start, self.end = self.end, self.end + SECOND
        self.speech.append(voice(1, SECOND))
        while self.speech.busy:
            self.speech.step()
        self.speech.commit()
        self.speech.cut(Cut(start, self.end, b"", "end"))
        return start

    def tell(self, message: Message) -> list[Event]:
        """What a message makes complete."""
        return [one for one in self.speech.message(message) if one["type"].endswith("completed")]

    def result(self, start: int, text: str = "Hello there. No!", **fields: Any) -> list[Event]:
        return self.tell(Result(utterance=f"tag-{start}", seq=1, text=text, language="en", **fields))

    def turns(self, start: int, *turns: Turn) -> list[Event]:
        return self.tell(Turns(utterance=f"tag-{start}", turns=list(turns)))


def test_a_transcript_waits_for_its_speaker() -> None:
    talk = Talk()
    start = talk.turn()
    assert talk.result(start) == []
    assert talk.speech.held is not None
    (completed,) = talk.turns(start, turn(1, 0.0, 0.7, 0, 13), turn(2, 0.7, 1.0, 13, 16))
    assert completed["speaker"] == 1
    assert [(one["speaker"], one["text"]) for one in completed["turns"]] == [(1, "Hello there."), (2, "No!")]
    assert talk.speech.held is None


def test_who_came_first_holds_nothing_up() -> None:
    talk = Talk()
    start = talk.turn()
    talk.turns(start, turn(None, 0.0, 1.0, 0, 16))
    (completed,) = talk.result(start)
    assert completed["speaker"] is None
    assert completed["turns"][0]["speaker"] is None


def test_it_waits_no_longer_than_it_may() -> None:
    talk = Talk()
    first, second = talk.turn(), talk.turn()
    assert talk.result(second) == talk.result(first) == []
    held = talk.speech.held
    assert held is not None
    assert talk.speech.let_go("another") == []
    (completed,) = [one for one in talk.speech.let_go(held) if one["type"].endswith("completed")]
    assert "speaker" not in completed
    assert "turns" not in completed
    assert talk.speech.held not in (None, held), "the next one is waited for in its turn"
    assert talk.turns(first, turn(1, 0.0, 1.0, 0, 16)) == []
    assert talk.turns(second, turn(2, 1.0, 2.0, 0, 16))[0]["speaker"] == 2


def test_a_turn_without_words_waits_for_nobody() -> None:
    talk = Talk()
    (completed,) = talk.result(talk.turn(), text="")
    assert completed["transcript"] == ""


def test_two_who_are_one_have_one_number() -> None:
    talk = Talk()
    talk.tell(Speakers(speakers=[Speaker(speaker=1), Speaker(speaker=2, same_as=1)]))
    start = talk.turn()
    talk.turns(start, turn(2, 0.0, 1.0, 0, 16))
    (completed,) = talk.result(start)
    assert (completed["speaker"], completed["turns"][0]["speaker"]) == (1, 1)


def test_who_did_not_ask_waits_for_nothing() -> None:
    talk = Talk(speakers=False)
    (completed,) = talk.result(talk.turn())
    assert talk.speech.held is None
    assert "speaker" not in completed


def test_a_session_asks_for_it() -> None:
    config, _ = updated(Config(), {"speakers": True})
    assert config.options().speakers == "1"
    assert config.nested("sess", 1)["speakers"] is True
    assert updated(config, {"type": "transcription"})[0].speakers
    assert not updated(config, {"speakers": False})[0].speakers
    assert "speakers" not in Config().nested("sess", 1)
    assert Config().options().speakers == "0"
    with pytest.raises(ApiError) as refused:
        updated(Config(), {"speakers": "sometimes"})
    assert refused.value.param == "session.speakers"


def test_through_the_gateway(gateway: GatewayProcess, pipeline: FakePipeline, redis_client: redis.Redis) -> None:
    with RealtimeClient(gateway.url) as client:
        client.send("session.update", session={"type": "transcription", "speakers": True})
        assert client.expect("session.updated")["session"]["speakers"] is True
        client.append(quiet(1), voice(1), quiet(1))
        without = client.completed()
        assert "speaker" not in without
        wait_until(lambda: len(pipeline.seen) == 1, 10, "it was heard")
        (job, _) = pipeline.seen[0]
        assert job.speakers
        who = Teller(redis_client, job.session)
        pipeline.pause()
        client.append(voice(1), quiet(1))
        client.expect("input_audio_buffer.committed")
        who.turns(job.end, turn(1, 2.0, 3.0, 0, 20))
        pipeline.go_on()
        began = time.monotonic()
        assert client.completed()["speaker"] == 1
        assert time.monotonic() - began < 10 * SPEAKER_WAIT_SEC
