"""The real process on a real Redis: killed, cut off, restarted, flooded, and stopped."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.client import PubSub

from contract.events import OutcomeEvent, StatsEvent
from contract.keys import LISTENER_STATE_KEY, OUTCOMES_STREAM, stats_key, workers_key
from contract.queues import FINAL_STATS, RESULT_CHANNEL, RESULT_MESSAGES
from harness.processes import ROOT, Service, answers, free_port, python_service, redis_service, wait_until
from runtime.worker.heartbeat import parse_worker
from tests.listener_service.conftest import SESSION, Ender

START_SEC = 120.0
WAIT_SEC = 60.0


class Rig:
    """A Redis and a listener, both of which may be killed and started again."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.log_path = folder / "result_listener.log"
        self.port = free_port()
        self.redis = redis_service(self.port, folder)
        self.client = redis.Redis(port=self.port)
        self.ender = Ender(self.client)
        environment = {
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.port),
            **settings,
        }
        module = ["-W", "error", "-m", "listener_service"]
        self.listener = python_service("listener", module, environment, folder)

    def start_redis(self) -> None:
        self.redis.start()
        wait_until(lambda: answers(self.port), START_SEC, "Redis answers")

    def start(self) -> None:
        """Start the listener and wait until it has caught up."""
        count = self.console().count("caught up")
        self.listener.start()

        def caught_up() -> bool:
            assert self.listener.running, self.listener.tail()
            return self.console().count("caught up") > count

        wait_until(caught_up, START_SEC, "the listener has caught up")

    def counted(self) -> int:
        """Utterances in the service-wide statistics."""
        raw: Any = self.client.get(LISTENER_STATE_KEY)
        if raw is None:
            return 0
        statistics = json.loads(raw)["statistics"]
        return int(statistics["results"] + statistics["dropped"] + statistics["errors"])

    def wait_counted(self, count: int) -> None:
        wait_until(lambda: self.counted() >= count, WAIT_SEC, f"{count} outcomes are counted: {self.listener.tail()}")
        assert self.counted() == count

    def session_counts(self) -> int:
        raw: Any = self.client.get(stats_key(SESSION))
        return int(json.loads(raw)["results"])

    def signed_on(self) -> list[str]:
        raw: Any = self.client.hgetall(workers_key("listener"))
        return [name.decode() for name, value in raw.items() if parse_worker(value) is not None]

    def subscribe(self, *channels: str) -> PubSub:
        subscription: PubSub = self.client.pubsub()
        subscription.subscribe(*channels)
        for _ in channels:
            assert subscription.get_message(timeout=WAIT_SEC) is not None
        return subscription

    def console(self) -> str:
        return self.listener.log.read_text() if self.listener.log.exists() else ""

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_path.read_text(encoding="utf-8").splitlines()]

    def close(self) -> None:
        self.listener.kill()
        self.client.close()
        self.redis.kill()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.start_redis()
    yield made
    made.close()


def test_an_outcome_reaches_all_its_places(rig: Rig) -> None:
    rig.start()
    assert len(rig.signed_on()) == 1
    with rig.subscribe(RESULT_MESSAGES, FINAL_STATS) as subscription:
        utterance = rig.ender.result("The password is swordfish.")
        messages = [subscription.get_message(timeout=WAIT_SEC) for _ in range(2)]
    outcome, stats = (message["data"] for message in messages if message is not None)
    event = OutcomeEvent.model_validate_json(outcome)
    assert (event.seq, event.message.utterance) == (1, utterance)
    assert "relay" in event.message.timings_ms
    assert StatsEvent.model_validate_json(stats).stats_session.words == 4
    (line,) = rig.logged()
    assert (line["utterance"], line["text"]) == (utterance, "The password is swordfish.")
    wait_until(
        lambda: f"counted utterance={utterance} seq=1 outcome=result words=4 " in rig.console(),
        WAIT_SEC,
        "the console tells",
    )
    assert "swordfish" not in rig.console()
    assert SESSION not in rig.console()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_soon_and_signs_off(rig: Rig, number: signal.Signals) -> None:
    rig.start()
    assert rig.listener.process is not None
    began = time.monotonic()
    rig.listener.process.send_signal(number)
    assert rig.listener.process.wait(5) == 0
    assert time.monotonic() - began < 5
    assert rig.signed_on() == []


def test_it_ends_soon_without_redis(rig: Rig) -> None:
    rig.start()
    rig.redis.kill()
    wait_until(lambda: "Redis:" in rig.console(), WAIT_SEC, "the listener has noticed")
    assert rig.listener.process is not None
    rig.listener.process.send_signal(signal.SIGTERM)
    assert rig.listener.process.wait(5) == 0


