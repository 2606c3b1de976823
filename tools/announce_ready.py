"""Waits until every service of `make run` is ready, then prints where the page is. Stays, as honcho expects."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from typing import Any

POLL_SEC = 0.5
REMIND_SEC = 15.0
DOWNLOAD_REMIND_SEC = 3.0
MEGABYTE = 1_000_000


def state(url: str) -> dict[str, Any] | None:
    """The answer of /readyz, ready or not; None while the gateway does not answer."""
    token = os.environ.get("ACCESS_TOKEN", "").split(",")[0].strip()
    asking = urllib.request.Request(f"{url}/readyz", headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(asking, timeout=5) as answer:
            body: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as not_ready:
        body = json.load(not_ready)
    except OSError:
        return None
    return body


def missing(body: dict[str, Any] | None) -> list[str]:
    """What is not up yet, in words."""
    if body is None:
        return ["the gateway"]
    parts = {
        "redis": "Redis",
        "stt_workers": "the speech model",
        "analyzer_workers": "the sentiment model",
        "listeners": "the listener",
        "file_workers": "the file worker",
    }
    ready = body["ready"]  # all there is where ACCESS_TOKEN_FILE is set
    downloads = {f"the {one['part']} model": one for one in body.get("loading", [])}
    lacking = [words for name, words in parts.items() if not body.get(name, ready)]
    return [f"{words}{progress(downloads.get(words))}" for words in lacking]


def progress(download: dict[str, Any] | None) -> str:
    """How far a download is, to stand behind its name; empty where there is none."""
    if download is None:
        return ""
    done, total = download["done_bytes"] // MEGABYTE, download["total_bytes"] // MEGABYTE
    return f" (downloading: {done} of {total} MB)" if total else f" (downloading: {done} MB so far)"


def main() -> None:
    """Poll until ready, print, and wait to be stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = os.environ.get("GATEWAY_PORT", "8000")
    reminded = time.monotonic()
    while True:
        body = state(f"http://127.0.0.1:{port}")
        waiting = missing(body)
        if body is not None and not waiting:
            break
        downloading = body is not None and bool(body.get("loading"))
        if time.monotonic() - reminded > (DOWNLOAD_REMIND_SEC if downloading else REMIND_SEC):
            reminded = time.monotonic()
            print(f"waiting for {', '.join(waiting)}", flush=True)
        time.sleep(POLL_SEC)
    models = body.get("models")
    if models is not None:
        print(f"models: {models['speech']}, {models['sentiment']}", flush=True)
    if models is not None and models["demo"]:
        print("DEMO MODEL in use: it knows little. The log above says why; README, 'Models', what to do.", flush=True)
    if "speaker_workers" in body:
        speakers = "told apart" if body["speaker_workers"] else "not told apart: no worker for that is up"
        print(f"speakers: {speakers}", flush=True)
    print(f"\n    Ready: http://localhost:{port}\n", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
