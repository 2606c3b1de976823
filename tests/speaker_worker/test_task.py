"""One utterance after the other through the worker, on a real Redis, with voices that the dummy tells apart."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from contract.events import BUS_EVENT
from contract.ids import utterance_id
from contract.jobs import TRIES_MAX
from contract.keys import file_voices_key, speaker_events_key, speaker_tries_key, speakers_key
from contract.messages import Speaker, Turns
from contract.queues import RESULT_MESSAGES
from contract.settings import ServiceSettings
from contract.state.speakers import session_speakers, tell_speakers
from harness.processes import free_port
from runtime.redis_retry import RedisUnavailableError
from speaker_worker import session as session_module
from speaker_worker.engine.encoder.dummy import DummyEncoder
from speaker_worker.session import ATTEMPTS, HEARD_MAX, SessionState, unpacked
from speaker_worker.settings import SpeakerSettings
from tests.speaker_worker.conftest import RATE, SESSION, TEXT, FailingEncoder, MakeRig, Rig, job_of, voice


def test_a_new_voice_is_told_and_then_who_spoke(rig: Rig) -> None:
    with rig.client.pubsub(ignore_subscribe_messages=True) as listening:
        listening.subscribe(RESULT_MESSAGES)
        listening.get_message(timeout=5)
        start = rig.say("low")
        published = [listening.get_message(timeout=5) for _ in range(2)]
    speakers, turns = rig.events()
    assert [BUS_EVENT.validate_json(message["data"]) for message in published if message] == [speakers, turns]
    assert (speakers.start, speakers.numbered().rev) == (None, 1)
    assert rig.speakers()[0].speakers == [Speaker(speaker=1)]
    assert turns.start == start
    assert isinstance(turns.speakers, Turns)
    assert turns.speakers.utterance == utterance_id(SESSION, start)
    [turn] = turns.speakers.turns
    assert (turn.speaker, turn.first_char, turn.end_char) == (1, 0, len(TEXT))
    assert (turn.start_sec, turn.end_sec) == pytest.approx((0.0, 3.0), abs=0.25)
    assert rig.of_all() == rig.events()
    assert rig.outcomes() == {"told": 1}


def test_who_was_heard_before_is_known_again(rig: Rig) -> None:
    starts = [rig.say(name) for name in ("low", "high", "low", "middle", "high")]
    assert rig.told() == list(zip(starts, [[1], [2], [1], [3], [2]], strict=True))
    assert [[one.speaker for one in message.speakers] for message in rig.speakers()] == [[1], [1, 2], [1, 2, 3]]


def test_a_turn_that_changes_inside_is_split(rig: Rig) -> None:
    rig.say("low")
    start = rig.say("low", "high", text="How are you today? I am well, thank you.")
    [(_, first), (where, both)] = rig.told()
    assert (first, where, both) == ([1], start, [1, 2])


def test_a_task_that_comes_again_tells_nothing_twice(rig: Rig) -> None:
    pcm = voice("low")
    for _ in range(3):
        rig.teller.handle(pcm, job_of(pcm))
    assert len(rig.events()) == 2
    assert rig.outcomes() == {"told": 1, "repeated": 2}


def test_too_little_of_a_voice_is_nobodys(rig: Rig) -> None:
    start = rig.say("low", seconds=0.2)
    assert rig.told() == [(start, [None])]
    assert rig.speakers() == []


def test_a_name_that_is_given_meanwhile_stays(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.say("low")
    named: list[bool] = []

    def read_and_be_overtaken(client: redis.Redis, session: str) -> Any:
        known = session_speakers(client, session)
        if not named:
            named.append(True)
            message = rig.speakers()[-1].model_copy(update={"speakers": [Speaker(speaker=1, name="Anna")]})
            assert tell_speakers(client, session, known, known.state, [(None, message)], ServiceSettings())
        return known

    monkeypatch.setattr(session_module, "session_speakers", read_and_be_overtaken)
    start = rig.say("high")
    assert rig.told()[-1] == (start, [2])
    assert rig.speakers()[-1].speakers == [Speaker(speaker=1, name="Anna"), Speaker(speaker=2)]
    assert session_speakers(rig.client, SESSION).speakers == (Speaker(speaker=1, name="Anna"), Speaker(speaker=2))


def test_who_is_always_overtaken_gives_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def overtaken(*_: Any) -> bool:
        tried.append(1)
        return False

    monkeypatch.setattr(session_module, "tell_speakers", overtaken)
    rig.say("low")
    assert len(tried) == ATTEMPTS
    assert (rig.outcomes(), rig.events()) == ({"conflict": 1}, [])


def test_forgotten_voices_get_new_numbers(rig: Rig) -> None:
    rig.say("low")
    rig.say("high")
    known = session_speakers(rig.client, SESSION)
    assert tell_speakers(rig.client, SESSION, known, b"", [], ServiceSettings())
    start = rig.say("high")
    assert rig.told()[-1] == (start, [3])
    assert [one.speaker for one in rig.speakers()[-1].speakers] == [1, 2, 3]


@pytest.mark.parametrize("state", [b"junk", b"WTS1\xff\xff\xff\xff", b"WTS1\x02\x00\x00\x00{}", b"WTS9" + bytes(40)])
def test_the_state_of_another_version_is_begun_anew(rig: Rig, state: bytes) -> None:
    rig.say("low")
    rig.client.hset(speakers_key(SESSION), "state", state)
    rig.say("low")
    assert [one.speaker for one in rig.speakers()[-1].speakers] == [1, 2]


def test_a_state_is_bounded() -> None:
    state = SessionState(b"voices", list(range(3 * HEARD_MAX)))
    again = unpacked(state.pack())
    assert (again.voices, again.heard) == (b"voices", state.heard[-HEARD_MAX:])


def test_all_that_is_kept_of_a_session_ends(rig: Rig) -> None:
    rig.say("low")
    ttl = ServiceSettings().session_ttl_sec
    kept = {speakers_key(SESSION).encode(), speaker_events_key(SESSION).encode(), b"wta:outcomes"}
    assert set(rig.client.keys()) == kept, "no try is left"
    assert all(0 < rig.client.ttl(key) <= ttl for key in kept)


@pytest.mark.parametrize(
    ("audio", "changes"),
    [
        (b"\0\0", {}),
        ("no bytes", {}),
        (None, {}),
        (voice("low"), {"end": 61 * RATE}),
        (voice("low"), {"session": "short"}),
        (voice("low"), {"speech": [[0, "a"]]}),
        (voice("low"), {"text": 7}),
    ],
)
def test_what_is_no_task_is_discarded(
    rig: Rig, audio: object, changes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    rig.teller.handle(audio, job_of(voice("low")) | changes)
    rig.teller.handle(audio, "nonsense")
    assert rig.outcomes() == {"invalid": 2}
    assert rig.client.keys() == []
    assert TEXT not in caplog.text
    assert SESSION not in caplog.text


def test_a_task_that_ends_its_workers_is_given_up(rig: Rig) -> None:
    pcm = voice("low")
    rig.client.set(speaker_tries_key(SESSION, 0), TRIES_MAX)
    rig.teller.handle(pcm, job_of(pcm))
    assert (rig.outcomes(), rig.events()) == ({"given_up": 1}, [])
    assert rig.client.ttl(speaker_tries_key(SESSION, 0)) > 0
    rig.client.set(speaker_tries_key(SESSION, 0), TRIES_MAX - 1)
    rig.teller.handle(pcm, job_of(pcm))
    assert rig.outcomes() == {"given_up": 1, "told": 1}
    assert not rig.client.exists(speaker_tries_key(SESSION, 0))


def test_an_encoder_that_fails_costs_that_utterance_its_speaker(make_rig: MakeRig) -> None:
    encoder = FailingEncoder()
    rig = make_rig(encoder)
    rig.say("low")
    rig.say("low")
    assert (rig.teller.failures_in_a_row, rig.events()) == (2, [])
    encoder.broken = False
    start = rig.say("low")
    assert rig.told() == [(start, [1])]
    assert rig.teller.failures_in_a_row == 0
    assert rig.outcomes() == {"failed": 2, "told": 1}


def test_a_worker_that_is_off_takes_tasks_and_tells_nothing(make_rig: MakeRig) -> None:
    rig = make_rig(off=True)
    rig.say("low")
    assert (rig.outcomes(), rig.client.keys()) == ({"off": 1}, [])


def test_without_redis_the_task_comes_again() -> None:
    pcm = voice("low")
    with redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as lost:
        rig = Rig(lost, DummyEncoder(), SpeakerSettings(speaker_redis_patience_sec=0))
        with pytest.raises(RedisUnavailableError):
            rig.teller.handle(pcm, job_of(pcm))
    assert rig.outcomes() == {}


def test_no_log_holds_what_was_said_or_the_session(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        rig.say("low")
        rig.say("low", live=False)
    assert "speakers utterance=" in caplog.text
    assert TEXT not in caplog.text
    assert SESSION not in caplog.text


def test_the_voices_of_a_file_are_kept_and_its_session_told_nothing(rig: Rig) -> None:
    start = rig.say("low", live=False)
    assert rig.client.hkeys(file_voices_key(SESSION)) == [str(start).encode()]
    assert 0 < rig.client.ttl(file_voices_key(SESSION)) <= 6 * 3600
    assert rig.events() == []
    assert rig.outcomes() == {"kept": 1}
