"""Voices that the dummy encoder tells apart, and a rig around the worker's tasks on a real Redis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import pytest
import redis

from contract.events import SpeakerEvent
from contract.jobs import SpeakerJob
from contract.keys import OUTCOMES_STREAM, speaker_events_key
from contract.messages import Speakers, Turns
from runtime.metrics.registry import exposition
from speaker_worker.engine.encoder.dummy import DummyEncoder
from speaker_worker.engine.encoder.protocol import VoiceEncoder
from speaker_worker.metrics import SpeakerMetrics
from speaker_worker.settings import SpeakerSettings
from speaker_worker.task import SpeakerTeller

SESSION = "s" * 32
RATE = 16_000
BANDS_HZ = {"low": (100, 600), "middle": (1_500, 2_500), "high": (4_000, 7_000)}
TEXT = "The password is swordfish."


def voice(name: str, seconds: float = 3.0, seed: int = 1) -> bytes:
    """Noise in one band of frequencies, s16le: the dummy encoder's idea of a voice."""
    samples = int(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    hz = np.fft.rfftfreq(samples, 1 / RATE)
    low, high = BANDS_HZ[name]
    spectrum[(hz < low) | (hz > high)] = 0
    sound = np.fft.irfft(spectrum, samples)
    return bytes((8_000 * sound / np.abs(sound).max()).astype("<i2").tobytes())


def job_of(pcm: bytes, start: int = 0, **fields: Any) -> dict[str, Any]:
    """The header of an utterance in which somebody speaks all the time."""
    end = start + len(pcm) // 2
    given = {"session": SESSION, "start": start, "end": end, "text": TEXT, "speech": [(start, end)]} | fields
    return SpeakerJob(**given).model_dump(mode="json")


class Rig:
    """The tasks of one worker, and what came of them."""

    def __init__(self, client: redis.Redis, encoder: VoiceEncoder | None, settings: SpeakerSettings) -> None:
        self.client = client
        self.metrics = SpeakerMetrics()
        self.teller = SpeakerTeller(client, encoder, settings, self.metrics)
        self._at = 0

    def say(self, *names: str, seconds: float = 3.0, **fields: Any) -> int:
        """The next utterance, spoken by these voices one after the other; answers its first sample."""
        pcm = b"".join(voice(name, seconds) for name in names)
        start, self._at = self._at, self._at + len(pcm) // 2 + RATE
        self.teller.handle(pcm, job_of(pcm, start, **fields))
        return start

    def events(self, session: str = SESSION) -> list[SpeakerEvent]:
        """What the session was told, in order; each entry has its revision as its id."""
        entries = cast(list[tuple[bytes, dict[bytes, bytes]]], self.client.xrange(speaker_events_key(session)))
        events = [SpeakerEvent.model_validate_json(fields[b"event"]) for _, fields in entries]
        assert [entry.decode() for entry, _ in entries] == [f"{event.rev}-0" for event in events]
        return events

    def told(self) -> list[tuple[int, list[int | None]]]:
        """Of each `turns` message the first sample and the speakers."""
        return [
            (cast(int, event.start), [turn.speaker for turn in event.speakers.turns])
            for event in self.events()
            if isinstance(event.speakers, Turns)
        ]

    def speakers(self) -> list[Speakers]:
        """All `speakers` messages."""
        return [event.speakers for event in self.events() if isinstance(event.speakers, Speakers)]

    def of_all(self) -> list[SpeakerEvent]:
        """The same in the stream of all outcomes."""
        entries = cast(list[tuple[bytes, dict[bytes, bytes]]], self.client.xrange(OUTCOMES_STREAM))
        return [SpeakerEvent.model_validate_json(fields[b"speakers"]) for _, fields in entries]

    def outcomes(self, kind: str = "utterances") -> dict[str, int]:
        """How many utterances or files ended how."""
        prefix = f'wta_speaker_{kind}_total{{outcome="'
        lines = exposition(self.metrics.registry).decode().splitlines()
        pairs = (line.removeprefix(prefix).split('"} ') for line in lines if line.startswith(prefix))
        return {name: int(float(value)) for name, value in pairs if float(value)}


MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig(redis_client: redis.Redis) -> MakeRig:
    def make(encoder: VoiceEncoder | None = None, off: bool = False, **settings: Any) -> Rig:
        given = SpeakerSettings(**{"speaker_redis_patience_sec": 0.5} | settings)
        return Rig(redis_client, None if off else encoder or DummyEncoder(), given)

    return make


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    return make_rig()


class FailingEncoder(DummyEncoder):
    """Fails while `broken`."""

    def __init__(self) -> None:
        self.broken = True

    def embed(self, windows: Sequence[Any]) -> Any:
        if self.broken:
            raise RuntimeError("no memory")
        return super().embed(windows)
