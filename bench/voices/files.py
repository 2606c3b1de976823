"""Files of human speech: ours as file_worker cuts them, openai-whisper, faster-whisper; words and s.

A file is fifty prompts of a language with 0.6 s between them. Every way hears it before the next file: told the
language, and left to find it, as each does by default. Ours hears it without translation, and once with it, as the
workers do by default.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench.engine.faster_whisper import Apart
from bench.engine.models import SIZES
from bench.engine.peers import converted
from bench.files import say
from bench.voices.names import BATCHED, BEAM, BEAM_FOUND, FOUND, OURS, PEER, PEER_FOUND, TRANSLATED
from bench.voices.ways import PeerWay
from bench.voices.worker_path import GAP_SEC, SESSION, segments
from contract.audio import FULL_SCALE
from contract.jobs import AnalyzeJob, UtteranceJob
from contract.messages import Result, UtteranceOutcome
from file_worker.language import FileLanguage
from file_worker.segments import Lengths, Segment
from file_worker.settings import FileSettings
from harness.human_voices import Clip, joined, word_errors
from stt_worker.engine.load import FoundModel, load_engine
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.recognition import Recognition, Recording
from stt_worker.utterances.speech_check import SpeechCheck

PROMPTS = 50
VOLUMES = tuple(round(0.95 - 0.01 * step, 2) for step in range(10))
SETTLE_SEC = 0.3

Hear = Callable[[Clip], str]  # a recording to its text


class FileWays:
    """All ways, loaded. `close` ends the process of faster-whisper."""

    def __init__(self, choice: FoundModel, check: SpeechCheck, threads: int) -> None:
        peer = PeerWay(choice).model
        folder = converted(SIZES["base"], peer, "official")
        self._peer = peer
        self._faster = Apart(folder, threads)
        self._ours = {translate: _recognition(choice, check, translate=translate) for translate in (False, True)}
        self._together = FileSettings().file_segments_together
        self.ways: dict[str, Hear] = {
            OURS: lambda one: self._heard(one, one.language),
            TRANSLATED: lambda one: self._heard(one, one.language, translate=True),
            PEER: lambda one: self._of_peer(one, one.language),
            BEAM: lambda one: self._of_faster(one, one.language, "beam"),
            BATCHED: lambda one: self._of_faster(one, one.language, "batched"),
            FOUND: lambda one: self._heard(one, None),
            PEER_FOUND: lambda one: self._of_peer(one, None),
            BEAM_FOUND: lambda one: self._of_faster(one, None, "beam"),
        }

    def close(self) -> None:
        """End the other process."""
        self._faster.close()

    def _heard(self, one: Clip, told: str | None, translate: bool = False) -> str:
        """As file_worker has it heard: what was heard in another language than the file's is heard again."""
        language = FileLanguage(told, FileSettings().file_language_sec)
        cut = segments([one], 1.0, False, Lengths())
        heard: list[UtteranceOutcome] = []
        for first in range(0, len(cut), self._together):
            some = cut[first : first + self._together]
            heard += self._outcomes(some, language, translate)
            for segment, outcome in zip(some, heard[first:], strict=True):
                language.heard(segment.end - segment.start, outcome)
            language.decide(len(heard), len(heard) == len(cut))
        for at, segment in enumerate(cut):
            if told is None and language.again(segment.end - segment.start, heard[at]):
                (heard[at],) = self._outcomes([segment], language, translate)
        return " ".join(outcome.text for outcome in heard if isinstance(outcome, Result))

    def _outcomes(self, some: Sequence[Segment], language: FileLanguage, translate: bool) -> list[UtteranceOutcome]:
        recordings = []
        for one in some:
            code, assumed = language.asked(one.end - one.start)
            job = UtteranceJob(session=SESSION, start=one.start, end=one.end, language=code, language_assumed=assumed)
            recordings.append(Recording(job, one.pcm))
        return [
            _result(verdict) if isinstance(verdict, AnalyzeJob) else verdict
            for verdict in self._ours[translate].verdicts(recordings)
        ]

    def _of_peer(self, one: Clip, told: str | None) -> str:
        audio = one.samples.astype(np.float32) / FULL_SCALE
        return str(self._peer.transcribe(audio, fp16=False, language=told)["text"])

    def _of_faster(self, one: Clip, told: str | None, how: str) -> str:
        audio = one.samples.astype(np.float32) / FULL_SCALE
        return str(self._faster.job("text", audio, told, how)())


def _result(job: AnalyzeJob) -> Result:
    """What the analyzer would make of it, but for the sentiment."""
    language, probability = job.spoken_language, job.language_probability
    return Result(utterance=job.utterance, text=job.text, language=language, language_probability=probability)


def _recognition(choice: FoundModel, check: SpeechCheck, translate: bool) -> Recognition:
    settings = SttSettings(whisper_model=str(choice.path), stt_translate=translate, whisper_precision="int8")
    engine = load_engine(settings)
    engine.warm_up()
    return Recognition(settings, check, engine, DraftCache())


def file_rows(ways: FileWays, language: str) -> list[dict[str, Any]]:
    """The file of a language by every way, and the English one ten times by ours, a volume 1 % lower each."""
    rows = [_row(way, language, joined(language, PROMPTS, GAP_SEC), hear) for way, hear in ways.ways.items()]
    if language == "en":
        whole = joined(language, PROMPTS, GAP_SEC)
        for volume in VOLUMES:
            quieter = replace(whole, samples=np.round(whole.samples * volume).astype(np.int16))
            rows.append(_row(f"{OURS}, volume {volume:.2f}", language, quieter, ways.ways[OURS]))
    return rows


def _row(way: str, language: str, one: Clip, hear: Hear) -> dict[str, Any]:
    time.sleep(SETTLE_SEC)
    began = time.perf_counter()
    text = hear(one)
    took = time.perf_counter() - began
    found = word_errors(language, one.text, text)
    row = {
        "language": language,
        "way": way,
        "sec": round(one.sec, 1),
        "took_sec": round(took, 2),
        "words": found.words,
        "errors": found.errors,
        "wer": round(found.rate, 4),
        "lost_runs": len(found.lost),
        "lost_words": max((len(run.split()) for run in found.lost), default=0),
    }
    say(f"{language} file, {way}: {row['wer']:.1%}, {took:.1f} s, longest run {row['lost_words']}")
    return row
