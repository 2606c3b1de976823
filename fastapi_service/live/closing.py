"""How a connection ends: the exception that carries the close code and the last message."""

from __future__ import annotations

from contract.messages import Busy, Error, Message

BUSY_RETRY_SEC = 5.0  # a client that was told `busy` comes back after this: long enough for a queue to move


class CloseConnection(Exception):  # noqa: N818 - an ending, not always an error
    """End the connection with `code`, after sending `message` if there is one."""

    def __init__(self, code: int, reason: str, message: Message | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.message = message


def refused(code: int, name: str, words: str) -> CloseConnection:
    """Ends the connection of a client that broke the protocol, with an `error` message that says why."""
    return CloseConnection(code, name, Error(code=name, message=words))


def come_back(code: str, words: str) -> Busy:
    """Tells a client that there is no room for it now, and when to try again."""
    return Busy(code=code, message=words, retry_after_sec=BUSY_RETRY_SEC)


def first_ending(group: BaseExceptionGroup[Exception]) -> Exception:
    """The first exception of a group that may be nested; a CloseConnection before any other."""
    leaves: list[Exception] = []
    for problem in group.exceptions:
        leaves.append(first_ending(problem) if isinstance(problem, BaseExceptionGroup) else problem)
    return next((leaf for leaf in leaves if isinstance(leaf, CloseConnection)), leaves[0])
