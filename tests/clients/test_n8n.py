"""n8n's OpenAI node (n8n-nodes-langchain 2.41.1: transcribe, translate) and HTTP Request node (n8n-nodes-base 2.41.2).

Both are axios with form-data whose length is known. The OpenAI node tries its credential with GET `/models`, always
names whisper-1, and hands the answer's JSON on. The HTTP Request node says that it takes HTML above all, and tells by
the content type whether JSON or text came.
"""

from __future__ import annotations

import pytest

from harness.stack import Stack
from tests.clients.conftest import BEARER, HEARD, TOKEN
from tests.clients.wire import TRANSCRIPTIONS, TRANSLATIONS, field, form, post, sound
from tests.support.http_requests import request

BOUNDARY = "--------------------------098265130842617401538524"
AXIOS = {"User-Agent": "axios/1.14.0", "Accept-Encoding": "gzip, compress, deflate, br", "Connection": "keep-alive"}
FORM = {**AXIOS, "content-type": f"multipart/form-data; boundary={BOUNDARY}"}
NODE = {"Accept": "application/json", **BEARER, "OpenAI-Organization": ""}
ANYTHING = "application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7"


def test_the_credential_is_tried_with_the_list_of_models(system: Stack) -> None:
    good = request(system.url, "/v1/models", headers={**AXIOS, **NODE})
    assert good.status == 200, good.text
    assert "whisper-1" in [model["id"] for model in good.json["data"]]
    wrong = request(system.url, "/v1/models", headers={**AXIOS, **NODE, "Authorization": "Bearer another-key-012345"})
    assert wrong.status == 401
    assert wrong.json["error"]["message"]


@pytest.mark.parametrize("path", [TRANSCRIPTIONS, TRANSLATIONS])
def test_the_openai_node_gets_json(system: Stack, sounds: dict[str, bytes], path: str) -> None:
    body = form(
        BOUNDARY,
        field("model", "whisper-1"),
        field("temperature", "0.5"),
        sound("File.mp3", "audio/mpeg", sounds["mp3"]),
    )
    answer = post(system.url, path, {**FORM, **NODE}, body)
    assert answer.status == 200, answer.text
    assert answer.json["text"]


@pytest.mark.parametrize(("wanted", "kind"), [("verbose_json", "application/json"), ("srt", "application/x-subrip")])
def test_the_request_node_gets_each_format(system: Stack, sounds: dict[str, bytes], wanted: str, kind: str) -> None:
    body = form(
        BOUNDARY,
        sound("File.mp3", "audio/mpeg", sounds["mp3"]),
        field("response_format", wanted),
    )
    answer = post(system.url, TRANSCRIPTIONS, {**FORM, **BEARER, "accept": ANYTHING}, body)
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"].split(";")[0] == kind
    assert HEARD.search(answer.text)


def test_the_request_node_is_refused_in_json(system: Stack) -> None:
    answer = request(system.url, "/v1/models", headers={**AXIOS, "accept": ANYTHING})
    assert answer.status == 401
    assert answer.headers["content-type"].startswith("application/json"), "no page for people"
    assert answer.json["error"]["message"]
    assert TOKEN not in answer.text
