"""Which web sites' pages may open the WebSocket. Pure.

A browser names the page in `Origin`, and no page can change that. Another site's page is refused: it would use the
visitor's cookie, or reach a service that only the visitor's machine can reach.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

ANY = "*"
DEFAULT_PORTS = {"http": 80, "https": 443}
Authority = tuple[str, int]


class Origins:
    """The allowed origins: the service's own (the `Host` that the browser sent), and those listed."""

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
        """Whether a page of `origin` may use the service at `host` (a Host header). `encrypted`: it was asked by TLS.

        An https page may reach a service that looks like http: a proxy that ends TLS need not say so. An http page
        could have been changed on its way, so it may not use an encrypted service.
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
