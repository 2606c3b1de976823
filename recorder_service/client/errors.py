"""Errors that end a stream, and the back-off before reconnecting after all others."""

from __future__ import annotations

import random

from contract.websocket import (
    CLOSE_NOT_ALLOWED,
    CLOSE_ODD_BYTES,
    CLOSE_TAKEN_OVER,
    CLOSE_TEXT_FRAME,
    CLOSE_TOO_BIG,
)

FIRST_DELAY_SEC = 1.0
LONGEST_DELAY_SEC = 30.0
JITTER = 0.25  # of the delay, so that many clients do not come back in the same moment

# Close codes and HTTP statuses after which trying again would end in the same way (docs/protocol.md).
FINAL_CLOSE_WORDS = {
    CLOSE_TEXT_FRAME: "the server takes binary frames only, and says that it got text",
    CLOSE_ODD_BYTES: "the server says that a frame had an odd number of bytes",
    CLOSE_NOT_ALLOWED: "the server does not let this client in",
    CLOSE_TOO_BIG: "the server says that a frame was too big",
    CLOSE_TAKEN_OVER: "a newer connection has taken this session over",
}
FINAL_HTTP_WORDS = {
    400: "the server does not understand the request",
    401: "the server does not let this client in",
    403: "the server does not let this client in, or there is no WebSocket at this address",
    404: "there is nothing at this address (the WebSocket is at /ws)",
    405: "there is no WebSocket at this address (it is at /ws)",
    426: "the server speaks another protocol at this address",
}


class StreamError(Exception):
    """A stream that cannot go on; the message says why in plain words."""


class CannotConnect(StreamError):  # noqa: N818 - a state of affairs, read as a sentence where it is caught
    """No connection could be opened within the time that was given for it."""


class Refused(StreamError):  # noqa: N818
    """The server ended the stream for a reason that trying again does not mend. `code`: close code or HTTP status."""

    def __init__(self, words: str, code: int = 0) -> None:
        super().__init__(words)
        self.code = code


class BufferFull(StreamError):  # noqa: N818
    """More audio waits for the server than may be kept; nothing of what was taken before is lost."""

    def __init__(self, kept_sec: float) -> None:
        super().__init__(f"{kept_sec:.0f} s of speech wait to be taken over, and no more can be kept")
        self.kept_sec = kept_sec


class Backoff:
    """Delays of 1 s doubling to 30 s, each with up to a quarter more at random."""

    def __init__(self, first_sec: float = FIRST_DELAY_SEC, longest_sec: float = LONGEST_DELAY_SEC) -> None:
        self._first_sec = first_sec
        self._longest_sec = longest_sec
        self._next_sec = first_sec

    def reset(self) -> None:
        """Begin at the shortest delay again, after a success."""
        self._next_sec = self._first_sec

    def next_delay(self, at_least_sec: float = 0.0) -> float:
        """The next delay in seconds, `at_least_sec` when the other side has asked for that."""
        delay = max(self._next_sec, at_least_sec)
        self._next_sec = min(self._next_sec * 2.0, self._longest_sec)
        return delay * (1.0 + random.uniform(0.0, JITTER))
