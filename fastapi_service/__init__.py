"""The gateway: the page, audio and results on `/ws`, uploads, and the state of the service.

    fastapi_service   the app, wired: start here
    access            who comes in: tokens, login, origins, attempts
    live              the WebSocket: connection, session, outcomes on their way to the client
    realtime          OpenAI's Realtime API, for the same sessions
    speaking          what is being spoken: its text so far, and where it ends
    upload            files, as OpenAI's API takes them
    subtitles         results as SubRip and WebVTT
    page              HTTP beside that: the page, health, metrics, models, the description of the API
    pipeline          what stands behind: queues and workers
    static            the page itself
    speakers          the names that people give to speakers
    server, uvicorn_limits, settings, token_bucket

The app is here, for `uvicorn fastapi_service:app`. It is made when it is asked for: making it sets logging up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi_service.fastapi_service import app

__all__ = ["app"]


def __getattr__(name: str) -> Any:
    if name == "app":
        from fastapi_service.fastapi_service import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
