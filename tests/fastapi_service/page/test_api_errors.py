"""What is wrong under /v1 is told in OpenAI's form, whoever finds it; elsewhere nothing changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from fastapi_service.page.api_errors import add_api_errors


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    add_api_errors(app)

    async def fail() -> None:
        raise ZeroDivisionError

    async def count(times: int) -> int:
        return times

    for prefix in ("/v1", "/other"):
        app.get(f"{prefix}/fail")(fail)
        app.get(f"{prefix}/count")(count)
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "status", "code", "param"),
    [
        ("/v1/fail", 500, "server_error", None),
        ("/v1/count?times=many", 400, "bad_value", "times"),
        ("/v1/nothing", 404, "unknown_url", None),
    ],
)
def test_the_form_is_openais(client: TestClient, path: str, status: int, code: str, param: str | None) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == (code, param)
    assert error["type"] == ("server_error" if status == 500 else "invalid_request_error")
    assert error["message"]
    assert "ZeroDivision" not in answer.text


def test_another_method_names_those_that_there_are(client: TestClient) -> None:
    answer = client.post("/v1/fail")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.json()["error"]["code"] == "method_not_supported"


def test_what_is_elsewhere_stays_as_it_is(client: TestClient) -> None:
    assert client.get("/other/nothing").json() == {"detail": "Not Found"}
    assert client.get("/other/count?times=many").status_code == 422
    assert client.get("/other/fail").text == "Internal Server Error"
    assert client.get("/v1beta").json() == {"detail": "Not Found"}


def test_the_fault_reaches_the_log() -> None:
    app = FastAPI()
    add_api_errors(app)

    @app.get("/v1/fail")
    async def fail() -> None:
        raise ZeroDivisionError

    with TestClient(app) as client, pytest.raises(ZeroDivisionError):
        client.get("/v1/fail")
