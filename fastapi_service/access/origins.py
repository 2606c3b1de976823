"""Which web sites' pages may open the WebSocket and use `/v1` (access.cors). Pure.

A browser names the page in `Origin`, and no page can change that. Another site's page is refused: it would use the
visitor's cookie, or reach a service that only the visitor's machine can reach. Extensions and packaged apps have
origins as well, with schemes of their own; a page from a file or in a sandboxed frame, whoever's it is, has `null`.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

ANY = "*"
NULL = "null"
DEFAULT_PORTS = {"http": 80, "https": 443}
NOT_OF_PAGES = ("ws", "wss")  # what a page may open, not where it is from
LOOKS_LIKE = "it looks like https://example.org, http://10.0.0.5:8000, chrome-extension://id, app://obsidian.md or null"
Authority = tuple[str, int]


class Origins:
    """The allowed origins: the service's own (the `Host` that the browser sent), and those listed."""

    def __init__(self, allowed: str) -> None:
        """`allowed`: comma-separated origins (`https://example.org`, `tauri://localhost`, `null`), or `*`; of a scheme
        other than http and https `scheme://*` stands for all. Raises ValueError, in words."""
        self._listed: set[str] = set()
        self.any = False
        for entry in filter(None, (part.strip() for part in allowed.split(","))):
            if entry == ANY:
                self.any = True
                continue
            origin = _normal(entry)
            if origin is None:
                raise ValueError(f"{entry!r} is no origin: {LOOKS_LIKE}")
            self._listed.add(origin)

    def allow(self, origin: str, host: str, encrypted: bool) -> bool:
        """Whether a page of `origin` may use the service at `host` (a Host header). `encrypted`: it was asked by TLS.

        An https page may reach a service that looks like http: a proxy that ends TLS need not say so. An http page
        could have been changed on its way, so it may not use an encrypted service.
        """
        if self.any:
            return True
        given = _normal(origin)
        if given is None:
            return False
        scheme = given.partition(":")[0]
        if given in self._listed or f"{scheme}://{ANY}" in self._listed:
            return True
        if scheme not in DEFAULT_PORTS:
            return False
        return given == _web(scheme, host) and not (encrypted and scheme == "http")


def _normal(text: str) -> str | None:
    """An origin in the one form that is compared: lower case, http and https with their port. None for what is none."""
    asked = text.strip().lower()
    if asked == NULL:
        return NULL
    found = re.fullmatch(r"([a-z][a-z0-9+.-]*)://([^/?#@\s]*)/?", asked)
    if found is None or found[1] in NOT_OF_PAGES:
        return None
    scheme, host = found[1], found[2]
    if scheme in DEFAULT_PORTS:
        return _web(scheme, host)
    if not host and scheme != "file":  # some packaged apps say file:// where browsers say null
        return None
    return None if "*" in host and host != ANY else f"{scheme}://{host}"


def _web(scheme: str, host: str) -> str | None:
    authority = None if "*" in host else _authority(host, scheme)
    return None if authority is None else f"{scheme}://{authority[0]}:{authority[1]}"


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
