"""The tokens of partials, kept as drafts for the utterance's next partial and its final."""

from __future__ import annotations

import threading
from collections import OrderedDict

DRAFTS_MAX = 64  # utterances; the oldest go first


class DraftCache:
    """Tokens by utterance. Partials write from their thread, finals read from theirs."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[tuple[str, int], tuple[int, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, session: str, start: int, tokens: tuple[int, ...]) -> None:
        """Remember `tokens` as the newest draft of the utterance that begins at `start`."""
        with self._lock:
            self._tokens[session, start] = tokens
            self._tokens.move_to_end((session, start))
            while len(self._tokens) > DRAFTS_MAX:
                self._tokens.popitem(last=False)

    def of(self, session: str, start: int) -> tuple[int, ...]:
        """The newest draft, empty where there is none."""
        with self._lock:
            return self._tokens.get((session, start), ())

    def take(self, session: str, start: int) -> tuple[int, ...]:
        """Remove and return the newest draft."""
        with self._lock:
            return self._tokens.pop((session, start), ())
