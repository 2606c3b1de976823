"""One look at Redis when a service starts: what can never work is refused in words, and not tried again for ever."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from typing import Any, cast

import redis

from contract.redis_url import RedisAddress
from contract.settings import ServiceSettings
from runtime.redis_client import CONNECT_TIMEOUT_SEC, worker_redis

logger = logging.getLogger(__name__)

CLUSTER = (
    "Redis at {place} is a Redis Cluster, which shares the keys among several: queues and sessions need one Redis that "
    "holds them all. Use one without cluster mode (at Azure: a tier or policy without clustering)."
)
UNTRUSTED = (
    "Redis at {place} shows a certificate that is not trusted ({why}). REDIS_CA_FILE names the file of its CA; the "
    "name in REDIS_URL must be one that stands in the certificate."
)
WITHOUT_TLS = "Redis at {place} does not speak TLS ({why}): REDIS_URL begins with redis://, or names its TLS port."
KEEPS_ALL = "noeviction"
FORGETFUL = (
    "Redis at {place} throws keys away when it is full (maxmemory-policy {policy}): speech and results may be lost. "
    "Set it to noeviction."
)
WITH_TLS = "Redis at {place} speaks TLS there: REDIS_URL must begin with rediss://."


class RedisRefusedError(Exception):
    """This Redis cannot be used as it is set. The message is for who runs the service."""


def check_redis(settings: ServiceSettings) -> None:
    """Look once. Raises RedisRefusedError. One that is out of reach passes: whoever needs it tries again."""
    address = settings.redis_address()
    try:
        with worker_redis(settings) as client:
            told = cast(dict[str, Any], client.info())
            clustered = bool(told.get("cluster_enabled")) or _parts_keys(client)
    except (redis.RedisError, OSError) as problem:
        if words := why_refused(problem, address):
            raise RedisRefusedError(words) from problem
        logger.warning("Redis at %s does not answer yet: %s", address.place, problem)
        return
    if clustered:
        raise RedisRefusedError(CLUSTER.format(place=address.place))
    if told.get("maxmemory") and (policy := told.get("maxmemory_policy", KEEPS_ALL)) != KEEPS_ALL:
        logger.warning(FORGETFUL.format(place=address.place, policy=policy))


def _parts_keys(client: redis.Redis) -> bool:
    """Whether one script may not use two keys: so a proxy in front of a cluster is one too, whatever it says."""
    try:
        client.eval("return 0", 2, "wta-check-1", "wta-check-2")  # nothing is written
    except redis.ResponseError as problem:
        return any(word in str(problem).upper() for word in ("CROSSSLOT", "MOVED", "CLUSTERDOWN", "SAME SLOT"))
    return False


def why_refused(problem: BaseException, address: RedisAddress) -> str:
    """Why a connection will fail the next time too, in words; empty where it may not."""
    for cause in _causes(problem):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UNTRUSTED.format(place=address.place, why=cause.verify_message)
        if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
            return WITHOUT_TLS.format(place=address.place, why=cause.reason)
    silent = any(isinstance(cause, (TimeoutError, redis.TimeoutError)) for cause in _causes(problem))
    if address.tls and silent and _speaks_without_tls(address):
        return WITHOUT_TLS.format(place=address.place, why="it waits for more")
    if not address.tls and not silent and _speaks_tls(address):
        return WITH_TLS.format(place=address.place)
    return ""


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    while problem is not None:
        yield problem
        problem = problem.__cause__ or problem.__context__


def _speaks_tls(address: RedisAddress) -> bool:
    """Whether a TLS handshake is answered; nothing is sent in it."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the question is not whose it is
    try:
        with _connection(address) as connection, context.wrap_socket(connection):
            return True
    except OSError:
        return False


def _speaks_without_tls(address: RedisAddress) -> bool:
    """Whether what looks like Redis answers a PING that is not encrypted, if only to ask for a password."""
    try:
        with _connection(address) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(1) in (b"+", b"-")
    except OSError:
        return False


def _connection(address: RedisAddress) -> socket.socket:
    host, _, port = address.place.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_TIMEOUT_SEC)
