"""faster-whisper, the engine that ours is measured against, in a process of its own.

Both compute with GNU's OpenMP, which lets no thread wait actively once a process has more of them than cores: with both
engines in one process, each would make the other's decoder half as fast.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.engine.models import TOKENS

Samples = NDArray[np.float32]

SPIN = "GOMP_SPINCOUNT"
START_SEC = 120.0
STOP_SEC = 10.0


class FasterWhisper:
    """faster-whisper as its README uses it, and the CTranslate2 model below it on a shorter window."""

    def __init__(self, folder: Path, threads: int) -> None:
        from faster_whisper import WhisperModel
        from faster_whisper.tokenizer import Tokenizer

        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
        self._tokenizer = Tokenizer(self._model.hf_tokenizer, True, task="transcribe", language="en")

    def transcribe(self, audio: Samples) -> list[int]:
        """`transcribe` with beam size 1 and no fallback; returns how many tokens it said."""
        segments, _ = self._model.transcribe(
            audio,
            language="en",
            beam_size=1,
            temperature=0.0,
            without_timestamps=True,
            condition_on_previous_text=False,
            log_prob_threshold=None,
            compression_ratio_threshold=None,
            no_speech_threshold=None,
        )
        return [sum(self._said(segment.tokens) for segment in segments)]

    def text(self, audio: Samples, language: str | None, how: str) -> str:
        """What it makes of a recording in `language` (None: it finds out), with `transcribe`'s defaults ("beam") or in
        its batched pipeline ("batched", 8 at once)."""
        from faster_whisper import BatchedInferencePipeline

        if how == "batched":
            segments, _ = BatchedInferencePipeline(self._model).transcribe(audio, language=language, batch_size=8)
        else:
            segments, _ = self._model.transcribe(audio, language=language)
        return " ".join(segment.text.strip() for segment in segments)

    def generate(self, audio: Samples, frames: int) -> list[int]:
        """The CTranslate2 model itself on `frames` of spectrogram; returns how many tokens it said."""
        import ctranslate2

        prompt = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        (found,) = self._model.model.generate(
            ctranslate2.StorageView.from_array(self._features(audio, frames)[None]),
            [prompt],
            beam_size=1,
            suppress_blank=True,
            suppress_tokens=[-1],
            max_length=len(prompt) + 4 * TOKENS,
        )
        return [self._said(found.sequences_ids[0])]

    def _features(self, audio: Samples, frames: int) -> Samples:
        mel = self._model.feature_extractor(audio, padding=160)[:, :frames]
        return np.ascontiguousarray(np.pad(mel, ((0, 0), (0, frames - mel.shape[1]))), dtype=np.float32)

    def _said(self, tokens: list[int]) -> int:
        return sum(token < self._tokenizer.eot for token in tokens)


class Apart:
    """A FasterWhisper in a process of its own, which ends with `close`."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Raises ImportError where faster-whisper is not installed."""
        import faster_whisper  # noqa: F401

        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, folder, threads), daemon=True)
        ours = os.environ.pop(SPIN, None)  # it waits as OpenMP does by default, not as our workers do
        self._process.start()
        if ours is not None:
            os.environ[SPIN] = ours
        theirs.close()
        if not self._pipe.poll(START_SEC):
            raise RuntimeError("faster-whisper does not start")
        self._pipe.recv()

    def job(self, method: str, audio: Samples, *more: int | str | None) -> Callable[[], Any]:
        """A call of `method` of FasterWhisper. The audio is sent now: what is timed is the work and a few bytes."""
        self._pipe.send((method, audio, more))
        number: int = self._pipe.recv()

        def run() -> Any:
            self._pipe.send(number)
            return self._pipe.recv()

        return run

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(STOP_SEC)


def _serve(pipe: Connection, folder: Path, threads: int) -> None:
    """Take jobs (method, audio, more) and do the one of a number, until the other end is closed."""
    peer = FasterWhisper(folder, threads)
    jobs: list[tuple[str, Samples, tuple[int | str | None, ...]]] = []
    pipe.send("ready")
    while True:
        try:
            asked: int | tuple[str, Samples, tuple[int | str | None, ...]] = pipe.recv()
        except EOFError:
            return
        if isinstance(asked, tuple):
            jobs.append(asked)
            pipe.send(len(jobs) - 1)
        else:
            method, audio, more = jobs[asked]
            pipe.send(getattr(peer, method)(audio, *more))
