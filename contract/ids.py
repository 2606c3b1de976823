"""Ids of sessions and utterances, and their public forms."""

from __future__ import annotations

import hashlib

SESSION_ID_BYTES = 24  # 192 random bits, 32 characters


def session_tag(session: str) -> str:
    """A short name of a session that is safe to log: 8 hex digits of its SHA-256."""
    return hashlib.sha256(session.encode()).hexdigest()[:8]


def channel_session(session: str, channel: int) -> str:
    """The secret session of one of a session's channels, from 1 on; the first has the session itself. Utterances of two
    channels may begin at the same sample."""
    return session if channel == 1 else f"{session[:90]}-c{channel}"


def utterance_id(session: str, start: int) -> str:
    """An utterance's id: its session's tag and its start position in samples."""
    return f"{session_tag(session)}-{start}"
