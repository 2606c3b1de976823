"""The stream is counted in order and once, whatever is in it and whoever else counts. Real Redis, one process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.client import Pipeline, PubSub

from contract.events import BUS_EVENT, OutcomeEvent, StatsEvent
from contract.keys import (
    LISTENER_STATE_KEY,
    OUTCOMES_STREAM,
    session_key,
    session_outcomes_key,
    shown_stats_key,
    stats_key,
)
from contract.messages import Result
from contract.queues import FINAL_STATS, RESULT_MESSAGES
from contract.settings import ServiceSettings
from listener_service.counter import STATE_TTL_SEC, OutcomeCounter
from listener_service.metrics import ListenerMetrics
from listener_service.result_log import ResultLog
from listener_service.settings import ListenerSettings
from tests.listener_service.conftest import OTHER_SESSION, SESSION, TIMINGS_MS, Ender, sentiment


class Rig:
    """Counters on one Redis, and what they publish."""

    def __init__(self, client: redis.Redis, folder: Path) -> None:
        self.client = client
        self.log_path = folder / "result_listener.log"
        self._logs: list[ResultLog] = []
        self.subscription: PubSub = client.pubsub(ignore_subscribe_messages=True)
        self.subscription.subscribe(RESULT_MESSAGES, FINAL_STATS)
        self.subscription.get_message(timeout=1)
        self.subscription.get_message(timeout=1)

    def counter(self, metrics: ListenerMetrics | None = None, **changes: Any) -> OutcomeCounter:
        settings = ListenerSettings(result_log=self.log_path, **changes)
        log = ResultLog(settings)
        self._logs.append(log)
        return OutcomeCounter(self.client, settings, log, metrics)

    def close(self) -> None:
        self.subscription.close()
        for log in self._logs:
            log.close()

    def published(self) -> tuple[list[OutcomeEvent], list[StatsEvent]]:
        """What has been published since the last call."""
        outcomes, stats = [], []
        while (message := self.subscription.get_message(timeout=0.2)) is not None:
            if message["channel"] == RESULT_MESSAGES.encode():
                event = BUS_EVENT.validate_json(message["data"])
                assert isinstance(event, OutcomeEvent)
                outcomes.append(event)
            else:
                stats.append(StatsEvent.model_validate_json(message["data"]))
        return outcomes, stats

    def logged(self) -> list[str]:
        """The utterances in the log."""
        return [json.loads(line)["utterance"] for line in self.log_path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def rig(redis_client: redis.Redis, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(redis_client, tmp_path)
    yield made
    made.close()


def drain(counter: OutcomeCounter) -> None:
    for _ in range(10_000):
        if not counter.step():
            return
    raise AssertionError("the stream has no end")


def test_outcomes_are_relayed_in_order_with_their_statistics(rig: Rig, ender: Ender) -> None:
    utterances = [
        ender.result("I love this movie."),
        ender.dropped(),
        ender.result("No!", session=OTHER_SESSION, sentiment=sentiment("negative", 0.8)),
        ender.error(),
    ]
    drain(rig.counter())
    outcomes, stats = rig.published()
    assert [event.message.utterance for event in outcomes] == utterances
    assert [event.seq for event in outcomes] == [event.message.seq for event in outcomes] == [1, 2, 1, 3]
    assert [event.session for event in stats] == [SESSION, SESSION, OTHER_SESSION, SESSION]
    assert [one.stats_session.utterances for one in stats] == [1, 2, 1, 3]
    assert [one.stats_service.utterances for one in stats] == [1, 2, 3, 4]
    last = stats[-1].stats_session
    assert (last.results, last.dropped, last.errors, last.words) == (1, 1, 1, 4)
    assert last.words_per_minute == 120.0
    assert stats[-1].stats_service.sentiment["negative"].count == 1
    assert rig.logged() == utterances


def test_a_result_tells_how_long_its_relay_took(rig: Rig, ender: Ender) -> None:
    ender.result()
    ender.dropped()
    drain(rig.counter())
    (result, dropped), stats = rig.published()
    timings = result.message.timings_ms
    assert list(timings) == [*TIMINGS_MS, "relay"]
    assert 0 <= timings["relay"] < 10_000
    assert "relay" not in dropped.message.timings_ms
    latency = stats[-1].stats_session.latency_ms.p50
    assert latency == pytest.approx(sum(timings.values()), abs=0.06)


def test_the_next_process_goes_on(rig: Rig, ender: Ender) -> None:
    ender.result()
    drain(rig.counter())
    rig.published()
    ender.result(session=OTHER_SESSION)
    ender.result()
    drain(rig.counter())
    outcomes, stats = rig.published()
    assert [event.seq for event in outcomes] == [1, 2]
    assert stats[-1].stats_session.utterances == 2
    assert stats[-1].stats_service.utterances == 3


def test_what_is_heard_again_counts_once(
    rig: Rig, ender: Ender, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    metrics = ListenerMetrics()
    counter = rig.counter(metrics)
    first = ender.result("Sawasdee.", language="th")
    drain(counter)
    again = ender.result("So what's the day?", session=OTHER_SESSION, repetition=True)
    drain(counter)  # a batch of nothing else
    ender.result("Yes.")
    drain(counter)
    outcomes, stats = rig.published()
    assert [event.repetition for event in outcomes] == [False, True, False], "all are relayed"
    assert [(one.session, one.stats_service.utterances) for one in stats] == [(SESSION, 1), (SESSION, 2)]
    assert (stats[-1].stats_service.words, stats[-1].stats_service.audio_sec) == (2, 4.0)
    assert not redis_client.exists(stats_key(OTHER_SESSION), shown_stats_key(OTHER_SESSION))
    labels = {"outcome": "result", "reason": ""}
    assert metrics.registry.get_sample_value("wta_listener_utterances_total", labels) == 2
    assert metrics.registry.get_sample_value("wta_listener_words_total") == 2
    lines = [record.getMessage() for record in caplog.records]
    assert sum(line.startswith("counted") for line in lines) == 2
    assert sum(line.startswith(f"repeated utterance={again}") for line in lines) == 1
    logged = [json.loads(line) for line in rig.log_path.read_text(encoding="utf-8").splitlines()]
    assert [line["repetition"] for line in logged] == [False, True, False]
    assert [line["utterance"] for line in logged][:2] == [first, again]


def test_small_batches_change_nothing(rig: Rig, ender: Ender) -> None:
    for _ in range(25):
        ender.result()
    drain(rig.counter(listener_batch=4))
    outcomes, stats = rig.published()
    assert [event.seq for event in outcomes] == list(range(1, 26))
    assert stats[-1].stats_service.utterances == 25


def test_a_transaction_that_fails_counts_nothing_and_comes_again(
    rig: Rig, ender: Ender, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = rig.counter()
    ender.result()
    drain(counter)
    rig.published()
    ender.result()
    execute = Pipeline.execute

    def lost(self: Pipeline, raise_on_error: bool = True) -> list[Any]:
        monkeypatch.setattr(Pipeline, "execute", execute)
        raise redis.ConnectionError("gone before it was executed")

    monkeypatch.setattr(Pipeline, "execute", lost)
    with pytest.raises(redis.ConnectionError):
        counter.step()
    assert rig.published() == ([], [])
    drain(counter)
    outcomes, stats = rig.published()
    assert [event.seq for event in outcomes] == [2]
    assert stats[-1].stats_service.utterances == 2
    assert len(rig.logged()) == 2


def test_a_batch_that_breaks_off_in_the_middle_counts_nothing(
    rig: Rig, ender: Ender, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = rig.counter()
    ender.result()
    ender.result()
    publish = Pipeline.publish

    def broken(self: Pipeline, channel: Any, message: Any) -> Any:
        if channel == FINAL_STATS:
            monkeypatch.setattr(Pipeline, "publish", publish)
            raise redis.RedisError("no more")
        return publish(self, channel, message)

    monkeypatch.setattr(Pipeline, "publish", broken)
    with pytest.raises(redis.RedisError):
        counter.step()
    drain(counter)
    outcomes, stats = rig.published()
    assert [event.seq for event in outcomes] == [1, 2]
    assert stats[-1].stats_service.utterances == stats[-1].stats_session.utterances == 2


def test_a_transaction_whose_answer_is_lost_is_not_done_twice(
    rig: Rig, ender: Ender, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = rig.counter()
    ender.result()
    execute = Pipeline.execute

    def answer_lost(self: Pipeline, raise_on_error: bool = True) -> list[Any]:
        monkeypatch.setattr(Pipeline, "execute", execute)
        execute(self, raise_on_error)
        raise redis.TimeoutError("the answer did not come")

    monkeypatch.setattr(Pipeline, "execute", answer_lost)
    with pytest.raises(redis.TimeoutError):
        counter.step()
    ender.result()
    drain(counter)
    outcomes, stats = rig.published()
    assert [event.seq for event in outcomes] == [1, 2]
    assert stats[-1].stats_service.utterances == 2


def test_two_listeners_count_each_outcome_once(rig: Rig, ender: Ender) -> None:
    first, second = rig.counter(listener_batch=1), rig.counter(listener_batch=1)
    for number in range(12):
        ender.result(session=SESSION if number % 2 else OTHER_SESSION)
        (first if number % 3 else second).step()
    drain(first)
    drain(second)
    outcomes, stats = rig.published()
    assert [(event.session == SESSION, event.seq) for event in outcomes] == [
        (n % 2 == 1, n // 2 + 1) for n in range(12)
    ]
    assert stats[-1].stats_service.utterances == 12
    assert stats[-1].stats_session.utterances == 6


def test_a_listener_that_is_overtaken_counts_nothing(rig: Rig, ender: Ender, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one commits between this one's look at the stream and its transaction."""
    first, second = rig.counter(), rig.counter()
    ender.result()
    execute = Pipeline.execute

    def overtaken(self: Pipeline, raise_on_error: bool = True) -> list[Any]:
        monkeypatch.setattr(Pipeline, "execute", execute)
        drain(second)
        return execute(self, raise_on_error)

    monkeypatch.setattr(Pipeline, "execute", overtaken)
    drain(first)
    outcomes, stats = rig.published()
    assert len(outcomes) == 1
    assert stats[-1].stats_service.utterances == 1


