"""A model hub on this machine: the few requests that the hub's client makes for a snapshot."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Handler(BaseHTTPRequestHandler):
    server: FakeHub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, body: bool) -> None:
        path = urlsplit(self.path).path
        self.server.requests.append(f"{self.command} {path}")
        for repo, folder in self.server.repos.items():
            files = sorted(file for file in folder.iterdir() if file.is_file())
            if path in (f"/api/models/{repo}", f"/api/models/{repo}/revision/main"):
                siblings = [{"rfilename": file.name, "size": file.stat().st_size} for file in files]
                self._send(json.dumps({"id": repo, "sha": COMMIT, "siblings": siblings}).encode(), body)
                return
            if path == f"/api/models/{repo}/tree/{COMMIT}":
                tree = [
                    {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": _etag(file)}
                    for file in files
                ]
                self._send(json.dumps(tree).encode(), body)
                return
            for file in files:
                if path in (f"/{repo}/resolve/{COMMIT}/{file.name}", f"/{repo}/resolve/main/{file.name}"):
                    self._send(file.read_bytes(), body, _etag(file))
                    return
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, content: bytes, body: bool, etag: str = "") -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", COMMIT)
        if etag:
            self.send_header("ETag", f'"{etag}"')
        self.end_headers()
        if body:
            self.wfile.write(content)


class FakeHub(ThreadingHTTPServer):
    """Serves `repos`: names to folders. `requests` are those that came."""

    daemon_threads = True

    def __init__(self, repos: dict[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos = repos
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


def _etag(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()


@contextmanager
def serve_hub(repos: dict[str, Path]) -> Iterator[FakeHub]:
    """A running hub."""
    hub = FakeHub(repos)
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        thread.join()
        hub.server_close()
