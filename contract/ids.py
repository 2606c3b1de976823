"""Ids of sessions and utterances, and their public forms."""

from __future__ import annotations

import hashlib

SESSION_ID_BYTES = 24  # 192 random bits, 32 characters


def session_tag(session: str) -> str:
    """A short name of a session that is safe to log: 8 hex digits of its SHA-256."""
    return hashlib.sha256(session.encode()).hexdigest()[:8]


def utterance_id(session: str, start: int) -> str:
    """An utterance's id: its session's tag and its start position in samples."""
    return f"{session_tag(session)}-{start}"
