"""The first message on every connection."""

from __future__ import annotations

from contract.audio import MAX_FRAME_BYTES
from contract.messages import Limits, Models, Session
from fastapi_service.live.sessions import OpenSession
from fastapi_service.settings import GatewaySettings

CLIENT_BUFFER_SEC = 600.0  # of unsafe audio that a client should keep before it stops: 19 MB


def greeting(lease: OpenSession, models: Models, settings: GatewaySettings) -> Session:
    """Where the stream of `lease` stands, and what its client must keep to."""
    limits = Limits(
        frame_bytes=MAX_FRAME_BYTES,
        utterance_sec=settings.utterance_max_sec,
        idle_cut_sec=settings.idle_cut_sec,
        idle_close_sec=settings.idle_close_sec,
        buffer_sec=CLIENT_BUFFER_SEC,
        upload_bytes=settings.upload_max_bytes,
        sentence_wait_sec=settings.sentence_wait_sec,
    )
    return Session(session=lease.session, position=lease.position, seq=lease.seq, models=models, limits=limits)
