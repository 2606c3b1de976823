"""The speech worker with an engine that a test holds: `celery -A tests.stt_worker.held_worker:celery ...`.

The engine makes the file `working` in HELD_DIR and waits there for the file `go`; while it is on a partial there is
the file `partial`. Everything else is the real worker.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from stt_worker import stt_worker
from stt_worker.engine.dummy import dummy_models
from stt_worker.engine.models import Models
from stt_worker.engine.protocol import NO_DRAFT, Draft, Transcript, Utterance
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

    def partial(self, utterance: Utterance, interrupt: Callable[[], None], before: Draft = NO_DRAFT) -> Transcript:
        """Goes on until it is interrupted: it never ends by itself."""
        (self._folder / "partial").touch()
        try:
            while True:
                interrupt()
                time.sleep(0.02)
        finally:
            (self._folder / "partial").unlink()

    def transcribe(
        self, utterance: Utterance, draft: Sequence[int] = (), interrupt: Callable[[], None] | None = None
    ) -> Transcript:
        (self._folder / "working").touch()
        deadline = time.monotonic() + GIVE_UP_SEC
        while not (self._folder / "go").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        return Transcript(TEXT, "en", -0.1, 0.0)


def load_held_models(_settings: SttSettings) -> Models:
    """The held engine; all that is not silence is speech."""
    return replace(dummy_models(), engine=HeldEngine(Path(os.environ["HELD_DIR"])))


stt_worker.process.load_models = load_held_models
celery = stt_worker.celery
