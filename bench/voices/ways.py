"""The ways in which a recording is heard: the speech worker's own path by setting, and openai-whisper's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program

from bench.voices.names import PEER
from contract.audio import FULL_SCALE
from contract.jobs import AnalyzeJob, UtteranceJob
from harness.human_voices import Clip
from stt_worker.engine.load import FoundModel, load_engine
from stt_worker.engine.quality import compression_ratio
from stt_worker.engine.weights.ctranslate2 import load_ctranslate2_bin
from stt_worker.engine.weights.folder import load_folder
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.recognition import Recognition, Recording
from stt_worker.utterances.speech_check import SpeechCheck

SESSION = "bench-voices-session"
WINDOW = "floor 10 s, margin 2 s"
DEFAULT = f"int8, {WINDOW}, translation"
PLAIN = "the same without translation"
GIVEN = "the same, language given"
OPEN: dict[str, Any] = {  # every threshold out of the way: the first text as it comes
    "logprob_threshold": -10.0,
    "no_speech_threshold": 1.0,
    "compression_ratio_threshold": 100.0,
    "loop_min_repeats": 100,
    "whisper_temperatures": "0",
}


@dataclass(frozen=True)
class Heard:
    """What became of one recording. `refused`: the reason, "" where there is a text. `language`: "" where none was
    found. `untranslated`: a text of another language whose translation was refused."""

    text: str
    language: str = ""
    refused: str = ""
    untranslated: bool = False
    again: bool = False
    temperature: float = 0.0
    log_probability: float = 0.0
    no_speech: float = 0.0
    ms: float = 0.0

    @property
    def compression(self) -> float:
        """How many times smaller zlib makes the text, which tells repetition."""
        return compression_ratio(self.text)


class WorkerWay:
    """stt_worker's path with one group of settings: speech check, trimming, engine, verdict."""

    def __init__(self, label: str, check: SpeechCheck, model: Path, given: bool = False, **settings: Any) -> None:
        self.label = label
        self._given = given
        self._translates = bool(settings.get("stt_translate", True))
        chosen = SttSettings(whisper_model=str(model), **settings)
        engine = load_engine(chosen)
        engine.warm_up()
        self._recognition = Recognition(chosen, check, engine, DraftCache())

    def hear(self, clip: Clip) -> Heard:
        """One recording, as the worker hears an utterance of a new session."""
        language = clip.language if self._given else None
        job = UtteranceJob(session=SESSION, start=0, end=len(clip.samples), language=language)
        began = time.perf_counter()
        (verdict,) = self._recognition.verdicts([Recording(job, clip.pcm)])
        ms = 1000 * (time.perf_counter() - began)
        notes = next(iter(self._recognition.notes.values()), {})
        told: dict[str, Any] = {
            name: float(notes.get(name) or 0.0) for name in ("temperature", "log_probability", "no_speech")
        }
        language, again = str(notes.get("language") or ""), bool(notes.get("again"))
        if isinstance(verdict, AnalyzeJob):
            untranslated = self._translates and language != "en" and verdict.translation is None
            return Heard(verdict.text, language, "", untranslated, again, ms=ms, **told)
        return Heard("", language, str(getattr(verdict, "reason", verdict.type)), again=again, ms=ms, **told)


class PeerWay:
    """openai-whisper's `transcribe` with its own defaults, in full precision, the language detected."""

    label = PEER

    def __init__(self, model: FoundModel) -> None:
        if model.form == "checkpoint":
            self.model = openai_whisper.load_model(str(model.path), device="cpu").float()
        else:
            load = load_folder if model.form == "folder" else load_ctranslate2_bin
            self.model = load(model.path).float()

    def hear(self, clip: Clip) -> Heard:
        """One recording. `again` is not told by it."""
        audio = clip.samples.astype(np.float32) / FULL_SCALE
        began = time.perf_counter()
        found = self.model.transcribe(audio, fp16=False)
        ms = 1000 * (time.perf_counter() - began)
        return Heard(str(found["text"]).strip(), str(found["language"]), ms=ms)


Way = WorkerWay | PeerWay


def all_ways(choice: FoundModel, check: SpeechCheck) -> Sequence[Way]:
    """Those whose words and times stand beside each other; the default is first, then the same without
    translation, which openai-whisper does not do either."""
    model = choice.path
    plain: dict[str, Any] = {"stt_translate": False}
    full: dict[str, Any] = {"whisper_window": "full"}
    short: dict[str, Any] = {"whisper_window": "adaptive"}
    return [
        WorkerWay(DEFAULT, check, model, whisper_precision="int8", **short),
        WorkerWay(PLAIN, check, model, whisper_precision="int8", **short, **plain),
        WorkerWay(GIVEN, check, model, given=True, whisper_precision="int8", **short, **plain),
        WorkerWay("int8, full 30 s", check, model, whisper_precision="int8", **full, **plain),
        WorkerWay(f"fp32, {WINDOW}", check, model, whisper_precision="fp32", **short, **plain),
        WorkerWay("fp32, full 30 s", check, model, whisper_precision="fp32", **full, **plain),
        PeerWay(choice),
    ]


def open_way(model: Path, check: SpeechCheck) -> WorkerWay:
    """The default with no threshold: a text that is decoded again here is one that did not end."""
    return WorkerWay("no thresholds", check, model, whisper_precision="int8", stt_translate=False, **OPEN)
