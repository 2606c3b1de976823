"""The speech worker with an engine that a test holds: `celery -A tests.stt_worker.held_worker:celery ...`.

The engine makes the file `working` in HELD_DIR and waits there for the file `go`; while it is on a partial there is
the file `partial`. Everything else is the real worker.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stt_worker import stt_worker
from stt_worker.engine import load
from stt_worker.engine.protocol import SpeechEngine, Transcript, Utterance
from stt_worker.settings import SttSettings

TEXT = "held words"
GIVE_UP_SEC = 120.0


class HeldEngine:
    """Says TEXT when the test lets it."""

    name = "held"
    demo = False
    can_translate = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def warm_up(self) -> None: ...

    def recover(self) -> None: ...

    def transcribe_all(self, utterances: Sequence[Utterance]) -> list[Transcript]:
        return [self.transcribe(one) for one in utterances]

    def partial(self, utterance: Utterance, interrupt: Callable[[], None], draft: Sequence[int] = ()) -> Transcript:
        """Goes on until it is interrupted: it never ends by itself."""
        (self._folder / "partial").touch()
        try:
            while True:
                interrupt()
                time.sleep(0.02)
        finally:
            (self._folder / "partial").unlink()

    def transcribe(self, utterance: Utterance, draft: Sequence[int] = ()) -> Transcript:
        (self._folder / "working").touch()
        deadline = time.monotonic() + GIVE_UP_SEC
        while not (self._folder / "go").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        return Transcript(TEXT, "en", -0.1, 0.0)


def load_held_engine(_settings: SttSettings) -> SpeechEngine:
    """In place of stt_worker.engine.load.load_engine."""
    return HeldEngine(Path(os.environ["HELD_DIR"]))


load.load_engine = load_held_engine  # type: ignore[assignment]
celery = stt_worker.celery
