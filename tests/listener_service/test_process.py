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


class Bench:
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
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.start_redis()
    yield made
    made.close()


def test_an_outcome_reaches_all_its_places(bench: Bench) -> None:
    bench.start()
    assert len(bench.signed_on()) == 1
    with bench.subscribe(RESULT_MESSAGES, FINAL_STATS) as subscription:
        utterance = bench.ender.result("The password is swordfish.")
        messages = [subscription.get_message(timeout=WAIT_SEC) for _ in range(2)]
    outcome, stats = (message["data"] for message in messages if message is not None)
    event = OutcomeEvent.model_validate_json(outcome)
    assert (event.seq, event.message.utterance) == (1, utterance)
    assert "relay" in event.message.timings_ms
    assert StatsEvent.model_validate_json(stats).stats_session.words == 4
    (line,) = bench.logged()
    assert (line["utterance"], line["text"]) == (utterance, "The password is swordfish.")
    wait_until(
        lambda: f"counted utterance={utterance} seq=1 outcome=result words=4 " in bench.console(),
        WAIT_SEC,
        "the console tells",
    )
    assert "swordfish" not in bench.console()
    assert SESSION not in bench.console()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_soon_and_signs_off(bench: Bench, number: signal.Signals) -> None:
    bench.start()
    assert bench.listener.process is not None
    began = time.monotonic()
    bench.listener.process.send_signal(number)
    assert bench.listener.process.wait(5) == 0
    assert time.monotonic() - began < 5
    assert bench.signed_on() == []


def test_it_ends_soon_without_redis(bench: Bench) -> None:
    bench.start()
    bench.redis.kill()
    wait_until(lambda: "Redis:" in bench.console(), WAIT_SEC, "the listener has noticed")
    assert bench.listener.process is not None
    bench.listener.process.send_signal(signal.SIGTERM)
    assert bench.listener.process.wait(5) == 0


def test_what_happened_while_it_was_down_is_caught_up_in_order(bench: Bench) -> None:
    bench.start()
    bench.ender.result()
    bench.wait_counted(1)
    assert bench.listener.stop() == 0
    for _ in range(250):
        bench.ender.result()
    with bench.subscribe(RESULT_MESSAGES) as subscription:
        bench.start()
        seqs: list[int] = []
        while len(seqs) < 250:
            message = subscription.get_message(timeout=WAIT_SEC)
            assert message is not None
            seqs.append(OutcomeEvent.model_validate_json(message["data"]).seq)
    assert seqs == list(range(2, 252))
    bench.wait_counted(251)
    assert [line["seq"] for line in bench.logged()] == list(range(1, 252))


def test_killed_again_and_again_it_counts_each_outcome_once(tmp_path: Path) -> None:
    """SIGKILL in the middle of catching up and in the middle of live traffic, at another count each time."""
    bench = Bench(tmp_path, LISTENER_BATCH="10")
    bench.start_redis()
    try:
        total = 0
        for rounds in range(6):
            for _ in range(300):
                bench.ender.result()
            total += 300
            live = rounds % 2 == 1
            bench.start() if live else bench.listener.start()
            goal = bench.counted() + 7 * rounds
            while bench.counted() <= goal:
                assert bench.listener.running, bench.listener.tail()
                if live:
                    bench.ender.result()
                    total += 1
            bench.listener.kill()
        bench.start()
        bench.wait_counted(total)
        assert bench.session_counts() == total
        assert [line["seq"] for line in bench.logged()] == list(range(1, total + 1))
    finally:
        bench.close()


def test_redis_lost_and_back_with_its_append_only_file(bench: Bench) -> None:
    bench.start()
    for _ in range(10):
        bench.ender.result()
    bench.wait_counted(10)
    pid = bench.listener.process and bench.listener.process.pid
    bench.redis.stop()
    wait_until(lambda: "again in 2.0 s" in bench.console(), WAIT_SEC, "the listener waits longer each time")
    bench.start_redis()
    for _ in range(10):
        bench.ender.result()
    bench.wait_counted(20)
    assert bench.session_counts() == 20
    assert bench.listener.process is not None
    assert (bench.listener.process.pid, bench.listener.running) == (pid, True)
    wait_until(lambda: len(bench.signed_on()) == 1, WAIT_SEC, "the heartbeat goes on")
    with bench.subscribe(RESULT_MESSAGES) as subscription:
        bench.ender.result()
        assert subscription.get_message(timeout=WAIT_SEC) is not None, "it has subscribed again"
    assert [line["seq"] for line in bench.logged()] == list(range(1, 22))


def test_a_redis_that_comes_later_is_waited_for(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    try:
        bench.listener.start()
        wait_until(lambda: "again in" in bench.console(), START_SEC, "the listener waits")
        bench.start_redis()
        bench.ender.result()
        bench.wait_counted(1)
        wait_until(lambda: len(bench.signed_on()) == 1, WAIT_SEC, "it signs on")
    finally:
        bench.close()


def test_a_frozen_redis_is_no_end(bench: Bench) -> None:
    bench.start()
    assert bench.redis.process is not None
    bench.redis.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: "again in" in bench.console(), WAIT_SEC, "the listener has noticed")
    finally:
        bench.redis.process.send_signal(signal.SIGCONT)
    bench.ender.result()
    bench.wait_counted(1)


def test_a_message_that_was_lost_is_found_in_the_stream(bench: Bench) -> None:
    """Nothing is published: the listener looks by itself."""
    bench.start()
    event = OutcomeEvent.model_validate_json(json.dumps(EVENT))
    bench.client.xadd(OUTCOMES_STREAM, {"event": event.model_dump_json()})
    bench.wait_counted(1)


