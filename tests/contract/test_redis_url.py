"""REDIS_URL means the same to redis-py and to kombu, TLS is always verified, and a bad one is refused in words."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from kombu.connection import Connection
from pydantic import ValidationError
from redis.connection import parse_url

from contract.redis_url import read_redis_url
from contract.settings import ServiceSettings
from runtime.broker.app import make_celery
from runtime.redis_client import async_redis, sync_redis
from tests.support.certificates import Authority

AZURE = "rediss://:a%2Bb%2Fc%3D%3D@name.redis.cache.windows.net:6380/3"


@pytest.mark.parametrize(
    ("given", "place", "password", "database"),
    [
        ("redis://localhost", "localhost:6379", None, 0),
        (" redis://:p%40ss@host:7000/ ", "host:7000", "p@ss", 0),
        ("redis://user:secret@[::1]:6379/2", "[::1]:6379", "secret", 2),
        (AZURE, "name.redis.cache.windows.net:6380", "a+b/c==", 3),
        (AZURE + "?ssl_cert_reqs=CERT_REQUIRED", "name.redis.cache.windows.net:6380", "a+b/c==", 3),
    ],
)
def test_both_libraries_read_the_same(given: str, place: str, password: str | None, database: int) -> None:
    address = read_redis_url(given, None)
    assert address.place == place
    own: dict[str, Any] = dict(parse_url(address.url))
    with Connection(address.url, ssl=address.tls or None) as broker:
        theirs = broker.info()
    assert (own["host"], own["port"], own.get("password"), own["db"]) == (
        theirs["hostname"],
        theirs["port"],
        theirs["password"],
        int(theirs["virtual_host"]),
    )
    assert (own.get("password"), own["db"]) == (password, database)


def test_every_connection_verifies_the_certificate_and_the_name(tmp_path: Path) -> None:
    ca = Authority(tmp_path / "ca").file
    settings = ServiceSettings.model_validate({"redis_url": AZURE, "redis_ca_file": ca})
    with make_celery("x", settings).connection_for_write() as broker:
        assert broker.ssl["ssl_cert_reqs"] is ssl.CERT_REQUIRED
    for options in (
        sync_redis(settings).connection_pool.connection_kwargs,
        async_redis(settings).connection_pool.connection_kwargs,
        broker.ssl,
    ):
        assert options["ssl_cert_reqs"] is ssl.CERT_REQUIRED
        assert options["ssl_check_hostname"] is True
        assert options["ssl_ca_certs"] == str(ca)


def test_without_tls_nothing_of_it_is_set() -> None:
    settings = ServiceSettings.model_validate({"redis_url": "redis://localhost:1/1"})
    assert not make_celery("x", settings).conf.broker_use_ssl
    assert settings.redis_address().tls == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("localhost:6379", "looks like redis://"),
        ("http://host", "looks like redis://"),
        ("rediss://:abc/def=@host:6380/0", "percent-encode"),
        ("redis://host:99999/0", "looks like"),
        ("redis://host/jobs", "number of a database"),
        ("redis://host/0?db=3", "db cannot be set"),
        ("redis://host/0?ssl_cert_reqs=required", "ssl_cert_reqs cannot be set"),
        ("rediss://host/0?ssl_cert_reqs=none", "must be required"),
        ("rediss://host/0?ssl_cert_reqs=", "must be required"),
        ("rediss://host/0?ssl_check_hostname=false", "must be true"),
        ("rediss://host/0?ssl_ca_certs=/none/such.pem", "is not there"),
        ("redis://host/0#x", "looks like"),
    ],
)
def test_what_cannot_be_used_is_refused_without_the_password(given: str, words: str) -> None:
    with pytest.raises(ValidationError, match="REDIS_URL") as refused:
        ServiceSettings.model_validate({"redis_url": given})
    assert words in str(refused.value)
    assert "abc" not in str(refused.value)


def test_a_ca_file_must_hold_certificates_and_go_with_tls(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate", encoding="utf-8")
    for url, words in (
        ("rediss://host/0", "holds no certificate"),
        ("redis://host/0", "begins with rediss://"),
        (None, "goes with REDIS_URL"),
    ):
        with pytest.raises(ValidationError, match=words):
            ServiceSettings.model_validate({"redis_url": url, "redis_ca_file": file})
