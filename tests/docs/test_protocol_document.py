"""docs/protocol.md says what the code does: message types, fields, codes, query, close codes, limits, examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from contract import websocket
from contract.messages import ServerMessage, UtteranceMessage
from fastapi_service.access.guard import QUERY_MAX_BYTES, SUBPROTOCOLS_MAX, SUBPROTOCOLS_MAX_CHARS
from fastapi_service.live.options import OPTION_NAMES
from fastapi_service.settings import GatewaySettings
from fastapi_service.uvicorn_limits import CONTROL_BURST, CONTROL_PER_SEC, FRAGMENTS_MAX
from harness.processes import ROOT
from recorder_service.client.errors import Backoff
from tests.docs import protocol_facts

DOCUMENT = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, Any] = json.loads((ROOT / "contract" / "examples.json").read_text(encoding="utf-8"))
CLASSES: dict[str, type[BaseModel]] = {
    one.model_fields["type"].default: one for one in get_args(get_args(ServerMessage)[0])
}


def section(heading: str) -> str:
    """The text under a heading, up to the next heading of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def table(text: str, first_column: str) -> list[list[str]]:
    """The cells of the table whose first heading is `first_column`."""
    lines = text.splitlines()
    (begin,) = [number for number, line in enumerate(lines) if line.startswith(f"| {first_column} |")]
    rows = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def quoted(cells: Iterable[str]) -> list[str]:
    """The names in backticks in `cells`."""
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def listed(heading: str, first_column: str) -> set[str]:
    """The names in a table's first column, each once."""
    found = quoted(row[0] for row in table(section(heading), first_column))
    assert len(found) == len(set(found))
    return set(found)


def test_every_message_type_has_its_part_and_no_other() -> None:
    described = re.findall(r"^### `(\w+)`$", DOCUMENT, re.MULTILINE)
    assert sorted(described) == sorted(CLASSES)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_field_is_described_with_its_type(kind: str) -> None:
    parts = [f"`{kind}`"] + (["Outcomes"] if issubclass(CLASSES[kind], UtteranceMessage) else [])
    described = [row for part in parts for row in table(section(part), "field")]
    rows = {name: words for names_cell, words, _ in described for name in quoted([names_cell])}
    expected = protocol_facts.fields(CLASSES[kind])
    spelled_out = {name.rpartition(".")[0] for name in rows if "." in name}
    implied = {name for name, words in expected.items() if name in spelled_out and words == "object"} - set(rows)
    assert rows == {name: words for name, words in expected.items() if name not in implied}


def test_the_examples_are_those_of_the_contract() -> None:
    given = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)]
    assert {example["type"]: example for example in given} == EXAMPLES
    assert len(given) == len(EXAMPLES)


def test_the_codes_of_errors_are_those_in_the_code() -> None:
    assert listed("`error`", "code of a connection") == protocol_facts.connection_errors()
    assert listed("`error`", "code of an utterance") == protocol_facts.utterance_errors()


def test_the_reasons_and_the_codes_of_busy_are_those_in_the_code() -> None:
    assert listed("`dropped`", "reason") == protocol_facts.reasons()
    assert listed("`busy`", "code") == protocol_facts.busy_codes()


def test_the_query_is_what_the_gateway_reads() -> None:
    assert listed("Opening", "name") == set(OPTION_NAMES)


def test_the_subprotocols_are_those_of_the_contract() -> None:
    offered = {name.partition("<")[0] for name in listed("Opening", "offered")}
    assert offered == {websocket.SUBPROTOCOL, websocket.SESSION_SUBPROTOCOL_PREFIX, websocket.TOKEN_SUBPROTOCOL_PREFIX}


def test_every_close_code_is_described() -> None:
    known = {value for name, value in vars(websocket).items() if name.startswith("CLOSE_")}
    described = [int(code) for row in table(section("Endings"), "close code") for code in row[0].split(",")]
    assert sorted(described) == sorted(known)


def test_the_limits_are_the_settings_defaults() -> None:
    rows = table(section("Limits"), "limit")
    assert len(rows) >= 10
    for _, default, setting in rows:
        field = GatewaySettings.model_fields[quoted([setting])[0].lower()]
        assert float(default) == field.default, setting


@pytest.mark.parametrize(
    "words",
    [
        f"At most {SUBPROTOCOLS_MAX} sub-protocols of {SUBPROTOCOLS_MAX_CHARS} characters",
        f"a query of {QUERY_MAX_BYTES} bytes",
        f"up to {CONTROL_BURST} at\nonce and {CONTROL_PER_SEC:.0f} a second",
        f"more than {FRAGMENTS_MAX} fragments",
        "Wait 1 s before the next attempt, then 2, 4, 8, 16, 30, 30, … s",
    ],
)
def test_figures_in_the_text(words: str) -> None:
    assert words in DOCUMENT


def test_the_back_off_is_the_clients() -> None:
    backoff = Backoff()
    for plain in (1, 2, 4, 8, 16, 30, 30):
        assert plain <= backoff.next_delay() <= plain * 1.25
