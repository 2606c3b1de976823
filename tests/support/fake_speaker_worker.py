"""Stands in for the speaker worker where files are tested: real Redis, real broker messages, no voices."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import redis
from kombu.connection import Connection
from kombu.simple import SimpleQueue

from contract.jobs import FileSpeakersJob
from contract.queues import SPEAKER_QUEUE, TELL_FILE_SPEAKERS_TASK
from contract.settings import ServiceSettings
from contract.state.files import FileSpeakers, FileTurn, note_call
from runtime.broker.app import SERIALIZER, declared, transport_options
from runtime.worker.heartbeat import Heartbeat

TTL_SEC = 60


class FakeSpeakerWorker:
    """Takes tasks off `speaker_queue` and writes `turns` into the hash of each file that is asked about.

    The first `lost` questions are taken and forgotten; while `silent` is set, none is answered or taken. With `failure`
    the answer is that, and no turns.
    """

    def __init__(self, redis_port: int, turns: Sequence[FileTurn] = ()) -> None:
        self.settings = ServiceSettings(redis_host="127.0.0.1", redis_port=redis_port)
        self.client = redis.Redis(port=redis_port)
        self._heartbeat = Heartbeat(self.client, SPEAKER_QUEUE, "fake-speakers", "test", True, 60.0)
        self.turns = list(turns)
        self.asked: list[FileSpeakersJob] = []
        self.lost = 0
        self.failure = ""
        self.silent = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> FakeSpeakerWorker:
        self._heartbeat.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(10)
        self._heartbeat.stop()
        self.client.close()

    def _run(self) -> None:
        options = transport_options(self.settings) | {"polling_interval": 0.1}
        with Connection(self.settings.broker_url(), transport_options=options) as connection:
            queue = SimpleQueue(connection.channel(), declared(SPEAKER_QUEUE), no_ack=True, accept=[SERIALIZER])
            while not self._stopped.is_set():
                if self.silent.is_set():
                    self._stopped.wait(0.05)
                    continue
                try:
                    message = queue.get(timeout=0.2)
                except queue.Empty:
                    continue
                if message.headers["task"] == TELL_FILE_SPEAKERS_TASK:
                    self._tell(FileSpeakersJob.model_validate(message.payload[0][0]))
            queue.close()

    def _tell(self, job: FileSpeakersJob) -> None:
        self.asked.append(job)
        if len(self.asked) <= self.lost:
            return
        told = FileSpeakers(turns=self.turns).model_dump_json()
        fields = {"no_speakers": self.failure} if self.failure else {"speakers": told}
        script, keys, arguments = note_call(job.file, fields, TTL_SEC)
        self.client.eval(script, len(keys), *keys, *arguments)
