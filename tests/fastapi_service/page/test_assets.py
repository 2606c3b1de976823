"""The page's files under an address that changes with them: kept for a year, and never another version's content."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from fastapi_service.page.assets import Assets

FILES = {"index.html": '<script src="static/js/app.js"></script>', "js/app.js": "let one;" * 50, "a.css": "a {}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "js" / "types.d.ts").write_text("not for browsers", encoding="utf-8")
    return tmp_path


def client_of(folder: Path, guarded: bool = False) -> TestClient:
    app, assets = FastAPI(), Assets(folder, guarded)

    @app.get("/")
    async def index(request: Request) -> Response:
        return assets.document(request.headers)

    app.mount("/static", assets)
    return TestClient(app, follow_redirects=False)


def script(client: TestClient) -> str:
    """The address of app.js that the document names."""
    found = re.findall(r'src="([^"]+)"', client.get("/").text)
    assert len(found) == 1 and found[0].startswith("static/")
    return f"/{found[0]}"


def test_what_the_document_names_is_kept_and_the_document_is_not(folder: Path) -> None:
    client = client_of(folder)
    assert client.get("/").headers["cache-control"] == "no-cache"
    address = script(client)
    assert re.fullmatch(r"/static/[0-9a-f]{16}/js/app\.js", address)
    answer = client.get(address)
    assert (answer.status_code, answer.text) == (200, FILES["js/app.js"])
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/javascript")


def test_no_proxy_keeps_what_asks_for_a_token(folder: Path) -> None:
    client = client_of(folder, guarded=True)
    assert client.get(script(client)).headers["cache-control"].startswith("private, ")


def test_any_change_is_another_version_and_the_same_files_are_the_same_one(folder: Path) -> None:
    client = client_of(folder)
    first = script(client)
    (folder / "a.css").write_text("b {}", encoding="utf-8")
    os.utime(folder / "a.css", ns=(1, 1))
    second = script(client)
    assert second != first, "seen without a new start"
    assert client.get(second.replace("js/app.js", "a.css")).text == "b {}"
    assert script(client_of(folder)) == second
    (folder / "a.css").write_text(FILES["a.css"], encoding="utf-8")
    assert script(client) == first


def test_an_open_page_of_an_older_version_gets_the_files_of_now_and_keeps_none(folder: Path) -> None:
    client = client_of(folder)
    old = script(client)
    (folder / "js" / "app.js").write_text("let two;", encoding="utf-8")
    assert script(client) != old
    answer = client.get(old)
    assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (200, "let two;", "no-cache")


def test_without_a_version_browsers_ask_each_time(folder: Path) -> None:
    client = client_of(folder)
    answer = client.get("/static/js/app.js")
    assert (answer.text, answer.headers["cache-control"]) == (FILES["js/app.js"], "no-cache")
    tag = answer.headers["etag"]
    for asked in (tag, f'"other", {tag}', f"W/{tag}"):
        again = client.get("/static/js/app.js", headers={"If-None-Match": asked})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get("/static/js/app.js", headers={"If-None-Match": '"other"'}).status_code == 200


def test_it_is_compressed_once_and_only_where_that_helps(folder: Path) -> None:
    client = client_of(folder)
    with client.stream("GET", script(client), headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip" and answer.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(raw).decode() == FILES["js/app.js"]
    assert "content-encoding" not in client.get("/static/a.css", headers={"Accept-Encoding": "gzip"}).headers
    head = client.head(script(client), headers={"Accept-Encoding": "identity"})
    assert (head.content, head.headers["content-length"]) == (b"", str(len(FILES["js/app.js"])))


@pytest.mark.parametrize(
    "name",
    ["none.js", "js", "", "index.html", "0123456789abcdef/index.html", "js/types.d.ts", "..%2fsecret.js", "js%00"],
)
def test_nothing_else_is_there(folder: Path, name: str) -> None:
    (folder.parent / "secret.js").write_text("secret", encoding="utf-8")
    assert client_of(folder).get(f"/static/{name}").status_code == 404
    assert client_of(folder).post("/static/js/app.js").status_code == 405


def test_while_a_file_is_replaced_the_page_stays_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(folder)
    before = script(client)
    (folder / "a.css").write_text("c {}", encoding="utf-8")

    def gone(_: Path) -> bytes:
        raise FileNotFoundError("a.css")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", gone)
        assert script(client) == before
    assert script(client) != before
