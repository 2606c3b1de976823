"""What partials leave for the utterance's next one (its sound as encoded) and for its final, too (its tokens)."""

from __future__ import annotations

import threading
from collections import OrderedDict

DRAFTS_MAX = 64  # utterances; the oldest go first
ENCODED_MAX = 16  # the same; up to 3 MB each with `base`


class DraftCache:
    """Tokens, and sound, by utterance. Partials write from their thread, finals read from theirs."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[tuple[str, int], tuple[int, ...]] = OrderedDict()
        self._encoded: OrderedDict[tuple[str, int], tuple[int, object]] = OrderedDict()
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
            self._encoded.pop((session, start), None)
            return self._tokens.pop((session, start), ())

    def keep_encoded(self, session: str, start: int, heard_from: int, encoded: object | None) -> None:
        """Remember what an engine has made of the utterance's audio, from its sample `heard_from` on."""
        with self._lock:
            self._encoded[session, start] = heard_from, encoded
            self._encoded.move_to_end((session, start))
            while len(self._encoded) > ENCODED_MAX:
                self._encoded.popitem(last=False)

    def encoded(self, session: str, start: int, heard_from: int) -> object | None:
        """The newest that was made from the same sample on, None where there is none."""
        with self._lock:
            began, found = self._encoded.get((session, start), (heard_from, None))
            return found if began == heard_from else None
