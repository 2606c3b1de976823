"""Where one sentence ends and the next begins, by people's voices on the official `base`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from contract.audio import SAMPLE_RATE_HZ
from contract.speech.partials import PartialRequest
from harness.human_voices import HumanClips
from runtime.audio.gate import FRAME_BYTES, frame_levels
from stt_worker.engine.load import load_engine
from stt_worker.partials.model_lock import PriorityModelLock
from stt_worker.partials.worker import PartialWorker
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck

SESSION = "humanvoices-0123456789"
PAIRS = 8
FOUND_MIN = 5
GAP_SEC = 0.1
LOUD = 0.0005
START = 48_000


@pytest.fixture(scope="module")
def worker(base_checkpoint: Path) -> PartialWorker:
    settings = SttSettings(whisper_model=str(base_checkpoint))
    check, engine = SpeechCheck(settings), load_engine(settings)
    return PartialWorker(settings, cast(Any, None), PriorityModelLock(), check, engine, lambda: None)


def test_the_place_is_between_the_sentences(worker: PartialWorker, human_clips: HumanClips) -> None:
    """Trimmed to their loud parts and put together, a tenth of a second apart."""
    spoken = []
    for clip in human_clips("en", 60):
        pcm = clip.pcm[: len(clip.pcm) // FRAME_BYTES * FRAME_BYTES]
        loud = np.flatnonzero(frame_levels(pcm) >= LOUD)
        said = clip.text.strip()
        if said.endswith(".") and not set(".?!") & set(said[:-1]):  # one sentence
            spoken.append(pcm[int(loud[0]) * FRAME_BYTES : (int(loud[-1]) + 1) * FRAME_BYTES])
    places = []
    for number in range(PAIRS):
        first, second = spoken[2 * number], spoken[2 * number + 1]
        pcm = first + bytes(2 * int(GAP_SEC * SAMPLE_RATE_HZ)) + second
        request = PartialRequest(session=SESSION, start=START, end=START + len(pcm) // 2, language="en", find_end=True)
        with worker.hold(60):
            answer = worker.hear(pcm, request)
        if answer.sentence_end is not None:
            places.append((answer.sentence_end.position - START - len(first) // 2) / SAMPLE_RATE_HZ)
    between = [place for place in places if 0 <= place <= GAP_SEC]
    assert len(between) >= FOUND_MIN, places
    assert len(places) - len(between) <= 1, places
