"""Stands in for both workers and the listener where the gateway alone is tested: real Redis, real broker messages."""

from __future__ import annotations

import threading
import time
from typing import Any

import redis
from kombu.connection import Connection
from kombu.simple import SimpleQueue

from contract.events import OutcomeEvent
from contract.jobs import UtteranceJob
from contract.keys import session_outcomes_key
from contract.messages import Result
from contract.queues import RESULT_MESSAGES, STT_QUEUE
from contract.settings import ServiceSettings
from contract.state.outcome import end_utterance
from runtime.broker.app import SERIALIZER, transport_options

ASKED_FOR_SEC = 0.1


class FakePipeline:
    """Takes tasks off stt_queue and ends each with a result that tells what came: samples and their sum.

    While paused it takes nothing; with `relaying` false it ends utterances but publishes no message.
    """

    def __init__(self, redis_port: int) -> None:
        self.settings = ServiceSettings(redis_host="127.0.0.1", redis_port=redis_port)
        self.client = redis.Redis(port=redis_port)
        self.seen: list[tuple[UtteranceJob, bytes]] = []
        self._pause_asked = threading.Event()
        self._paused = threading.Event()
        self.relaying = True
        self.most: int | None = None  # so many are taken, and no more
        self.languages: list[tuple[str, float]] = []  # of the next results; then English, without a probability
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> FakePipeline:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(10)
        self.client.close()

    def pause(self) -> None:
        """Take nothing more; returns once that is so."""
        self._pause_asked.set()
        assert self._paused.wait(10)

    def go_on(self) -> None:
        """Take tasks again."""
        self._pause_asked.clear()

    def _run(self) -> None:
        while not self._stopped.is_set():
            if self._rests():
                self._paused.set()
                time.sleep(0.02)
            else:
                self._paused.clear()
                self._take()

    def _rests(self) -> bool:
        return self._pause_asked.is_set() or (self.most is not None and len(self.seen) >= self.most)

    def _take(self) -> None:
        """Take tasks until there is to be a rest. The connection ends with that: Redis would still give it what comes
        within the time for which kombu asks, and closing waits for the end of that."""
        options = transport_options(self.settings) | {"polling_interval": ASKED_FOR_SEC}
        with Connection(self.settings.broker_url(), transport_options=options) as connection:
            queue = SimpleQueue(connection.channel(), STT_QUEUE, no_ack=True, accept=[SERIALIZER])
            while not self._stopped.is_set() and not self._rests():
                try:
                    message = queue.get(timeout=0.2)
                except queue.Empty:
                    continue
                self._end(message.payload[0])
            queue.close()

    def _end(self, arguments: list[Any]) -> None:
        pcm, header = arguments
        job = UtteranceJob.model_validate(header)
        self.seen.append((job, pcm))
        text = f"{len(pcm) // 2} samples"
        language, probability = self.languages.pop(0) if self.languages else ("en", None)
        message = Result(**job.outcome_fields(), text=text, language=language, language_probability=probability)
        seq = end_utterance(self.client, job, message, self.settings)
        if seq and self.relaying:
            entries: Any = self.client.xrange(session_outcomes_key(job.session), f"{seq}-0", f"{seq}-0")
            if not entries:  # a file's session goes with its last outcome: nobody waits for the message
                return
            event = OutcomeEvent.model_validate_json(entries[0][1][b"event"])
            self.client.publish(RESULT_MESSAGES, event.model_dump_json())
