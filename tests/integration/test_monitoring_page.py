"""docs/monitoring.md names every metric that the services expose, with type and labels, and none that is not there."""

from __future__ import annotations

import pytest

from tests.support.metrics import documented, exposed, scrape
from tests.support.raw_client import RawClient
from tests.support.speech import demo_clips
from tests.support.stack import Stack


@pytest.mark.parametrize("service", ["fastapi_service"])
def test_the_table_of_metrics_is_what_is_exposed(stack: Stack, service: str) -> None:
    with RawClient(stack.ws_url) as client:
        assert client.speak(demo_clips()[0].pcm)["type"] == "result"
        client.send("a close code to count")
        assert client.close_code() == 1003
    found = exposed(scrape(stack.metrics_url(service)))
    assert found == documented(service) | documented("Every service")
