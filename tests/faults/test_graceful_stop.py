"""SIGTERM: a worker ends what it has begun, the gateway sends its clients away first, and nothing accepted is lost."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.faults.worker_bench import DONE_SEC, WORKING, WorkerBench
from tests.faults.world import World, running_world
from tests.support.processes import wait_until
from tests.support.raw_client import RawClient
from tests.support.speech import demo_clips

STOP_SEC = 30.0


@pytest.mark.parametrize("worker", ["stt_0", "analyzer"])
def test_a_worker_ends_its_utterance_first(worker: str, tmp_path: Path) -> None:
    """With more waiting in the queue, which stays there for others."""
    with running_world(tmp_path, "redis", worker, VISIBILITY_TIMEOUT_SEC="60") as world:
        bench = WorkerBench(world, worker)
        begun = bench.send()
        world.hold_at(WORKING[worker], DONE_SEC)
        bench.send()
        bench.send()
        os.kill(world.pid(worker), signal.SIGTERM)
        wait_until(lambda: "Warm shutdown" in world.services[worker].tail(1_000), DONE_SEC, "it has heard")
        world.moments.release(WORKING[worker])
        assert world.services[worker].stop() == 0, world.services[worker].tail()
        assert bench.ended() == {begun: 1}
        assert world.client.hlen("unacked") == 0, "what waits is not held by a worker that is gone"
        world.start(worker)
        bench.wait_all_ended()
        bench.close()


@pytest.fixture
def gateway(tmp_path: Path) -> object:
    """A gateway whose clients are not read while one utterance is unanswered."""
    with running_world(tmp_path, "redis", "gateway", OUTSTANDING_MAX="1", IDLE_CUT_SEC="20") as world:
        yield world


def test_the_gateway_sends_its_clients_away_first(gateway: World) -> None:
    """Those that listen, one in the middle of an utterance, and one that is not read for lack of an answer."""
    pcm = demo_clips()[0].pcm
    with RawClient(gateway.ws_url) as idle, RawClient(gateway.ws_url) as speaking, RawClient(gateway.ws_url) as slowed:
        idle.expect("session")
        speaking.expect("session")
        speaking.send(pcm)
        session = slowed.expect("session")["session"]
        slowed.send(pcm)
        slowed.send(b"")
        accepted = slowed.expect("accepted")
        until_not_read(slowed)
        os.kill(gateway.pid("gateway"), signal.SIGTERM)
        for client in (idle, speaking, slowed):
            assert client.close_code(STOP_SEC) == 1012
        assert gateway.services["gateway"].stop() in (0, -signal.SIGTERM)
    assert "graceful shutdown exceeded" not in gateway.services["gateway"].tail(1_000), "nobody was waited for"
    gateway.start("gateway", "stt_0", "analyzer", "listener")
    with RawClient(gateway.ws_url, session) as resumed:
        assert resumed.expect("session")["position"] == accepted["position"]
        assert resumed.expect("result", DONE_SEC)["utterance"] == accepted["utterance"]


def until_not_read(client: RawClient) -> None:
    """Speak on until the gateway takes no more, and the buffers between are full."""
    raw = client.socket.socket
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
    raw.settimeout(2.0)
    try:
        while True:
            client.send(bytes(60_000))
            client.send(b"")
    except TimeoutError:
        raw.settimeout(None)
