"""The WebSocket's sub-protocols, the length of its hints, and its close codes."""

from __future__ import annotations

from typing import Final

SUBPROTOCOL: Final = "wta.v1"
SESSION_SUBPROTOCOL_PREFIX: Final = "session."
TOKEN_SUBPROTOCOL_PREFIX: Final = "token."  # and the access token in base64url
HINTS_MAX_CHARS: Final = 400  # of `hints`; also in the page. Within what a query may hold, of any script
CLOSE_NORMAL: Final = 1000
CLOSE_GOING_AWAY: Final = 1001  # a client's, as of a page that is left; never sent
CLOSE_TEXT_FRAME: Final = 1003
CLOSE_ABNORMAL: Final = 1006  # the connection broke; never sent
CLOSE_ODD_BYTES: Final = 1007
CLOSE_NOT_ALLOWED: Final = 1008
CLOSE_TOO_BIG: Final = 1009
CLOSE_INTERNAL_ERROR: Final = 1011
CLOSE_SERVICE_RESTART: Final = 1012
CLOSE_TRY_AGAIN: Final = 1013
CLOSE_TAKEN_OVER: Final = 4001  # a newer connection holds the session (private range, RFC 6455 7.4.2)