EVENT = {
    "session": SESSION,
    "seq": 1,
    "start": 0,
    "message": {"type": "result", "utterance": "u-0", "duration_sec": 2.0, "text": "swordfish", "language": "en"},
}


def test_nonsense_on_the_channel_and_in_the_stream_is_skipped(bench: Bench) -> None:
    bench.start()
    for nonsense in ("swordfish", "", "[]", "\x00\xff", '{"event": "swordfish"}', "x" * 1_000_000):
        bench.client.publish(RESULT_CHANNEL, nonsense)
        bench.client.xadd(OUTCOMES_STREAM, {"event": nonsense})
        bench.client.xadd(OUTCOMES_STREAM, {nonsense: nonsense})
    bench.client.publish(RESULT_CHANNEL, b"\xff\xfe")
    bench.client.xadd(OUTCOMES_STREAM, {b"event": b"\xff\xfe"})
    bench.ender.result()
    bench.wait_counted(1)
    assert bench.console().count("stream entry") == 13
    wait_until(lambda: bench.console().count(f"message on {RESULT_CHANNEL} skipped") == 7, WAIT_SEC, "each is told of")
    assert "swordfish" not in bench.console()
    assert bench.listener.running


def test_texts_cannot_forge_lines(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CONSOLE_TEXT="true")
    bench.start_redis()
    try:
        bench.start()
        text = 'x"}\n{"seq": 99, "text": "forged"}\r\n\x1b[2J\x1b]0;title\x07\u2028\x85\n2026-01-01 INFO forged'
        bench.ender.result(text)
        bench.ender.result("after")
        bench.wait_counted(2)
        assert [(line["seq"], line["text"]) for line in bench.logged()] == [(1, text), (2, "after")]
        raw = bench.log_path.read_text(encoding="utf-8")
        assert len(raw.splitlines()) == 2, "by the line ends of any reader"
        wait_until(lambda: "after" in bench.console(), WAIT_SEC, "the console shows the text")
        lines = bench.console().splitlines()
        assert all(line.isprintable() for line in lines)
        assert [line for line in lines if line.startswith("2026-01-01")] == []
    finally:
        bench.close()


def test_the_log_rotates_while_it_runs(tmp_path: Path) -> None:
    bench = Bench(tmp_path, RESULT_LOG_MAX_BYTES="4000", RESULT_LOG_COUNT="2")
    bench.start_redis()
    try:
        bench.start()
        for _ in range(60):
            bench.ender.result()
        bench.wait_counted(60)
        files = sorted(path.name for path in tmp_path.glob("result_listener.log*"))
        assert files == ["result_listener.log", "result_listener.log.1", "result_listener.log.2"]
        assert all((tmp_path / name).stat().st_size <= 4_000 for name in files)
    finally:
        bench.close()


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, RESULT_LOG=str(tmp_path / "no" / "such" / "folder" / "result_listener.log"))
    bench.start_redis()
    try:
        bench.start()
        with bench.subscribe(RESULT_MESSAGES) as subscription:
            for _ in range(5):
                bench.ender.result()
                assert subscription.get_message(timeout=WAIT_SEC) is not None
        assert bench.console().count("cannot be written") == 1
    finally:
        bench.close()


def test_the_log_can_be_switched_off(tmp_path: Path) -> None:
    bench = Bench(tmp_path, RESULT_LOG_ENABLED="false")
    bench.start_redis()
    try:
        bench.start()
        bench.ender.result("swordfish")
        bench.wait_counted(1)
        assert bench.listener.stop() == 0
        assert not bench.log_path.exists()
        files = [path for path in tmp_path.iterdir() if path.is_file() and path.suffix != ".aof"]  # that is Redis's
        texts = [path for path in files if b"swordfish" in path.read_bytes()]
        assert texts == []
    finally:
        bench.close()


def test_a_full_redis_is_waited_out(bench: Bench) -> None:
    bench.start()
    assert bench.listener.process is not None
    bench.listener.process.send_signal(signal.SIGSTOP)
    bench.ender.result()
    bench.client.config_set("maxmemory", 1)
    bench.listener.process.send_signal(signal.SIGCONT)
    wait_until(lambda: "again in" in bench.console(), WAIT_SEC, "the listener was refused")
    assert bench.counted() == 0
    bench.client.config_set("maxmemory", 0)
    bench.wait_counted(1)
    assert len(bench.logged()) == 1


def test_it_starts_as_a_module_too(bench: Bench) -> None:
    environment = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(bench.port)}
    module = python_service("module", ["-m", "listener_service"], environment, bench.folder)
    module.start()
    try:
        wait_until(lambda: len(bench.signed_on()) == 1, START_SEC, "it signs on")
    finally:
        assert module.stop() == 0


def test_it_starts_without_pythonpath(bench: Bench) -> None:
    environment = {
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(bench.port),
        "RESULT_LOG": str(bench.log_path),
        "PYTHONPATH": "",
    }
    at_the_root = f"cd {shlex.quote(str(ROOT))} && exec {shlex.quote(sys.executable)} -m listener_service"
    bare = Service("bare", ["sh", "-c", at_the_root], environment, bench.folder)
    bare.start()
    try:
        wait_until(lambda: len(bench.signed_on()) == 1, START_SEC, "it signs on")
    finally:
        assert bare.stop() == 0
