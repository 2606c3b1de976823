"""Whether a host that has models answers, asked once and within a bounded time."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A redirect is an answer too; nothing is gained by following it."""


def head_status(url: str, probe_sec: float) -> int | str:
    """The HTTP status of a HEAD request, or why there is none within `probe_sec`, the look-up of the name included."""
    found: list[int | str] = [f"no answer within {probe_sec:g} s"]

    def ask() -> None:
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(urllib.request.Request(url, method="HEAD"), timeout=probe_sec) as answer:
                found[0] = int(answer.status)
        except urllib.error.HTTPError as refusal:
            found[0] = refusal.code
            refusal.close()
        except (OSError, HTTPException, ValueError) as problem:
            found[0] = str(problem) or type(problem).__name__

    # A thread, because a socket's timeout does not bound the look-up of a host name.
    asking = threading.Thread(target=ask, name="model-probe", daemon=True)
    asking.start()
    asking.join(probe_sec)
    return found[0]
