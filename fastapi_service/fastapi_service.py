"""The gateway: the page at `/`, audio and results on `/ws`, and the state of the service.

Run it with `python -m fastapi_service`; the settings are in settings.py. Under another server take over
UVICORN_OPTIONS, which hold the limits on frames and the keep-alive.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import redis.asyncio
import uvicorn
from fastapi import FastAPI, WebSocket
from pydantic import ValidationError

from contract.audio import MAX_FRAME_BYTES
from fastapi_service.access.attempts import LoginAttempts
from fastapi_service.access.cors import ApiCors
from fastapi_service.access.guard import AuthMiddleware
from fastapi_service.access.login import login_router
from fastapi_service.access.origins import Origins
from fastapi_service.access.proxy import TrustedProxyHeaders
from fastapi_service.access.root_path import RootPath
from fastapi_service.access.tokens import Access
from fastapi_service.live.counters import GatewayMetrics
from fastapi_service.live.delivery.relay import Hub, Relay
from fastapi_service.live.dispatcher import Dispatcher
from fastapi_service.live.endpoint import SocketEndpoint
from fastapi_service.live.sessions import SessionStore
from fastapi_service.page.api_errors import add_api_errors
from fastapi_service.page.metrics import PipelineWatch, metrics_router
from fastapi_service.page.models import models_router
from fastapi_service.page.openapi import describe
from fastapi_service.page.routes import add_pages
from fastapi_service.pipeline.backlog import Backlog
from fastapi_service.pipeline.health import Health
from fastapi_service.pipeline.snapshot import Pipeline
from fastapi_service.realtime.client_secrets import client_secrets_router
from fastapi_service.realtime.endpoint import RealtimeEndpoint
from fastapi_service.server import GatewayServer
from fastapi_service.settings import GatewaySettings
from fastapi_service.speakers.api import speakers_router
from fastapi_service.speakers.naming import SpeakerNames
from fastapi_service.speaking.asking import SpeechRequests
from fastapi_service.upload.api import Uploads
from fastapi_service.uvicorn_limits import BoundedWebSocket, bounded_http, keep_queries_private
from runtime.broker.app import make_celery
from runtime.logs.setup import set_up_logging
from runtime.metrics.registry import count_log_lines
from runtime.redis_check import RedisRefusedError, check_redis
from runtime.redis_client import async_redis

UVICORN_OPTIONS: dict[str, Any] = {
    "ws": BoundedWebSocket,  # stops reading while a message waits: TCP slows a client that is too fast
    "ws_max_size": MAX_FRAME_BYTES,
    "ws_per_message_deflate": False,  # speech does not compress; it would only cost a core
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 300.0,  # while the gateway does not read, it sees no pongs either
    "timeout_graceful_shutdown": 4,
    "log_config": None,
    "access_log": False,
    "proxy_headers": False,  # TrustedProxyHeaders does it
}


def create_app(settings: GatewaySettings) -> FastAPI:
    """The web app with everything wired; nothing connects before its lifespan starts."""
    client: redis.asyncio.Redis = async_redis(settings)
    hub = Hub(settings.linger_sec)
    celery = make_celery("fastapi_service", settings)
    pipeline = Pipeline(client)
    dispatcher = Dispatcher(celery, client, settings, hub.catch_up, Backlog(pipeline, settings))
    metrics = GatewayMetrics()
    relay = Relay(client, hub, dispatcher, metrics)
    health = Health(pipeline)
    requests = SpeechRequests(client, settings)
    endpoint = SocketEndpoint(SessionStore(client, settings), dispatcher, hub, health, settings, requests, metrics)
    uploads = Uploads(client, celery, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loops = [asyncio.create_task(one.run()) for one in (relay, dispatcher, pipeline, uploads)]
        yield
        for loop in loops:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop
        await hub.close()
        dispatcher.close()
        await client.aclose()

    app = FastAPI(title="WhisperTextAnalyzer", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.hub = hub
    app.state.metrics = metrics
    app.state.uploads = uploads
    access = Access(settings.access_tokens, settings.access_cookie_sec)
    failures = LoginAttempts(settings.login_failures_per_min)
    app.include_router(login_router(access, failures))
    watch = PipelineWatch(metrics, client, pipeline, dispatcher, lambda: len(hub))
    app.include_router(metrics_router(metrics, watch))
    app.include_router(uploads.router())
    app.include_router(models_router(pipeline))
    app.include_router(speakers_router(SpeakerNames(client, settings)))
    add_api_errors(app)
    app.include_router(client_secrets_router(access))
    origins = Origins(settings.allowed_origins or "")
    app.add_middleware(AuthMiddleware, access=access, origins=origins, failures=failures, on_refused=metrics.told)
    app.add_middleware(ApiCors, origins=origins)
    add_pages(app, health, settings.demo_clips_dir, access.needed)
    app.add_middleware(RootPath, root_path=settings.root_path or "")
    app.add_middleware(TrustedProxyHeaders, trusted_hosts=settings.forwarded_allow_ips)

    @app.websocket("/ws")
    @app.websocket("/ws/")
    async def websocket_endpoint(websocket: WebSocket) -> None:
        await endpoint.serve(websocket)

    realtime = RealtimeEndpoint(endpoint, settings)

    @app.websocket("/v1/realtime")
    @app.websocket("/v1/realtime/")
    async def realtime_endpoint(websocket: WebSocket) -> None:
        await realtime.serve(websocket)

    describe(app)
    return app


def main() -> None:
    """Serve until told to stop. Raises SystemExit, in words."""
    try:
        check_redis(SETTINGS)
    except RedisRefusedError as problem:
        raise SystemExit(str(problem)) from None
    config = uvicorn.Config(
        app,
        host=SETTINGS.gateway_host,
        port=SETTINGS.gateway_port,
        http=bounded_http(SETTINGS.handshake_sec),
        **UVICORN_OPTIONS,
    )
    server = GatewayServer(config, app.state.hub, app.state.uploads)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit("The gateway did not start.")


def read_settings() -> GatewaySettings:
    """The settings. Raises SystemExit, which names the invalid ones."""
    try:
        return GatewaySettings()
    except ValidationError as problem:
        wrong = [f"\n{'.'.join(map(str, error['loc'])).upper()}  {error['msg']}" for error in problem.errors()]
        raise SystemExit(f"A setting in the environment cannot be used:{''.join(wrong)}") from None


SETTINGS = read_settings()
set_up_logging(SETTINGS.log_level, SETTINGS.log_format)
keep_queries_private()
app = create_app(SETTINGS)
count_log_lines(app.state.metrics.registry)
