"""One line per utterance and service: a name and fields, the same in both log formats.

    logger.info(Event("accepted", utterance=job.utterance, audio_sec=1.9))

is `accepted utterance=5f1d7c0a-0 audio_sec=1.9` as text, and separate fields in JSON. No field holds a transcript, a
whole session id or a token.
"""

from __future__ import annotations

import json
import re
from typing import Final

FIELD_MAX_CHARS: Final = 8_000
PLAIN = re.compile(r"[A-Za-z0-9_.:+/-]+", re.ASCII)

Value = str | int | float | bool | None


class Event:
    """What happened, with named fields. Fields that are None are left out; floats keep three decimals."""

    def __init__(self, event: str, **fields: Value) -> None:
        self.event = event
        self.fields: dict[str, str | int | float | bool] = {
            name: _bounded(value) for name, value in fields.items() if value is not None
        }

    def __str__(self) -> str:
        return " ".join([self.event, *(f"{name}={_shown(value)}" for name, value in self.fields.items())])


def _bounded(value: str | int | float | bool) -> str | int | float | bool:
    if isinstance(value, float):
        return round(value, 3)
    return value[:FIELD_MAX_CHARS] if isinstance(value, str) else value


def _shown(value: str | int | float | bool) -> str:
    """A value as text: quoted and escaped unless it is one plain word."""
    if isinstance(value, str):
        return value if PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
