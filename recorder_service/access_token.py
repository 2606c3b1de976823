"""Reads the gateway's access token for the recorder. It is sent to the gateway alone: no message quotes it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from recorder_service.delivery.protocol import DeliveryError
from recorder_service.settings import RecorderSettings

FILE_MAX_BYTES = 64 * 1024  # a token has 256 characters at most; a wrong path may lead to anything


def access_token(token_file: Path | None, settings: RecorderSettings, note: Callable[[str], None]) -> str | None:
    """The access token to show: `token_file`'s, else ACCESS_TOKEN, else ACCESS_TOKEN_FILE's; None where none is set.

    Of several the first is taken. `note` is told of a file that others can read. Raises DeliveryError for a file that
    cannot be read, or holds none.
    """
    if token_file is None and settings.access_token is not None:
        return _first(settings.access_token.get_secret_value())
    path = token_file or settings.access_token_file
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_MAX_BYTES + 1)
            readable_by_all = bool(os.fstat(file.fileno()).st_mode & stat.S_IROTH)
    except OSError as problem:
        raise DeliveryError(f"{path}: the access token cannot be read ({problem.strerror or problem})") from None
    try:
        token = _first(raw.decode())
    except UnicodeDecodeError:
        token = None
    if token is None or len(raw) > FILE_MAX_BYTES:
        raise DeliveryError(f"{path}: holds no access token, which would be a line of text")
    if readable_by_all:
        note(f"{path} can be read by everybody on this machine; chmod 600 keeps the access token to you.")
    return token


def _first(text: str) -> str | None:
    tokens = text.replace(",", " ").split()
    return tokens[0] if tokens else None
