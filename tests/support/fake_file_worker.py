"""Stands in for the file worker and all behind it where the gateway alone is tested."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, cast

import redis

from contract.audio import SAMPLE_RATE_HZ
from contract.keys import FILES_KEY, file_key
from contract.messages import Result, UtteranceOutcome
from contract.queues import FILE_QUEUE
from contract.state.files import (
    Call,
    FileJob,
    FileSegment,
    FileSpeakers,
    FileTurn,
    append_call,
    end_call,
    file_path,
    note_call,
    take_call,
)
from harness.gateway import GatewayProcess
from runtime.worker.heartbeat import Heartbeat

SEGMENT_SEC = 2
NAME = "fake"
NOBODY_KNOWS = "Nobody knows."
TTL_SEC = 60


def said(text: str, language: str = "en", **more: Any) -> Result:
    """An outcome."""
    return Result(utterance="x-0", text=text, language=language, **more)


class FakeFileWorker:
    """Ends every file with `outcomes`, of two seconds each, or with `failure` (status, code, message).

    With `holding` set it takes a file, and does not end it. Of one that asks who speaks it tells `turns`, or where
    there are none, that nobody knows.
    """

    def __init__(self, redis_port: int, gateway: GatewayProcess) -> None:
        self._folder = gateway.service.log.parent / "uploads"
        self._client = redis.Redis(port=redis_port)
        self._heartbeat = Heartbeat(self._client, FILE_QUEUE, NAME, "", False, 60.0)
        self.outcomes: Sequence[UtteranceOutcome] = (said("I love it."), said("Great!"))
        self.failure: tuple[int, str, str] | None = None
        self.turns: Sequence[FileTurn] = ()
        self.holding = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> FakeFileWorker:
        self._heartbeat.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(10)
        self._heartbeat.stop()
        self._client.close()

    def _run(self) -> None:
        while not self._stopped.wait(0.02):
            for raw in cast(list[bytes], self._client.zrange(FILES_KEY, 0, -1)):
                job = self._client.hget(file_key(raw.decode()), "job")
                if job is not None:
                    self._work(FileJob.model_validate_json(cast(bytes, job)))

    def _work(self, job: FileJob) -> None:
        path = file_path(self._folder, job.id)
        if not path.exists():  # the gateway gives it its name, and then sends the task
            return
        self._call(take_call(job.id, NAME, TTL_SEC, 60))
        if self.holding.is_set():
            return
        path.unlink(missing_ok=True)
        if self.failure is not None:
            status, code, message = self.failure
            self._call(end_call(job, "failed", TTL_SEC, status, code, message))
            return
        length = SEGMENT_SEC * SAMPLE_RATE_HZ
        for number, outcome in enumerate(self.outcomes):
            segment = FileSegment(start=number * length, end=(number + 1) * length, outcome=outcome)
            self._call(append_call(job.id, NAME, number, segment, TTL_SEC))
        if job.speakers:
            told = {"speakers": FileSpeakers(turns=list(self.turns)).model_dump_json()} if self.turns else None
            self._call(note_call(job.id, told or {"no_speakers": NOBODY_KNOWS}, TTL_SEC))
        self._call(end_call(job, "done", TTL_SEC, total=len(self.outcomes) * length))

    def _call(self, call: Call) -> None:
        script, keys, arguments = call
        self._client.eval(script, len(keys), *keys, *arguments)
