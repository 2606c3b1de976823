"""Keeps utterances as WAV files to look at while debugging. Off unless DEBUG_WAV_DIR is set: it is live audio."""

from __future__ import annotations

import logging
from pathlib import Path

from contract.jobs import UtteranceJob
from stt_worker.settings import SttSettings

logger = logging.getLogger(__name__)

MAX_FILES = 200  # of 15 s or less: 96 MB


class DebugAudio:
    """A folder of at most MAX_FILES WAV files, readable by its owner alone; the oldest go first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def from_settings(cls, settings: SttSettings) -> DebugAudio | None:
        """The folder that the settings name, or None when they name none."""
        if settings.debug_wav_dir is None:
            return None
        logger.warning("DEBUG_WAV_DIR is set: live audio is KEPT ON DISK in %s", settings.debug_wav_dir)
        return cls(settings.debug_wav_dir)

    def keep(self, job: UtteranceJob, pcm: bytes) -> None:
        """Write one utterance's s16le `pcm`. Errors of the disk are only logged."""
        from runtime.wav import write_wav  # scipy, which the worker needs for nothing else

        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / f"{job.utterance}.wav"
            path.touch(mode=0o600)
            write_wav(path, pcm)
            by_age = sorted(self._folder.glob("*.wav"), key=lambda file: file.stat().st_mtime)
            for file in by_age[:-MAX_FILES]:
                file.unlink(missing_ok=True)
        except OSError as problem:
            logger.warning("%s: debugging audio not written: %s", job.utterance, problem)