def test_what_happened_while_it_was_down_is_caught_up_in_order(rig: Rig) -> None:
    rig.start()
    rig.ender.result()
    rig.wait_counted(1)
    assert rig.listener.stop() == 0
    for _ in range(250):
        rig.ender.result()
    with rig.subscribe(RESULT_MESSAGES) as subscription:
        rig.start()
        seqs: list[int] = []
        while len(seqs) < 250:
            message = subscription.get_message(timeout=WAIT_SEC)
            assert message is not None
            seqs.append(OutcomeEvent.model_validate_json(message["data"]).seq)
    assert seqs == list(range(2, 252))
    rig.wait_counted(251)
    assert [line["seq"] for line in rig.logged()] == list(range(1, 252))


def test_killed_again_and_again_it_counts_each_outcome_once(tmp_path: Path) -> None:
    """SIGKILL in the middle of catching up and in the middle of live traffic, at another count each time."""
    rig = Rig(tmp_path, LISTENER_BATCH="10")
    rig.start_redis()
    try:
        total = 0
        for rounds in range(6):
            for _ in range(300):
                rig.ender.result()
            total += 300
            live = rounds % 2 == 1
            rig.start() if live else rig.listener.start()
            goal = rig.counted() + 7 * rounds
            while rig.counted() <= goal:
                assert rig.listener.running, rig.listener.tail()
                if live:
                    rig.ender.result()
                    total += 1
            rig.listener.kill()
        rig.start()
        rig.wait_counted(total)
        assert rig.session_counts() == total
        assert [line["seq"] for line in rig.logged()] == list(range(1, total + 1))
    finally:
        rig.close()


def test_redis_lost_and_back_with_its_append_only_file(rig: Rig) -> None:
    rig.start()
    for _ in range(10):
        rig.ender.result()
    rig.wait_counted(10)
    pid = rig.listener.process and rig.listener.process.pid
    rig.redis.stop()
    wait_until(lambda: "again in 2.0 s" in rig.console(), WAIT_SEC, "the listener waits longer each time")
    rig.start_redis()
    for _ in range(10):
        rig.ender.result()
    rig.wait_counted(20)
    assert rig.session_counts() == 20
    assert rig.listener.process is not None
    assert (rig.listener.process.pid, rig.listener.running) == (pid, True)
    wait_until(lambda: len(rig.signed_on()) == 1, WAIT_SEC, "the heartbeat goes on")
    with rig.subscribe(RESULT_MESSAGES) as subscription:
        rig.ender.result()
        assert subscription.get_message(timeout=WAIT_SEC) is not None, "it has subscribed again"
    assert [line["seq"] for line in rig.logged()] == list(range(1, 22))


def test_a_redis_that_comes_later_is_waited_for(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    try:
        rig.listener.start()
        wait_until(lambda: "again in" in rig.console(), START_SEC, "the listener waits")
        rig.start_redis()
        rig.ender.result()
        rig.wait_counted(1)
        wait_until(lambda: len(rig.signed_on()) == 1, WAIT_SEC, "it signs on")
    finally:
        rig.close()


def test_a_frozen_redis_is_no_end(rig: Rig) -> None:
    rig.start()
    assert rig.redis.process is not None
    rig.redis.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: "again in" in rig.console(), WAIT_SEC, "the listener has noticed")
    finally:
        rig.redis.process.send_signal(signal.SIGCONT)
    rig.ender.result()
    rig.wait_counted(1)


def test_a_message_that_was_lost_is_found_in_the_stream(rig: Rig) -> None:
    """Nothing is published: the listener looks by itself."""
    rig.start()
    event = OutcomeEvent.model_validate_json(json.dumps(EVENT))
    rig.client.xadd(OUTCOMES_STREAM, {"event": event.model_dump_json()})
    rig.wait_counted(1)


EVENT = {
    "session": SESSION,
    "seq": 1,
    "start": 0,
    "message": {"type": "result", "utterance": "u-0", "duration_sec": 2.0, "text": "swordfish", "language": "en"},
}


def test_nonsense_on_the_channel_and_in_the_stream_is_skipped(rig: Rig) -> None:
    rig.start()
    for nonsense in ("swordfish", "", "[]", "\x00\xff", '{"event": "swordfish"}', "x" * 1_000_000):
        rig.client.publish(RESULT_CHANNEL, nonsense)
        rig.client.xadd(OUTCOMES_STREAM, {"event": nonsense})
        rig.client.xadd(OUTCOMES_STREAM, {nonsense: nonsense})
    rig.client.publish(RESULT_CHANNEL, b"\xff\xfe")
    rig.client.xadd(OUTCOMES_STREAM, {b"event": b"\xff\xfe"})
    rig.ender.result()
    rig.wait_counted(1)
    assert rig.console().count("stream entry") == 13
    wait_until(lambda: rig.console().count(f"message on {RESULT_CHANNEL} skipped") == 7, WAIT_SEC, "each is told of")
    assert "swordfish" not in rig.console()
    assert rig.listener.running


