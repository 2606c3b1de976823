"""A real nginx in front of a gateway: with the project's own template, or as somebody else's proxy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from harness.processes import ROOT, Service, wait_until
from tests.support.http_requests import request

TEMPLATE = ROOT / "nginx" / "templates" / "whispertextanalyzer.conf.template"
FRAME = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log stderr;
worker_processes 2;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {content}
}}
"""


def find_nginx() -> str:
    """Path of the program; skips the test where there is none."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("nginx is not installed")
    return found


@contextmanager
def start_nginx(folder: Path, content: str, url: str) -> Iterator[Service]:
    """An nginx whose `http` block is `content`, once `url` answers; its log is nginx.log in `folder`."""
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # or its processes could not read the tests' folders
    config.write_text(FRAME.format(user=user, folder=folder, content=content), encoding="utf-8")
    server = Service("nginx", [find_nginx(), "-p", str(folder), "-e", "stderr", "-c", str(config)], {}, folder)
    server.start()

    def answers() -> bool:
        assert server.running, server.tail()
        try:
            return request(url, "/healthz").status > 0
        except OSError:
            return False

    try:
        wait_until(answers, 15, f"nginx answers: {server.tail()}")
        yield server
    finally:
        server.stop()


def composed_settings(**others: str) -> dict[str, str]:
    """nginx's environment in docker-compose.yml, with the defaults, or `others`."""
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]["nginx"]
    told: Mapping[str, str] = composed["environment"]
    return {name: re.sub(r"^\$\{[A-Z_]+:-(.*)\}$", r"\1", str(value)) for name, value in told.items()} | others


def from_template(folder: Path, gateway_port: int, http_port: int, https_port: int, **settings: str) -> str:
    """The project's template for this machine: other ports, a certificate made here, the gateway by its address."""
    tls = folder / "tls"
    tls.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", str(tls / "privkey.pem"), "-out", str(tls / "fullchain.pem")],
        check=True,
        capture_output=True,
    )  # fmt: skip
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in composed_settings(HTTPS_PORT=str(https_port), **settings).items():
        text = text.replace("${" + name + "}", value)  # as the image's envsubst does
    here = {
        "listen 80 ": f"listen 127.0.0.1:{http_port} ",
        "listen 443 ": f"listen 127.0.0.1:{https_port} ",
        "/etc/nginx/tls/current": str(tls),
        "http://fastapi_service:8000": f"http://127.0.0.1:{gateway_port}",
        "/dev/stdout": str(folder / "access.log"),
        "/usr/share/nginx/pages": str(ROOT / "nginx" / "pages"),
    }
    for name, value in here.items():
        assert name in text, f"the template has no {name}"
        text = text.replace(name, value)
    unset = re.search(r"^[^#\n]*(\$\{[A-Z_]+\})", text, re.MULTILINE)
    assert unset is None, f"docker-compose.yml does not give nginx {unset[1]}"
    return text
