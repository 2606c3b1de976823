"""The login page for browsers where ACCESS_TOKEN is set, and the exchange of a token for a cookie."""

from __future__ import annotations

import asyncio
import html
import logging
import math
import re
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from fastapi_service.access.attempts import LoginAttempts, client_address
from fastapi_service.access.root_path import way_to_root
from fastapi_service.access.tokens import COOKIE, Access

logger = logging.getLogger(__name__)

PAGE = Template(Path(__file__).with_name("login.html").read_text(encoding="utf-8"))
BODY_MAX_BYTES = 4_096
BODY_SEC = 10.0
LOGIN_BODY = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {"type": "object", "properties": {"token": {"type": "string"}}, "required": ["token"]}
        }
    },
}
HTML_ANSWER: dict[str, Any] = {"content": {"text/html": {}}}
LOGIN_ANSWERS: dict[int | str, dict[str, Any]] = {
    303: {"description": "let in; the cookie is set"},
    401: {"description": "a wrong token", **HTML_ANSWER},
    408: {"description": "the form did not come in time", **HTML_ANSWER},
    413: {"description": "the form is too big", **HTML_ANSWER},
    429: {"description": "too many wrong tokens from this address", **HTML_ANSWER},
}

WORDS = {
    "en": {
        "language": "en",
        "title": "Access token",
        "intro": "This service is for invited people. Enter the access token that you were given.",
        "label": "Access token",
        "button": "Continue",
        "wrong": "That is not a valid access token. Check it and try again.",
        "wait": "Too many wrong tokens came from your address. Try again in {seconds} seconds.",
        "form": "The form did not arrive as a whole. Please try again.",
    },
    "ko": {
        "language": "ko",
        "title": "접근 토큰",
        "intro": "초대받은 분만 사용할 수 있는 서비스입니다. 받으신 접근 토큰을 입력해 주세요.",
        "label": "접근 토큰",
        "button": "계속",
        "wrong": "올바른 접근 토큰이 아닙니다. 확인한 뒤 다시 입력해 주세요.",
        "wait": "이 주소에서 잘못된 토큰이 너무 많이 입력되었습니다. {seconds}초 후에 다시 시도해 주세요.",
        "form": "입력한 내용이 완전히 전송되지 않았습니다. 다시 시도해 주세요.",
    },
}


def login_page(request: HTTPConnection, status: int, problem: str = "", wait_sec: float = 0.0) -> Response:
    """The page with its form; `problem` is the key of the error message."""
    words = WORDS[preferred_language(request.headers.get("accept-language", ""))]
    seconds = math.ceil(wait_sec)
    told = words[problem].format(seconds=seconds) if problem else ""
    fields = {name: html.escape(text) for name, text in words.items()}
    page = PAGE.substitute(
        fields,
        root=way_to_root(request.scope),
        problem=f'<p class="problem" id="problem" role="alert">{html.escape(told)}</p>' if told else "",
        described=' aria-describedby="problem" aria-invalid="true"' if told else "",
    )
    headers = {
        "Cache-Control": "no-store",
        "Vary": "Accept-Language, Cookie",
        "Referrer-Policy": "same-origin",  # without a referrer a form's Origin would be null
    }
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if wait_sec:
        headers["Retry-After"] = str(seconds)
    if request.headers.get("sec-fetch-site") == "cross-site":
        headers["Refresh"] = "0"  # a link on another site brings no SameSite=Strict cookie; our own page's reload does
    return HTMLResponse(page, status, headers)


def preferred_language(accepted: str) -> str:
    """`en` or `ko`, whichever an Accept-Language header prefers; English if it has neither."""
    best, best_weight = "en", 0.0
    for part in accepted[:500].split(","):
        found = re.fullmatch(r"\s*([A-Za-z]{2,3})(?:-[\w-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?", part)
        if found is not None and found[1].lower() in WORDS and float(found[2] or 1) > best_weight:
            best, best_weight = found[1].lower(), float(found[2] or 1)
    return best


def login_router(access: Access, failures: LoginAttempts) -> APIRouter:
    """GET and POST /login."""
    router = APIRouter()

    @router.api_route("/login", methods=["GET", "HEAD"], include_in_schema=False)
    async def ask(request: Request) -> Response:
        if not access.needed or access.takes_any_cookie(request.headers.getlist("cookie")):
            return RedirectResponse(way_to_root(request.scope), 303)
        return login_page(request, 200)

    @router.post(
        "/login",
        status_code=303,
        response_class=RedirectResponse,
        responses=LOGIN_ANSWERS,
        openapi_extra={"requestBody": LOGIN_BODY},
    )
    async def log_in(request: Request) -> Response:
        """Exchange the access token for a cookie."""
        if not access.needed:
            return RedirectResponse(way_to_root(request.scope), 303)
        address = client_address(request.scope)
        wait_sec = failures.wait_sec(address)
        if wait_sec > 0:
            return login_page(request, 429, "wait", wait_sec)
        try:
            async with asyncio.timeout(BODY_SEC):
                body = await _body(request)
        except TimeoutError:
            return login_page(request, 408, "form")
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return login_page(request, 413, "form")
        token = _field(body, "token").strip()
        if not access.takes_token(token):
            failures.failed(address)
            logger.warning("a wrong access token from %s", address)
            return login_page(request, 401, "wrong")
        logger.info("%s logged in", address)
        answer = RedirectResponse(way_to_root(request.scope), 303, {"Cache-Control": "no-store"})
        answer.set_cookie(
            COOKIE,
            access.cookie(token),
            max_age=access.cookie_sec,
            path=None,  # the folder of /login as the browser sees it: also under a prefix that nobody tells us of
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    return router


async def _body(request: Request) -> bytes | None:
    """The request's body, or None when it is larger than BODY_MAX_BYTES; the rest is not read."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_MAX_BYTES:
            return None
    return body


def _field(body: bytes, name: str) -> str:
    try:
        fields = dict(parse_qsl(body.decode("ascii"), max_num_fields=8))
    except ValueError:
        return ""
    return fields.get(name, "")
