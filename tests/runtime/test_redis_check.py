"""The look at Redis at a service's start: what can never work is told apart from what is not there yet."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from contract.settings import ServiceSettings
from harness.processes import free_port
from runtime.redis_check import RedisRefusedError, check_redis
from tests.support.certificates import Authority


def settings(url: str) -> ServiceSettings:
    return ServiceSettings.model_validate({"redis_url": url})


def test_a_redis_that_answers_passes(redis_port: int) -> None:
    check_redis(settings(f"redis://127.0.0.1:{redis_port}/0"))


def test_a_redis_that_is_not_there_yet_passes_with_a_word(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    check_redis(settings(f"redis://127.0.0.1:{port}/0"))
    assert f"127.0.0.1:{port} does not answer yet" in caplog.text


def test_tls_to_a_redis_without_it_is_refused(redis_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.redis_client.SOCKET_TIMEOUT_SEC", 0.3)
    with pytest.raises(RedisRefusedError, match=f"127.0.0.1:{redis_port} does not speak TLS"):
        check_redis(settings(f"rediss://127.0.0.1:{redis_port}/0"))


@contextmanager
def speaks_tls(folder: Path) -> Iterator[int]:
    """A server that takes nothing but TLS, and then says nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Authority(folder / "authority").issue("DNS:localhost"))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    with listening.accept()[0] as connection:
                        context.wrap_socket(connection, server_side=True).close()
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_a_redis_with_tls_alone_wants_another_url(tmp_path: Path) -> None:
    with speaks_tls(tmp_path) as port, pytest.raises(RedisRefusedError, match="speaks TLS there"):
        check_redis(settings(f"redis://127.0.0.1:{port}/0"))


def test_one_that_forgets_when_it_is_full_is_warned_of(
    redis_port: int, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    check_redis(settings(f"redis://127.0.0.1:{redis_port}/0"))
    assert caplog.text == ""
    before = redis_client.config_get("maxmemory", "maxmemory-policy")
    redis_client.config_set("maxmemory", "1gb", "maxmemory-policy", "volatile-lru")
    try:
        check_redis(settings(f"redis://127.0.0.1:{redis_port}/0"))
    finally:
        for name, value in before.items():
            redis_client.config_set(str(name), str(value))
    assert "volatile-lru" in caplog.text and "noeviction" in caplog.text
