"""The tokens of partials, kept as drafts for the utterance's next partial and its final, and where the next begins."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from stt_worker.partials.seam import Seam

DRAFTS_MAX = 64  # utterances; the oldest go first


class Draft(NamedTuple):
    """The newest tokens of an utterance, and a place before which all is settled. They begin with its own."""

    tokens: tuple[int, ...] = ()
    seam: Seam | None = None


class DraftCache:
    """Drafts by utterance. Partials write from their thread, finals read from theirs."""

    def __init__(self) -> None:
        self._drafts: OrderedDict[tuple[str, int], Draft] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, session: str, start: int, tokens: tuple[int, ...], seam: Seam | None = None) -> None:
        """Remember `tokens` as the newest draft of the utterance that begins at `start`, and `seam`, else the one that
        is known, unless they contradict it."""
        with self._lock:
            seam = seam or self._drafts.get((session, start), Draft()).seam
            if seam is not None and tokens[: len(seam.tokens)] != seam.tokens:
                seam = None
            self._drafts[session, start] = Draft(tokens, seam)
            self._drafts.move_to_end((session, start))
            while len(self._drafts) > DRAFTS_MAX:
                self._drafts.popitem(last=False)

    def newest(self, session: str, start: int) -> Draft:
        """The newest draft, empty where there is none."""
        with self._lock:
            return self._drafts.get((session, start), Draft())

    def of(self, session: str, start: int) -> tuple[int, ...]:
        """Its tokens."""
        return self.newest(session, start).tokens

    def take(self, session: str, start: int) -> tuple[int, ...]:
        """Remove the newest draft and return its tokens."""
        with self._lock:
            return self._drafts.pop((session, start), Draft()).tokens
