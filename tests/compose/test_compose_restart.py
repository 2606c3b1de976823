"""docker-compose restart, stop and start under a running stream."""

from __future__ import annotations

import asyncio

from contract.messages import Result
from harness.processes import wait_until
from harness.speech import Clip, words_of
from recorder_service.client.client import StreamClient
from tests.compose.compose_stack import SERVICES, ComposeStack, Outcome, all_read, apart, hear, read_outcomes, speak

UTTERANCE_EVERY_SEC = 1.5


def test_restarting_every_service_under_a_running_stream_loses_nothing(containers: ComposeStack, clip: Clip) -> None:
    pcm = clip.pcm
    spoken = 0
    outcomes: list[Outcome] = []

    async def stream(over: asyncio.Event) -> None:
        nonlocal spoken
        async with StreamClient(containers.ws_url, insecure=True, language="en") as client:
            reading = asyncio.create_task(read_outcomes(client, outcomes))
            while not over.is_set():
                await speak(client, pcm)
                spoken += 1
                await asyncio.sleep(UTTERANCE_EVERY_SEC)
            assert await client.drain(180), f"{spoken} spoken, {len(outcomes)} ended"
            await all_read(client, outcomes)
        await reading

    async def stream_and_restart() -> None:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(stream(over))
            for service in SERVICES:
                await asyncio.to_thread(containers.compose, "restart", service)
                await asyncio.to_thread(containers.wait_ready)
            over.set()

    apart(stream_and_restart())
    assert spoken >= len(SERVICES)
    wrong = [o for o in outcomes if not isinstance(o, Result) or words_of(o.text) != words_of(clip.text)]
    assert wrong == [], containers.logs(100)
    assert [o.seq for o in outcomes] == list(range(1, spoken + 1))
    assert len({o.utterance for o in outcomes}) == spoken


def test_without_the_gateway_nginx_asks_for_patience(containers: ComposeStack, clip: Clip) -> None:
    containers.compose("stop", "fastapi_service")
    try:
        status, headers, body = containers.get("/")
        assert status == 503
        assert headers["retry-after"] == ["5"]
        assert headers["x-content-type-options"] == ["nosniff"]
        assert b"One moment" in body
        assert containers.get("/ws")[0] == 503
    finally:
        containers.compose("start", "fastapi_service")
    containers.wait_ready()
    (result,) = apart(hear(containers.ws_url, [clip.pcm]))
    assert isinstance(result, Result)


def test_a_gateway_at_another_address_is_found(containers: ComposeStack) -> None:
    containers.compose("up", "-d", "--no-deps", "--force-recreate", "fastapi_service")
    containers.wait_ready()


def test_starting_again_keeps_the_password_and_the_data(containers: ComposeStack) -> None:
    password = containers.exec("redis", "cat", "/secrets/redis_password")
    containers.redis("set", "wta:kept", "yes", "ex", "600")
    containers.compose("up", "-d", "--force-recreate", "redis_password", "redis")
    assert containers.exec("redis", "cat", "/secrets/redis_password") == password
    wait_until(lambda: "yes" in containers.redis("get", "wta:kept"), 20, "Redis has its data again")
    containers.wait_ready()
