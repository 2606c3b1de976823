"""HTTP requests for tests: no redirects followed, an error status is an answer like any other, any certificate goes."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What came back; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def cookie(self) -> str:
        """The first cookie that is set, as the client would send it back."""
        return self.headers["set-cookie"].split(";")[0]


def unverified() -> ssl.SSLContext:
    """TLS that takes any certificate: a self-signed one is what is tested."""
    context = ssl.create_default_context()
    # A later version's tickets come after the handshake, and one thread then reads while another writes its request,
    # which Python's ssl does not bear: that request is lost now and then.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def request(
    url: str, path: str = "/", method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """Send one request on a connection of its own."""
    address = urlsplit(url)
    connection = (
        http.client.HTTPSConnection(address.netloc, timeout=20, context=unverified())
        if address.scheme == "https"
        else http.client.HTTPConnection(address.netloc, timeout=20)
    )
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())
    finally:
        connection.close()


def log_in(url: str, token: str, path: str = "/login", **headers: str) -> Answer:
    """Fill in the login page's form, which is at `path`."""
    form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return request(url, path, "POST", f"token={token}".encode(), form)
