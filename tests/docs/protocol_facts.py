"""What the code says that docs/protocol.md has to say as well: codes found in the source, fields of the messages."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from harness.processes import ROOT

GATEWAY = sorted((ROOT / "fastapi_service").rglob("*.py"))
WORKERS = sorted([*(ROOT / "stt_worker").rglob("*.py"), *(ROOT / "analyzer_worker").rglob("*.py")])
assert GATEWAY and WORKERS
NAMES = {int: "whole number", float: "number", str: "string", bool: "true or false"}


def _calls(paths: list[Any], name: str) -> Iterator[ast.Call]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                function = node.func
                called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                if called == name:
                    yield node


def _literal(call: ast.Call, place: int, keyword: str) -> str | None:
    found = call.args[place] if len(call.args) > place else None
    for one in call.keywords:
        if one.arg == keyword:
            found = one.value
    return found.value if isinstance(found, ast.Constant) and isinstance(found.value, str) else None


def codes(paths: list[Any], name: str, place: int, keyword: str = "code") -> set[str]:
    """The literal codes that calls of `name` give as argument `place` or `keyword`."""
    return {code for call in _calls(paths, name) if (code := _literal(call, place, keyword)) is not None}


def connection_errors() -> set[str]:
    """Codes of `error` with `seq` 0."""
    refusals = {_literal(call, 0, "code") or "" for call in _calls(GATEWAY, "Refusal") if len(call.args) == 2}
    return refusals | codes(GATEWAY, "refused", 1, "name") | codes(GATEWAY, "Error", 9)


def busy_codes() -> set[str]:
    """Codes of `busy`: of the connection, and of the door when it wants a wait."""
    waits = {_literal(call, 0, "code") or "" for call in _calls(GATEWAY, "Refusal") if len(call.args) == 3}
    return waits | codes(GATEWAY, "_busy", 0) | codes(GATEWAY, "Busy", 9)


def utterance_errors() -> set[str]:
    """Codes of `error` as an outcome."""
    return codes([*GATEWAY, *WORKERS], "failed", 1)


def reasons() -> set[str]:
    """Reasons of `dropped`."""
    return codes(WORKERS, "Refusal", 0, "reason") | codes(WORKERS, "dropped", 1, "reason")


def fields(model: type[BaseModel], seen: set[type[BaseModel]] | None = None) -> dict[str, str]:
    """The fields of `model` and of the models in it (`outer.inner`), with their types in the document's words.

    A model that comes a second time is not taken apart again.
    """
    seen = set() if seen is None else seen
    found: dict[str, str] = {}
    for name, field in model.model_fields.items():
        if name == "type":
            continue
        words, inner = _words(field.annotation)
        found[name] = words
        if inner is not None and inner not in seen:
            seen.add(inner)
            found |= {f"{name}.{below}": kind for below, kind in fields(inner, seen).items()}
    return found


def _words(annotation: Any) -> tuple[str, type[BaseModel] | None]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        (given,) = [one for one in arguments if one is not type(None)]
        words, inner = _words(given)
        return f"{words} or null", inner
    if origin is list:
        return "array", _words(arguments[0])[1]
    if origin is dict:
        return "object", _words(arguments[1])[1]
    if origin is Literal:
        return "string", None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "object", annotation
    return NAMES[annotation], None
