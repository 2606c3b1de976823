"""/openapi.json is valid, complete, behind the token, and its examples are what they claim to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from harness.gateway import GatewayProcess
from harness.processes import ROOT
from tests.support.http_requests import request

Start = Callable[..., GatewayProcess]
TOKEN = "first-token-0123456789"
EXAMPLES: dict[str, Any] = json.loads((ROOT / "contract" / "examples.json").read_text(encoding="utf-8"))
DOCUMENT = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")


@pytest.fixture
def described(gateway: GatewayProcess) -> dict[str, Any]:
    schema: dict[str, Any] = request(gateway.url, "/openapi.json").json
    return schema


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, ways in schema["paths"].items() for method, one in ways.items()]


def test_it_is_valid(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert [str(problem) for problem in OpenAPIV31SpecValidator(described).iter_errors()] == []


def test_every_route_tells_what_it_does_and_what_it_may_answer(described: dict[str, Any]) -> None:
    found = operations(described)
    assert {(path, method) for path, method, _ in found} >= {
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/login", "post"),
        ("/metrics", "get"),
    }
    for path, method, one in found:
        assert one.get("description"), (path, method)
        assert "414" in one["responses"], (path, method)
        for status, answer in one["responses"].items():
            assert answer["description"] not in ("", "Successful Response") or status == "200", (path, status)
        guarded = path not in ("/healthz", "/readyz", "/login")
        assert ("401" in one["responses"] and "security" in one) == guarded or path == "/login", path
    assert described["paths"]["/readyz"]["get"]["responses"]["503"]["headers"]["Retry-After"]


def test_every_message_has_its_shape_and_the_contracts_example(described: dict[str, Any]) -> None:
    shapes = described["components"]["schemas"]
    of_type = shapes["ServerMessage"]["discriminator"]["mapping"]
    assert set(of_type) == {one["type"] for one in EXAMPLES.values()}
    for kind, reference in of_type.items():
        shape = shapes[reference.rpartition("/")[2]]
        assert shape["examples"] == [EXAMPLES[kind]]
        whole = {"$ref": reference, "components": described["components"]}
        assert [str(problem) for problem in Draft202012Validator(whole).iter_errors(EXAMPLES[kind])] == []
        assert list(Draft202012Validator(whole).iter_errors({**EXAMPLES[kind], "type": "other"}))
    assert described["x-websocket"]["sends"] == {"$ref": "#/components/schemas/ServerMessage"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_answers_are_as_described(gateway: GatewayProcess, described: dict[str, Any], path: str) -> None:
    answer = request(gateway.url, path)
    content = described["paths"][path]["get"]["responses"][str(answer.status)]["content"]["application/json"]
    whole = {**content["schema"], "components": described["components"]}
    assert [str(problem) for problem in Draft202012Validator(whole).iter_errors(answer.json)] == []


def test_it_is_behind_the_token_and_there_is_no_page_of_it(start_gateway: Start) -> None:
    gateway = start_gateway(ACCESS_TOKEN=TOKEN)
    refused = request(gateway.url, "/openapi.json")
    assert (refused.status, refused.json["error"]["code"]) == (401, "not_allowed")
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert request(gateway.url, "/openapi.json", headers=bearer).json["info"]["title"] == "WhisperTextAnalyzer"
    for page in ("/docs", "/redoc"):
        assert request(gateway.url, page, headers=bearer).status == 404


def test_the_document_names_every_route_that_it_lists(described: dict[str, Any]) -> None:
    listed = {line.split("`")[1] for line in DOCUMENT.splitlines() if line.startswith(("| `GET /", "| `POST /"))}
    assert len(listed) >= 4
    known = {f"{method.upper()} {path}" for path, method, _ in operations(described)}
    assert listed - {"GET /openapi.json"} <= known
