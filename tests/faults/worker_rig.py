"""One worker of either kind and its Redis, for tests of what becomes of its tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

import redis

from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.events import OutcomeEvent
from contract.jobs import AnalyzeJob, UtteranceJob
from contract.keys import OUTCOMES_STREAM
from contract.messages import UtteranceOutcome
from contract.queues import ANALYZE_TASK, ANALYZER_QUEUE, STT_QUEUE, TRANSCRIBE_TASK
from contract.settings import ServiceSettings
from harness.processes import wait_until
from runtime.broker.app import make_celery
from tests.faults.fault_system import FaultSystem

SESSION = "w" * 32
DONE_SEC = 60.0
WORKING = {"stt_0": "stt_working", "analyzer": "analyzer_working"}
ENDED = {"stt_0": "stt_handed_on", "analyzer": "analyzer_ended"}
QUEUES = {"stt_0": STT_QUEUE, "analyzer": ANALYZER_QUEUE}

Each = TypeVar("Each")


def beside_each_other(ones: Sequence[Each], test: Callable[[Each], None]) -> None:
    """Run `test` for each of `ones` in a thread of its own, for a test that waits for most of its time."""

    def run(one: Each) -> None:
        try:
            test(one)
        except BaseException as problem:
            problem.add_note(f"with {one}")
            raise

    with ThreadPoolExecutor(len(ones)) as pool:
        for running in [pool.submit(run, one) for one in ones]:
            running.result()


class WorkerRig:
    """Sends tasks, each of one second; the speech worker gets silence, which it ends itself (as dropped)."""

    def __init__(self, world: FaultSystem, worker: str) -> None:
        self.world = world
        self.worker = worker
        self.sent: list[int] = []
        self._app = make_celery("sender", ServiceSettings(redis_host="127.0.0.1", redis_port=world.redis_port))

    def __str__(self) -> str:
        return self.worker

    def send(self, samples: int = SAMPLE_RATE_HZ, text: str = "I love this movie.") -> int:
        """Queue the next task; returns its start, by which it is known."""
        start = len(self.sent) * SAMPLE_RATE_HZ
        arguments: list[object]
        job = UtteranceJob(session=SESSION, start=start, end=start + samples)
        if self.worker == "analyzer":
            asked = AnalyzeJob(**job.model_dump(), text=text, sentiment_text=text, spoken_language="en")
            name, arguments = ANALYZE_TASK, [asked.model_dump(mode="json")]
        else:
            name, arguments = TRANSCRIBE_TASK, [bytes(BYTES_PER_SAMPLE * samples), job.model_dump(mode="json")]
        self._app.send_task(name, args=arguments, queue=QUEUES[self.worker], argsrepr="(...)", ignore_result=True)
        self.sent.append(start)
        return start

    def ended(self) -> Counter[int]:
        """How many outcomes each task has; empty while Redis does not answer."""
        return Counter(event.start for event in self._events())

    def messages(self) -> dict[int, UtteranceOutcome]:
        """The outcome of each task."""
        return {event.start: event.message for event in self._events()}

    def _events(self) -> list[OutcomeEvent]:
        try:
            entries = cast(list[tuple[bytes, dict[bytes, bytes]]], self.world.client.xrange(OUTCOMES_STREAM))
        except redis.RedisError:
            return []
        return [OutcomeEvent.model_validate_json(fields[b"event"]) for _, fields in entries]

    def wait_all_ended(self) -> None:
        """Wait until every task has its one outcome and is acknowledged."""
        log = self.world.services[self.worker]
        wait_until(lambda: set(self.sent) <= set(self.ended()), DONE_SEC, f"all have ended:\n{log.tail()}")
        wait_until(lambda: not self.world.work_left(), DONE_SEC, f"all are acknowledged: {self.world.work_left()}")
        assert self.ended() == Counter(self.sent)

    def close(self) -> None:
        """Let go of the broker."""
        self._app.close()
