"""Checks the access token, or the cookie that a login gives, where ACCESS_TOKEN is set.

The cookie is the time at which it expires, signed with the token (an HMAC): it reveals nothing of the token, is checked
without stored state, survives restarts, and ends when its token is removed from the settings.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable

from itsdangerous import BadSignature, Signer

COOKIE = "wta_access"
REALTIME_PREFIX = "openai-insecure-api-key."  # of a sub-protocol, and the token as it is
BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
TOKEN_MIN_CHARS = 16
TOKEN_MAX_CHARS = 256
TOKEN = re.compile(r"[!-+\--~]*")  # what a header can carry: printable ASCII, no space, no comma
PURPOSE = b"wta access cookie 2"
KEY_PURPOSE = b"wta realtime key 1"
KEY_PREFIX = "ek_"  # of a short-lived key, as OpenAI's begin


class Access:
    """The accepted tokens. With none nobody is asked."""

    def __init__(self, tokens: list[str], cookie_sec: int, clock: Callable[[], float] = time.time) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._digests = [hashlib.sha256(token).digest() for token in self._tokens]
        self.cookie_sec = cookie_sec
        self._clock = clock

    @property
    def needed(self) -> bool:
        """Whether a token is required."""
        return bool(self._tokens)

    def takes_token(self, token: str) -> bool:
        """Whether `token` is an accepted one, compared in constant time."""
        given = hashlib.sha256(token.encode(errors="surrogatepass")).digest()  # digests: compared at equal length
        found = False
        for one in self._digests:
            found |= hmac.compare_digest(given, one)  # no early exit
        return found

    def cookie(self, token: str) -> str:
        """The cookie's value for `token`, which must be an accepted one."""
        return _signer([token.encode()]).sign(str(int(self._clock()) + self.cookie_sec)).decode()

    def short_lived_key(self, payload: str, expires_at: int) -> str:
        """A key that opens `/v1/realtime` alone, until `expires_at` (s since the epoch). `payload` (URL-safe, no dot)
        can be read by whoever has it."""
        body = f"{payload}.{expires_at}"
        signed = _signer(self._tokens, KEY_PURPOSE).sign(body).decode() if self.needed else f"{body}.open"
        return KEY_PREFIX + signed

    def takes_key(self, value: str) -> bool:
        """Whether `value` is a genuine short-lived key that has not expired."""
        if not value.startswith(KEY_PREFIX):
            return False
        try:
            body = _signer(self._tokens, KEY_PURPOSE).unsign(value.removeprefix(KEY_PREFIX)).decode()
            return int(body.rpartition(".")[2]) > self._clock()
        except (BadSignature, ValueError):
            return False

    def takes_cookie(self, value: str) -> bool:
        """Whether `value` is a genuine cookie that has not expired."""
        try:
            return int(_signer(self._tokens).unsign(value)) > self._clock()
        except (BadSignature, ValueError):
            return False

    def takes_any_cookie(self, headers: list[str]) -> bool:
        """Whether a genuine one is among the cookies of these Cookie headers.

        There may be several: another of our services, at another path of the same host, gives its own.
        """
        pairs = (pair.partition("=") for header in headers for pair in header.split(";"))
        return any(self.takes_cookie(value.strip(' "')) for name, _, value in pairs if name.strip() == COOKIE)


def _signer(tokens: list[bytes], purpose: bytes = PURPOSE) -> Signer:
    """Signs with the last of `tokens`, and takes what any of them has signed for this purpose."""
    return Signer(tokens, salt=purpose, key_derivation="hmac", digest_method=hashlib.sha256)


def parse_tokens(text: str) -> list[str]:
    """The tokens in `text`, separated by commas or line ends. Raises ValueError, without quoting any, for a bad one."""
    tokens = [part.strip() for part in re.split(r"[,\r\n]", text) if part.strip()]
    for number, token in enumerate(tokens, 1):
        if len(token) < TOKEN_MIN_CHARS:
            raise ValueError(f"token {number} is too short: {TOKEN_MIN_CHARS} characters at least, 32 are better")
        if len(token) > TOKEN_MAX_CHARS:
            raise ValueError(f"token {number} is too long: at most {TOKEN_MAX_CHARS} characters")
        if not TOKEN.fullmatch(token):
            raise ValueError(f"token {number} has a character other than printable ASCII without spaces and commas")
    return tokens


def bearer_token(authorization: str) -> str | None:
    """The token of an `Authorization: Bearer` header."""
    found = BEARER.fullmatch(authorization)
    return None if found is None else found[1]


def subprotocol_token(offered: list[str], prefix: str) -> str | None:
    """The token among offered WebSocket sub-protocols: `prefix` and its base64url. Empty where that is not valid."""
    for protocol in offered:
        if protocol.startswith(prefix):
            coded = protocol.removeprefix(prefix)
            try:
                return base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True).decode()
            except (binascii.Error, ValueError):
                return ""
    return None


def realtime_token(offered: list[str]) -> str | None:
    """The token among the sub-protocols that a browser's client of OpenAI's Realtime API offers."""
    found = (one.removeprefix(REALTIME_PREFIX) for one in offered if one.startswith(REALTIME_PREFIX))
    return next(found, None)
