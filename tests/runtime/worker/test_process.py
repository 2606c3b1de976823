"""The shell of a worker, without a model: what it starts, what it refuses, and what becomes of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from celery.exceptions import Reject
from celery.worker import state as worker_state

from contract.keys import workers_key
from contract.settings import MeasuredSettings
from runtime.broker.app import make_celery
from runtime.metrics.worker import WorkerMetrics
from runtime.redis_retry import RedisUnavailableError
from runtime.worker.exit_codes import CANNOT_START_EXIT_CODE, RESTART_EXIT_CODE
from runtime.worker.heartbeat import alive
from runtime.worker.process import BatchProcess, CannotStartError, end_for_restart, refuse_other_pools

QUEUE = "shell_queue"
TASK = "shell_task"


class Shell(BatchProcess[MeasuredSettings, WorkerMetrics]):
    """Does nothing."""

    missing = ""

    def __init__(self, redis_port: int) -> None:
        settings = MeasuredSettings(redis_host="127.0.0.1", redis_port=redis_port)
        self.metrics = WorkerMetrics("wta_shell", kept="kept", stages=("shell",))
        self.app = make_celery("shell", settings, QUEUE)
        super().__init__(settings, self.app, QUEUE, TASK, 1, self.metrics)

    def load(self, client: redis.Redis) -> None:
        if self.missing:
            raise CannotStartError(self.missing)
        self.register(client, "nothing", True, 600.0)

    def queue(self, *names: str) -> None:
        for name in names:
            self.app.send_task(TASK, args=[name], queue=QUEUE)

    @property
    def given_back(self) -> float:
        return float(self.metrics.registry.get_sample_value("wta_shell_given_back_total") or 0)


@pytest.fixture
def shell(redis_port: int, redis_client: redis.Redis) -> Iterator[Shell]:
    made = Shell(redis_port)
    yield made
    made.stop()


def handler(seen: list[Any], trouble: Callable[[Any], bool] = lambda _: False) -> Callable[..., Any]:
    def handle_all(tasks: list[tuple[Any, ...]]) -> list[RedisUnavailableError | None]:
        seen.append([one for (one,) in tasks])
        return [RedisUnavailableError("gone") if trouble(one) else None for (one,) in tasks]

    return handle_all


def test_it_registers_when_it_is_loaded_and_deregisters_at_the_end(shell: Shell, redis_client: redis.Redis) -> None:
    with pytest.raises(RuntimeError, match="not started"):
        shell.run_with_others(("a",), 0, handler([]))
    shell.start()
    (info,) = alive(redis_client.hvals(workers_key(QUEUE)))
    assert (info.model, info.demo) == ("nothing", True)
    shell.stop()
    assert redis_client.hvals(workers_key(QUEUE)) == []


def test_what_is_missing_is_said_and_the_process_ends(shell: Shell, caplog: pytest.LogCaptureFixture) -> None:
    shell.missing = "no model called nothing"
    with pytest.raises(SystemExit) as ended:
        shell.start()
    assert ended.value.code == CANNOT_START_EXIT_CODE
    assert "no model called nothing" in caplog.text


def test_tasks_that_wait_are_done_beside_the_delivered_one(shell: Shell, redis_client: redis.Redis) -> None:
    shell.start()
    shell.queue("b", "c", "d")
    seen: list[Any] = []
    assert shell.run_with_others(("a",), 2, handler(seen)) == 3
    assert seen == [["a", "b", "c"]]
    assert redis_client.llen(QUEUE) == 1
    assert redis_client.hlen("unacked") == 0, "those done are acknowledged"


def test_a_task_that_redis_stopped_goes_back_and_its_neighbours_do_not(shell: Shell, redis_client: redis.Redis) -> None:
    shell.start()
    shell.queue("b", "c")
    assert shell.run_with_others(("a",), 2, handler([], lambda one: one == "b")) == 3
    assert redis_client.llen(QUEUE) == 1
    assert shell.given_back == 1
    with pytest.raises(Reject) as rejected:
        shell.run_with_others(("a",), 0, handler([], lambda one: one == "a"))
    assert rejected.value.requeue
    assert shell.given_back == 2


def test_a_worker_that_is_broken_ends_after_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_state, "should_stop", None)
    end_for_restart("the model failed 5 times in a row")
    assert worker_state.should_stop == RESTART_EXIT_CODE


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_other_pools_are_refused_in_words(pool: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        refuse_other_pools(pool, "shell")
    assert ended.value.code == CANNOT_START_EXIT_CODE
    assert "shell runs with --pool=solo" in caplog.text
    refuse_other_pools("solo", "shell")