def test_texts_cannot_forge_lines(tmp_path: Path) -> None:
    rig = Rig(tmp_path, CONSOLE_TEXT="true")
    rig.start_redis()
    try:
        rig.start()
        text = 'x"}\n{"seq": 99, "text": "forged"}\r\n\x1b[2J\x1b]0;title\x07\u2028\x85\n2026-01-01 INFO forged'
        rig.ender.result(text)
        rig.ender.result("after")
        rig.wait_counted(2)
        assert [(line["seq"], line["text"]) for line in rig.logged()] == [(1, text), (2, "after")]
        raw = rig.log_path.read_text(encoding="utf-8")
        assert len(raw.splitlines()) == 2, "by the line ends of any reader"
        wait_until(lambda: "after" in rig.console(), WAIT_SEC, "the console shows the text")
        lines = rig.console().splitlines()
        assert all(line.isprintable() for line in lines)
        assert [line for line in lines if line.startswith("2026-01-01")] == []
    finally:
        rig.close()


def test_the_log_rotates_while_it_runs(tmp_path: Path) -> None:
    rig = Rig(tmp_path, RESULT_LOG_MAX_BYTES="4000", RESULT_LOG_COUNT="2")
    rig.start_redis()
    try:
        rig.start()
        for _ in range(60):
            rig.ender.result()
        rig.wait_counted(60)
        files = sorted(path.name for path in tmp_path.glob("result_listener.log*"))
        assert files == ["result_listener.log", "result_listener.log.1", "result_listener.log.2"]
        assert all((tmp_path / name).stat().st_size <= 4_000 for name in files)
    finally:
        rig.close()


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, RESULT_LOG=str(tmp_path / "no" / "such" / "folder" / "result_listener.log"))
    rig.start_redis()
    try:
        rig.start()
        with rig.subscribe(RESULT_MESSAGES) as subscription:
            for _ in range(5):
                rig.ender.result()
                assert subscription.get_message(timeout=WAIT_SEC) is not None
        assert rig.console().count("cannot be written") == 1
    finally:
        rig.close()


def test_the_log_can_be_switched_off(tmp_path: Path) -> None:
    rig = Rig(tmp_path, RESULT_LOG_ENABLED="false")
    rig.start_redis()
    try:
        rig.start()
        rig.ender.result("swordfish")
        rig.wait_counted(1)
        assert rig.listener.stop() == 0
        assert not rig.log_path.exists()
        files = [path for path in tmp_path.iterdir() if path.is_file() and path.suffix != ".aof"]  # that is Redis's
        texts = [path for path in files if b"swordfish" in path.read_bytes()]
        assert texts == []
    finally:
        rig.close()


def test_a_full_redis_is_waited_out(rig: Rig) -> None:
    rig.start()
    assert rig.listener.process is not None
    rig.listener.process.send_signal(signal.SIGSTOP)
    rig.ender.result()
    rig.client.config_set("maxmemory", 1)
    rig.listener.process.send_signal(signal.SIGCONT)
    wait_until(lambda: "again in" in rig.console(), WAIT_SEC, "the listener was refused")
    assert rig.counted() == 0
    rig.client.config_set("maxmemory", 0)
    rig.wait_counted(1)
    assert len(rig.logged()) == 1


def test_it_starts_as_a_module_too(rig: Rig) -> None:
    environment = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(rig.port)}
    module = python_service("module", ["-m", "listener_service"], environment, rig.folder)
    module.start()
    try:
        wait_until(lambda: len(rig.signed_on()) == 1, START_SEC, "it signs on")
    finally:
        assert module.stop() == 0


def test_it_starts_without_pythonpath(rig: Rig) -> None:
    environment = {
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(rig.port),
        "RESULT_LOG": str(rig.log_path),
        "PYTHONPATH": "",
    }
    at_the_root = f"cd {shlex.quote(str(ROOT))} && exec {shlex.quote(sys.executable)} -m listener_service"
    bare = Service("bare", ["sh", "-c", at_the_root], environment, rig.folder)
    bare.start()
    try:
        wait_until(lambda: len(rig.signed_on()) == 1, START_SEC, "it signs on")
    finally:
        assert bare.stop() == 0