MALFORMED: list[dict[Any, Any]] = [
    {"event": "no JSON, but swordfish"},
    {"event": ""},
    {"event": "[]"},
    {"event": json.dumps({"v": 2, "session": SESSION, "start": 0, "message": {"type": "result"}})},
    {"event": json.dumps({"session": SESSION, "seq": 1, "start": 0, "message": {"type": "swordfish"}})},
    {"other": "swordfish"},
]


def good_event(**changes: Any) -> dict[str, Any]:
    message = Result(utterance="u-0", duration_sec=2.0, text="swordfish", language="en")
    return {**OutcomeEvent(session=SESSION, seq=1, start=0, message=message).model_dump(mode="json"), **changes}


IMPLAUSIBLE = [
    good_event(seq=0),
    good_event(ended_ms=-1.0),
    good_event(ended_ms=1e300),
    good_event(message={**good_event()["message"], "timings_ms": {"speech": float("inf")}}),
    good_event(message={**good_event()["message"], "timings_ms": {"speech": float("nan")}}),
    good_event(message={**good_event()["message"], "duration_sec": float("inf")}),
]


@pytest.mark.parametrize("fields", MALFORMED + [{"event": json.dumps(event)} for event in IMPLAUSIBLE])
def test_what_is_no_outcome_is_skipped_for_good(
    rig: Rig, ender: Ender, fields: dict[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    rig.client.xadd(OUTCOMES_STREAM, fields)
    counter = rig.counter()
    drain(counter)
    assert "skipped" in caplog.text
    assert "swordfish" not in caplog.text
    caplog.clear()
    ender.result()
    drain(counter)
    drain(rig.counter())
    outcomes, stats = rig.published()
    assert [event.seq for event in outcomes] == [1]
    assert stats[-1].stats_service.utterances == 1
    assert "skipped" not in caplog.text


def test_statistics_of_many_sessions_are_not_all_held(rig: Rig, ender: Ender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listener_service.counter.SESSIONS_CACHED", 3)
    counter = rig.counter()
    sessions = [f"session-number-{number:04}" for number in range(20)]
    for _ in range(3):
        for session in sessions:
            ender.result(session=session)
        drain(counter)
    assert len(counter._sessions) == 3
    _, stats = rig.published()
    assert [one.stats_session.utterances for one in stats[-20:]] == [3] * 20
    assert stats[-1].stats_service.utterances == 60


def test_everything_kept_in_redis_expires(rig: Rig, ender: Ender) -> None:
    ender.result()
    drain(rig.counter(session_ttl_sec=600))
    assert 0 < rig.client.ttl(stats_key(SESSION)) <= 600
    assert 0 < rig.client.ttl(shown_stats_key(SESSION)) <= 600
    assert 600 < rig.client.ttl(LISTENER_STATE_KEY) <= STATE_TTL_SEC
    assert rig.client.ttl(OUTCOMES_STREAM) > 0


def test_a_trimmed_stream_is_told(rig: Rig, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture) -> None:
    ender = Ender(redis_client, ServiceSettings(outcomes_max=100))
    ender.result()
    drain(rig.counter())
    for _ in range(450):
        ender.result()
    drain(rig.counter())
    assert "trimmed beyond the last position" in caplog.text
    lost = 451 - 1 - redis_client.xlen(OUTCOMES_STREAM)
    assert lost > 0
    assert f"{lost} outcomes were never seen" in caplog.text
    _, stats = rig.published()
    assert stats[-1].stats_service.utterances == 451 - lost


def test_a_stream_that_was_trimmed_behind_the_position_is_no_gap(
    rig: Rig, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    ender = Ender(redis_client, ServiceSettings(outcomes_max=100))
    counter = rig.counter()
    for _ in range(450):
        ender.result()
        drain(counter)
    drain(rig.counter())
    assert "trimmed" not in caplog.text
    assert "never seen" not in caplog.text


def test_a_stream_that_expired_is_no_gap(rig: Rig, ender: Ender, caplog: pytest.LogCaptureFixture) -> None:
    ender.result()
    drain(rig.counter())
    rig.client.delete(OUTCOMES_STREAM)
    ender.result()
    drain(rig.counter())
    assert "trimmed" not in caplog.text
    _, stats = rig.published()
    assert stats[-1].stats_service.utterances == 2


def test_a_stream_of_an_earlier_clock_is_counted(rig: Rig, ender: Ender, caplog: pytest.LogCaptureFixture) -> None:
    ender.result()
    drain(rig.counter())
    rig.client.delete(OUTCOMES_STREAM)
    event = good_event(seq=2)
    rig.client.xadd(OUTCOMES_STREAM, {"event": json.dumps(event)}, id="1000-0")
    counter = rig.counter()
    drain(counter)
    assert "began anew" in caplog.text
    _, stats = rig.published()
    assert stats[-1].stats_service.utterances == 2


@pytest.mark.parametrize("saved", ["nonsense", "[]", "{}", '{"position": "x", "statistics": {}}'])
def test_a_state_that_cannot_be_read_is_begun_anew(
    rig: Rig, ender: Ender, saved: str, caplog: pytest.LogCaptureFixture
) -> None:
    ender.result()
    rig.client.set(LISTENER_STATE_KEY, saved)
    drain(rig.counter())
    assert "saved statistics cannot be read" in caplog.text
    _, stats = rig.published()
    assert stats[-1].stats_service.utterances == 1


def test_a_lost_position_does_not_count_a_session_twice(rig: Rig, ender: Ender) -> None:
    ender.result()
    ender.result()
    drain(rig.counter())
    rig.client.delete(LISTENER_STATE_KEY)
    rig.published()
    drain(rig.counter())
    _, stats = rig.published()
    assert stats[-1].stats_session.utterances == 2
    assert stats[-1].stats_service.utterances == 2
    assert len(rig.logged()) == 2


def test_a_session_whose_statistics_cannot_be_read_goes_on(rig: Rig, ender: Ender) -> None:
    ender.result()
    rig.client.set(stats_key(SESSION), "nonsense")
    drain(rig.counter())
    _, stats = rig.published()
    assert stats[-1].stats_session.utterances == 1


def test_no_session_id_in_the_logs(rig: Rig, ender: Ender, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    ender.result("swordfish")
    rig.client.delete(session_key(SESSION), session_outcomes_key(SESSION))
    ender.result("swordfish")
    drain(rig.counter())
    assert "counted before" in caplog.text
    assert SESSION not in caplog.text
    assert "swordfish" not in caplog.text
    assert SESSION not in rig.log_path.read_text(encoding="utf-8")


def test_an_empty_stream_is_no_work(rig: Rig) -> None:
    assert rig.counter().step() == 0
    assert rig.published() == ([], [])
