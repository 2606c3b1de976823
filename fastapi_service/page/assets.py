"""The page's files, held in memory: each also compressed, and all under one address that changes with any of them.

`/static/<version>/js/app.js` never changes, so browsers keep it for a year and ask no more; the document at `/` names
the version, and is asked for each time. Modules import each other by relative addresses, which stay in the same
version, and nothing has to be built. Any other version is answered from the files of now, not to be kept: a page that
was open over an update goes on. So is `/static/js/app.js`, for what does not know the version.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

logger = logging.getLogger(__name__)

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
INDEX = "index.html"  # its addresses begin with static/
VERSIONED = re.compile(r"([0-9a-f]{16})/(.+)")
KEPT = "public, max-age=31536000, immutable"
KEPT_BY_ONE = "private, max-age=31536000, immutable"  # no proxy may give it to those without a token
ASK_AGAIN = "no-cache"

Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    compressed: bytes
    media_type: str
    etag: str

    def answer(self, asked: Headers, cache: str) -> Response:
        """The response to a request with these headers."""
        headers = {"ETag": self.etag, "Cache-Control": cache, "Vary": "Accept-Encoding"}
        if self.etag in re.split(r", *", asked.get("if-none-match", "").replace("W/", "")):
            return Response(status_code=304, headers=headers)
        body = self.body
        if "gzip" in asked.get("accept-encoding", "") and len(self.compressed) < len(body):
            body, headers["Content-Encoding"] = self.compressed, "gzip"
        return Response(body, headers=headers, media_type=self.media_type)


class Assets:
    """The files of a folder: an ASGI app to be mounted at `/static`, and the document."""

    def __init__(self, folder: Path, guarded: bool) -> None:
        """`guarded`: not everybody may have them."""
        self._folder = folder
        self._kept = KEPT_BY_ONE if guarded else KEPT
        self._seen: Signature = ()
        self._files: dict[str, Asset] = {}
        self.version = ""
        self.refresh()

    def refresh(self) -> None:
        """Read the files again if one of them is another than before, as while the page is worked on."""
        found = sorted(path for path in self._folder.rglob("*") if path.suffix in MEDIA_TYPES and path.is_file())
        status = [(path.relative_to(self._folder).as_posix(), path.stat()) for path in found]
        seen = tuple((name, one.st_mtime_ns, one.st_size) for name, one in status)
        if seen == self._seen:
            return
        contents = {name: path.read_bytes() for (name, _), path in zip(status, found, strict=True)}
        whole = hashlib.sha256()
        for name, body in contents.items():
            whole.update(f"{name} {len(body)} ".encode() + body)
        self.version = whole.hexdigest()[:16]
        index = contents.pop(INDEX).replace(b'"static/', f'"static/{self.version}/'.encode())
        self._files = {name: _asset(name, body) for name, body in {**contents, INDEX: index}.items()}
        self._seen = seen

    def document(self, asked: Headers) -> Response:
        """The page itself."""
        try:
            self.refresh()
        except OSError as problem:  # a file that is just being replaced
            logger.warning("the page's files stay as they were: %s", problem)
        return self._files[INDEX].answer(asked, ASK_AGAIN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file. Raises HTTPException."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        name = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        cache = ASK_AGAIN
        if versioned := VERSIONED.fullmatch(name):
            name = versioned[2]
            cache = self._kept if versioned[1] == self.version else ASK_AGAIN
        asset = self._files.get(name) if name != INDEX else None  # its addresses would not hold here
        if asset is None:
            raise HTTPException(404)
        await asset.answer(Headers(scope=scope), cache)(scope, receive, send)


def _asset(name: str, body: bytes) -> Asset:
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return Asset(body, gzip.compress(body, mtime=0), MEDIA_TYPES[Path(name).suffix], etag)
