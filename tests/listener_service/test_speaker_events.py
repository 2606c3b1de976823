"""Who speaks is counted from the stream of all outcomes, once, in the same transaction. Real Redis, one process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.client import Pipeline

from contract.keys import LISTENER_STATE_KEY, OUTCOMES_STREAM, session_outcomes_key, shown_stats_key, stats_key
from contract.messages import Speaker
from contract.settings import ServiceSettings
from listener_service.counter import OutcomeCounter
from listener_service.metrics import ListenerMetrics
from listener_service.result_log import ResultLog
from listener_service.settings import ListenerSettings
from tests.listener_service.conftest import OTHER_SESSION, SESSION, Ender
from tests.support.told_speakers import Teller, turn

Words = dict[str, int]


class Rig:
    """Listeners on one Redis, one after the other, and what is known of SESSION."""

    def __init__(self, client: redis.Redis, folder: Path) -> None:
        self.client = client
        self.log_path = folder / "result_listener.log"
        self.metrics = ListenerMetrics()
        self.who = Teller(client, SESSION, ServiceSettings())
        self._logs: list[ResultLog] = []

    def counter(self, **changes: Any) -> OutcomeCounter:
        settings = ListenerSettings(result_log=self.log_path, **changes)
        self._logs.append(ResultLog(settings))
        return OutcomeCounter(self.client, settings, self._logs[-1], self.metrics)

    def close(self) -> None:
        for log in self._logs:
            log.close()

    def count(self) -> Words:
        """Have the next listener count what there is; words by speaker."""
        counter = self.counter()
        while counter.step():
            pass
        return self.words()

    def words(self, session: str = SESSION) -> Words:
        told: Any = json.loads(self.client.get(shown_stats_key(session)) or "{}")
        return {number: one["words"] for number, one in told["stats_session"]["speakers"].items()}

    def logged(self) -> list[dict[str, Any]]:
        """The lines of the log about who speaks."""
        lines = [json.loads(line) for line in self.log_path.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if line["type"] == "speakers"]


@pytest.fixture
def rig(redis_client: redis.Redis, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(redis_client, tmp_path)
    yield made
    made.close()


def test_a_result_and_its_turns_in_one_batch_or_two(rig: Rig, ender: Ender) -> None:
    ender.result()
    rig.who.turns(0, turn(1, 0.0, 2.0, 0, 18))
    assert rig.count() == {"1": 4}
    ender.result()
    assert rig.count() == {"1": 4}
    rig.who.turns(32_000, turn(1, 2.0, 3.0, 0, 6), turn(2, 3.0, 4.0, 6, 18))
    assert rig.count() == {"1": 6, "2": 2}
    rig.who.turns(64_000, turn(2, 4.0, 6.0, 0, 18))
    assert rig.count() == {"1": 6, "2": 2}
    ender.result()
    assert rig.count() == {"1": 6, "2": 6}


def test_turns_that_come_again_and_two_who_are_one(rig: Rig, ender: Ender) -> None:
    ender.result()
    rig.who.turns(0, turn(None, 0.0, 2.0, 0, 18))
    assert rig.count() == {}
    rig.who.turns(0, turn(2, 0.0, 2.0, 0, 18))
    assert rig.count() == {"2": 4}
    rig.who.speakers(Speaker(speaker=1, name="Anna"), Speaker(speaker=2, same_as=1))
    assert rig.count() == {"1": 4}


def test_sessions_are_apart_and_all_together_have_none(rig: Rig, ender: Ender, redis_client: redis.Redis) -> None:
    ender.result()
    ender.result(session=OTHER_SESSION)
    Teller(redis_client, OTHER_SESSION).turns(0, turn(1, 0.0, 2.0, 0, 18))
    rig.count()
    assert (rig.words(), rig.words(OTHER_SESSION)) == ({}, {"1": 4})
    told = json.loads(redis_client.get(shown_stats_key(OTHER_SESSION)) or "{}")
    assert told["stats_service"]["speakers"] == {}


def test_what_was_counted_is_never_counted_again(rig: Rig, ender: Ender, redis_client: redis.Redis) -> None:
    ender.result()
    rig.who.turns(0, turn(1, 0.0, 2.0, 0, 18))
    rig.count()
    redis_client.set(LISTENER_STATE_KEY, "damaged")  # the stream is read from its beginning again
    assert rig.count() == {"1": 4}
    assert rig.metrics.registry.get_sample_value("wta_listener_turns_total", {"speaker": "known"}) == 1


def test_a_listener_that_ends_in_the_middle_has_counted_nothing(
    rig: Rig, ender: Ender, monkeypatch: pytest.MonkeyPatch
) -> None:
    ender.result()
    rig.who.turns(0, turn(1, 0.0, 2.0, 0, 18))
    counter = rig.counter()
    with monkeypatch.context() as broken:
        broken.setattr(Pipeline, "execute", lambda *_: (_ for _ in ()).throw(redis.ConnectionError("cut")))
        with pytest.raises(redis.ConnectionError):
            counter.step()
    assert counter.step() == 2
    assert rig.words() == {"1": 4}
    assert len(rig.logged()) == 1


def test_a_result_that_redis_has_no_more_is_left_as_it_was(rig: Rig, ender: Ender, redis_client: redis.Redis) -> None:
    ender.result()
    rig.count()
    redis_client.delete(session_outcomes_key(SESSION))
    rig.who.turns(0, turn(1, 0.0, 2.0, 0, 18))
    assert rig.count() == {}


def test_a_state_of_an_older_listener_is_read(rig: Rig, ender: Ender, redis_client: redis.Redis) -> None:
    ender.result()
    rig.count()
    state = json.loads(redis_client.get(stats_key(SESSION)) or "{}")
    del state["speakers"]
    redis_client.set(stats_key(SESSION), json.dumps(state))
    ender.result()
    rig.who.turns(32_000, turn(1, 2.0, 4.0, 0, 18))
    assert rig.count() == {"1": 4}
    told = json.loads(redis_client.get(shown_stats_key(SESSION)) or "{}")
    assert told["stats_session"]["results"] == 2


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "nonsense",
        "{}",
        '{"rev": 1, "session": "short", "speakers": {"type": "turns", "utterance": "u", "turns": []}}',
        f'{{"session": "{SESSION}", "start": 0, "speakers": {{"type": "turns", "utterance": "u", "turns": []}}}}',
        f'{{"rev": 1, "session": "{SESSION}", "speakers": {{"type": "result"}}}}',
    ],
)
def test_an_entry_that_is_none_is_skipped_and_told(
    rig: Rig, ender: Ender, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture, entry: str
) -> None:
    redis_client.xadd(OUTCOMES_STREAM, {"speakers": entry})
    ender.result()
    rig.who.turns(0, turn(1, 0.0, 2.0, 0, 18))
    assert rig.count() == {"1": 4}
    assert "skipped" in caplog.text


def test_the_lines_have_numbers_and_no_names(rig: Rig, ender: Ender, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    utterance = ender.result()
    rig.who.turns(0, turn(1, 0.0, 1.5, 0, 13), turn(None, 1.5, 2.0, 13, 18))
    rig.who.speakers(Speaker(speaker=1, name="Anna"), Speaker(speaker=2, same_as=1))
    rig.count()
    rig.count()
    turns, speakers = rig.logged()
    assert (turns["utterance"], turns["rev"]) == (utterance, 1)
    assert turns["turns"] == [
        {"speaker": 1, "start_sec": 0.0, "end_sec": 1.5},
        {"speaker": None, "start_sec": 1.5, "end_sec": 2.0},
    ]
    assert speakers["speakers"] == [{"speaker": 1, "same_as": None}, {"speaker": 2, "same_as": 1}]
    assert "Anna" not in rig.log_path.read_text(encoding="utf-8")
    assert SESSION not in rig.log_path.read_text(encoding="utf-8")
    console = [record.getMessage() for record in caplog.records]
    assert f'speakers utterance={utterance} rev=1 turns="1:1.5,?:0.5"' in console
    assert any(line.startswith("speakers session=") and line.endswith("rev=2 speakers=1") for line in console)
    assert "Anna" not in caplog.text


def test_a_result_of_a_channel_counts_and_is_logged_with_its_speaker(
    rig: Rig, ender: Ender, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    ender.result(channel=2, speaker=2)
    assert rig.count() == {"2": 4}
    (line,) = [json.loads(line) for line in rig.log_path.read_text(encoding="utf-8").splitlines()]
    assert line["speaker"] == 2
    assert "speaker=2" in caplog.text


def test_the_metrics(rig: Rig, ender: Ender) -> None:
    ender.result()
    rig.who.turns(0, turn(1, 0.0, 1.5, 0, 13), turn(None, 1.5, 2.0, 13, 18))
    rig.who.turns(0, turn(1, 0.0, 1.5, 0, 13), turn(2, 1.5, 2.0, 13, 18))
    rig.count()
    value = rig.metrics.registry.get_sample_value
    assert value("wta_listener_turns_total", {"speaker": "known"}) == 3
    assert value("wta_listener_turns_total", {"speaker": "unknown"}) == 1
    assert value("wta_listener_session_speakers_count") == 2
