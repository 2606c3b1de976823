"""SIGTERM: a worker ends what it has begun, the gateway sends its clients away first, and nothing accepted is lost."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from contract.websocket import SUBPROTOCOL
from harness.processes import wait_until
from harness.speech import demo_clips
from tests.faults.campaign import wait_for
from tests.faults.fault_system import FaultSystem, running_world
from tests.faults.worker_rig import DONE_SEC, WORKING, WorkerRig
from tests.support.raw_client import RawClient

STOP_SEC = 30.0
FRAME_BYTES = 60_000


@pytest.mark.parametrize("worker", ["stt_0", "analyzer"])
def test_a_worker_ends_its_utterance_first(worker: str, tmp_path: Path) -> None:
    """With more waiting in the queue, which stays there for others."""
    with running_world(tmp_path, "redis", worker, VISIBILITY_TIMEOUT_SEC="60") as world:
        rig = WorkerRig(world, worker)
        world.hold_at(WORKING[worker], DONE_SEC, rig.send)
        rig.send()
        rig.send()
        os.kill(world.pid(worker), signal.SIGTERM)
        wait_until(lambda: "Warm shutdown" in world.services[worker].tail(1_000), DONE_SEC, "it has heard")
        world.moments.release(WORKING[worker])
        assert world.services[worker].stop() == 0, world.services[worker].tail()
        assert rig.ended() == {rig.sent[0]: 1}
        assert world.client.hlen("unacked") == 0, "what waits is not held by a worker that is gone"
        world.start(worker)
        rig.wait_all_ended()
        rig.close()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[FaultSystem]:
    """A gateway whose clients are not read while one utterance is unanswered."""
    with running_world(tmp_path, "redis", "gateway", OUTSTANDING_MAX="1", IDLE_CUT_SEC="20") as world:
        yield world


def test_the_gateway_sends_its_clients_away_first(gateway: FaultSystem) -> None:
    """Those that listen, one in the middle of an utterance, and one that is not read for lack of an answer."""
    session, accepted = asyncio.run(stop_before_everybody(gateway))
    assert gateway.services["gateway"].stop() in (0, -signal.SIGTERM)
    assert "graceful shutdown exceeded" not in gateway.services["gateway"].tail(1_000), "nobody was waited for"
    gateway.start("gateway", "stt_0", "analyzer", "listener")
    with RawClient(gateway.ws_url, session) as resumed:
        assert resumed.expect("session")["position"] == accepted["position"]
        assert resumed.expect("result", DONE_SEC)["utterance"] == accepted["utterance"]


async def stop_before_everybody(gateway: FaultSystem) -> tuple[str, dict[str, Any]]:
    """SIGTERM with three clients connected, each of which is told to come back.

    Returns the session of the one that was not read, and its `accepted` message.
    """
    pcm = demo_clips()[0].pcm
    open_one = partial(connect, gateway.ws_url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None)
    async with open_one() as idle, open_one() as speaking, open_one() as slowed:
        await speaking.send(pcm[:FRAME_BYTES])
        for frame in (pcm[:FRAME_BYTES], pcm[FRAME_BYTES:], b""):
            await slowed.send(frame)
        session, accepted = [json.loads(await slowed.recv()) for _ in range(2)]
        flood = asyncio.create_task(speak_until_closed(slowed))
        await wait_for(lambda: not_read(slowed), STOP_SEC, "it is not read any more")
        os.kill(gateway.pid("gateway"), signal.SIGTERM)
        async with asyncio.timeout(STOP_SEC):
            for client in (idle, speaking, slowed):
                await client.wait_closed()
                assert client.close_code == 1012
        await flood
    return session["session"], accepted


async def speak_until_closed(client: ClientConnection) -> None:
    """Speak on, far faster than anybody."""
    with suppress(ConnectionClosed):
        while True:
            await client.send(bytes(FRAME_BYTES))


def not_read(client: ClientConnection) -> bool:
    """Whether what the client sends has stayed with it for a while, since the buffers on the way are full."""
    before = unsent(client)
    time.sleep(1.0)
    return before > 0 and unsent(client) == before


def unsent(client: ClientConnection) -> int:
    """Bytes that wait in the client's own buffer."""
    transport = client.transport
    assert isinstance(transport, asyncio.WriteTransport)
    return transport.get_write_buffer_size()
