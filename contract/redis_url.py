"""REDIS_URL, read in one way for redis-py and for kombu, which take its parts differently or not at all.

With `rediss://` kombu by itself believes any certificate, and a database that is no number is another one for each of
them. Here certificates are always verified, and what only one of them would understand is refused.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES = ("redis", "rediss")
VERIFIED = ("required", "cert_required")
FILES = {"ssl_ca_certs": "the CA file", "ssl_certfile": "the client certificate", "ssl_keyfile": "its key"}
SHAPE = "redis://:password@host:6379/0, or rediss:// for TLS; percent-encode other characters than letters and digits"


@dataclass(frozen=True)
class RedisAddress:
    """Where a Redis is. `url`: without query, for redis-py and kombu alike; it holds the password: never log it.

    `tls`: arguments of a TLS connection, for both as well; empty without TLS. `place`: host and port, for words.
    """

    url: str
    tls: dict[str, Any]
    place: str


def read_redis_url(given: str, ca_file: Path | None) -> RedisAddress:
    """The address in `given`. Raises ValueError, in words and without the password."""
    try:
        parts = urlsplit(given.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"it cannot be read: it looks like {SHAPE}") from None
    if parts.scheme not in SCHEMES or not host or parts.fragment:
        raise ValueError(f"it looks like {SHAPE}")
    database = unquote(parts.path).strip("/")
    if database and not (database.isascii() and database.isdigit()):
        raise ValueError("after host and port comes /0, the number of a database")
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    encrypted = parts.scheme == "rediss"
    if unknown := sorted(set(asked) - ({*FILES, "ssl_cert_reqs", "ssl_check_hostname"} if encrypted else set())):
        raise ValueError(f"{', '.join(unknown)} cannot be set in it")
    if ca_file is not None:
        if not encrypted:
            raise ValueError("with REDIS_CA_FILE it begins with rediss://")
        asked.setdefault("ssl_ca_certs", str(ca_file))
    tls = _tls(asked) if encrypted else {}
    port = port or 6379
    where = f"[{host}]" if ":" in host else host
    login, at, _ = parts.netloc.rpartition("@")
    return RedisAddress(f"{parts.scheme}://{login}{at}{where}:{port}/{int(database or 0)}", tls, f"{where}:{port}")


def _tls(asked: dict[str, str]) -> dict[str, Any]:
    if asked.get("ssl_cert_reqs", "required").lower() not in VERIFIED:
        raise ValueError("ssl_cert_reqs must be required: for a certificate of your own give its CA, REDIS_CA_FILE")
    if asked.get("ssl_check_hostname", "true").lower() not in ("true", "1", "yes"):
        raise ValueError("ssl_check_hostname must be true: use the name that stands in the certificate")
    tls: dict[str, Any] = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
    for name, what in FILES.items():
        if path := asked.get(name):
            if not Path(path).is_file():
                raise ValueError(f"{what} {path} is not there")
            tls[name] = path
    if "ssl_ca_certs" in tls:
        try:
            ssl.create_default_context(cafile=tls["ssl_ca_certs"])
        except (ssl.SSLError, OSError):
            raise ValueError(f"{tls['ssl_ca_certs']} holds no certificate in PEM form") from None
    return tls
