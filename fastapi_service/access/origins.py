"""Which web sites may open the WebSocket with a visitor's browser. Pure.

A browser says in `Origin` which page asks, and no page can change that. Another site's page must not get in: it would
use the visitor's cookie, or a service that only the visitor's machine can reach.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

ANY = "*"
DEFAULT_PORTS = {"http": 80, "https": 443}
Authority = tuple[str, int]


class Origins:
    """The origins that are let in: the service's own (what the browser calls it in `Host`), and those listed."""

    def __init__(self, allowed: str) -> None:
        """`allowed`: comma-separated origins (`https://example.org`), or `*`. Raises ValueError, in words."""
        self._listed: set[tuple[str, Authority]] = set()
        self._any = False
        for entry in filter(None, (part.strip() for part in allowed.split(","))):
            if entry == ANY:
                self._any = True
                continue
            origin = _origin(entry)
            if origin is None:
                raise ValueError(f"{entry!r} is no origin: it looks like https://example.org or http://10.0.0.5:8000")
            self._listed.add(origin)

    def allow(self, origin: str, host: str, encrypted: bool) -> bool:
        """Whether a page of `origin` may come in at `host` (a Host header), `encrypted` when that came by TLS.

        Schemes may differ in one direction: a proxy that ends TLS need not say so. A page that was not encrypted
        could be anybody's on the way, so it does not get at an encrypted service.
        """
        if self._any:
            return True
        given = _origin(origin)
        if given is None:
            return False
        if given in self._listed:
            return True
        scheme, authority = given
        return authority == _authority(host, scheme) and not (encrypted and scheme == "http")


def _origin(text: str) -> tuple[str, Authority] | None:
    found = re.fullmatch(r"(https?)://([^/?#@\s]+)/?", text.strip().lower())
    if found is None:
        return None
    authority = _authority(found[2], found[1])
    return None if authority is None else (found[1], authority)


def _authority(host: str, scheme: str) -> Authority | None:
    """Host and port, lower case; the scheme's port where none is named. None for what is neither."""
    try:
        parts = urlsplit(f"//{host.strip().lower()}")
        port = parts.port or DEFAULT_PORTS[scheme]
    except ValueError:
        return None
    if not parts.hostname or parts.path or parts.username is not None:
        return None
    return parts.hostname.rstrip("."), port
