"""A PartialWorker on a real Redis, with a model that says what a test wants."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import redis

from contract.events import PartialEvent
from contract.queues import RESULT_MESSAGES
from stt_worker.engine.protocol import NO_DRAFT, Draft, SpeechEngine, Transcript, Utterance
from stt_worker.partials.model_lock import PriorityModelLock
from stt_worker.partials.worker import PartialWorker
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck
from tests.support.partial_requests import put

SESSION = "s" * 32
TEXT = "a secret sentence"
START = 16_000
WAIT_SEC = 20.0


class PartialEngine:
    """Says `heard`; with `endless` it goes on until it is interrupted. `failures` are raised first."""

    name = "fake"
    demo = False
    can_translate = True

    def __init__(self) -> None:
        self.heard = Transcript(TEXT, "en", -0.2, 0.01)
        self.failures: list[Exception] = []
        self.calls: list[tuple[int, str | None]] = []
        self.timed: list[bool] = []
        self.before: list[object | None] = []
        self.endless = False
        self.busy = threading.Event()
        self.recovered = 0

    def warm_up(self) -> None: ...

    def transcribe(
        self, utterance: Utterance, draft: Sequence[int] = (), interrupt: Callable[[], None] | None = None
    ) -> Transcript:
        raise AssertionError("a partial is no final")

    def transcribe_all(self, utterances: Sequence[Utterance]) -> list[Transcript]:
        return [self.transcribe(one) for one in utterances]

    def partial(self, utterance: Utterance, interrupt: Callable[[], None], before: Draft = NO_DRAFT) -> Transcript:
        assert np.abs(utterance.audio).max() <= 1
        self.calls.append((len(utterance.audio), utterance.language))
        self.timed.append(utterance.word_times)
        self.before.append(before.encoded)
        if self.failures:
            raise self.failures.pop(0)
        self.busy.set()
        deadline = time.monotonic() + WAIT_SEC
        while self.endless:
            interrupt()
            assert time.monotonic() < deadline, "nobody interrupts"
            time.sleep(0.01)
        return self.heard

    def recover(self) -> None:
        self.recovered += 1


class Rig:
    """A PartialWorker, what it talks to, and what it publishes."""

    def __init__(self, client: redis.Redis, settings: SttSettings, check: SpeechCheck) -> None:
        self.client = client
        self.engine = PartialEngine()
        self.turns = PriorityModelLock()
        engine: SpeechEngine = self.engine
        self.worker = PartialWorker(settings, client, self.turns, check, engine, lambda: None)
        self.published = client.pubsub(ignore_subscribe_messages=True)
        self.published.subscribe(RESULT_MESSAGES)
        self.published.get_message(timeout=5)

    def ask(self, pcm: bytes | None, **fields: Any) -> None:
        """Put down audio and a request for it, as the gateway does."""
        put(self.client, SESSION, START, pcm, **fields)

    def answer(self) -> PartialEvent:
        """The next answer on the bus."""
        message = self.published.get_message(timeout=WAIT_SEC)
        assert message is not None, "no answer"
        return PartialEvent.model_validate_json(message["data"])

    def serve(self) -> str:
        """Have the request in hand answered; the text of the answer."""
        return self.serve_event().partial.text

    def serve_event(self) -> PartialEvent:
        """The same, all of it."""
        assert self.worker.take_one(1)
        event = self.answer()
        assert (event.session, event.asked) == (SESSION, START + 8000)
        assert event.partial.utterance.endswith(f"-{START}")
        return event
