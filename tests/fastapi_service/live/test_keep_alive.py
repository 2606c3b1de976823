"""A silent connection is probed by the kernel before a cloud's load balancer forgets it (Azure: after 4 minutes)."""

from __future__ import annotations

from harness.gateway import GatewayProcess
from harness.processes import wait_until
from tests.support.raw_client import RawClient
from tests.support.raw_socket import connect
from tests.support.tcp_timers import probes_due_sec

FORGOTTEN_SEC = 240.0


def test_requests_and_websockets_are_probed(gateway: GatewayProcess) -> None:
    with connect(gateway.url), RawClient(gateway.ws_url) as client:
        client.expect("session")
        wait_until(lambda: len(probes_due_sec(gateway.port)) >= 2, 5, "both connections are there")
        for due_sec in probes_due_sec(gateway.port):
            assert 0 < due_sec < FORGOTTEN_SEC / 1.5, "lost probes leave time for others"
