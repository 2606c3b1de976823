"""Hypothesis strategies for every class of the contract, made from its fields: one that is added is covered as well."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from contract.jobs import MAX_POSITION, Envelope
from contract.messages import Message

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
FLOATS = {"allow_nan": False, "allow_infinity": False}


def classes() -> list[type[BaseModel]]:
    """Every message and envelope, bases left out. The modules that define them must be imported."""
    found: list[type[BaseModel]] = []
    todo: list[type[BaseModel]] = [Message, Envelope]
    while todo:
        cls = todo.pop()
        todo += cls.__subclasses__()
        if cls not in (Message, Envelope) and cls.__module__.startswith("contract."):
            found.append(cls)
    return sorted(found, key=lambda cls: cls.__name__)


def valid(cls: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Instances of `cls`; fields with a default are left out now and then."""
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in cls.model_fields.items():
        (required if field.is_required() else optional)[name] = _field(field)
    return st.fixed_dictionaries(required, optional=optional).map(lambda fields: _build(cls, fields)).filter(bool)


def _build(cls: type[BaseModel], fields: dict[str, Any]) -> BaseModel | None:
    if {"start", "end"} <= set(fields):  # what no single field can say
        start = min(fields["start"], MAX_POSITION - 1)
        fields |= {"start": start, "end": max(start + 1, fields["end"])}
    try:
        return cls(**fields)
    except ValidationError:  # a rule that this does not know, of few values
        return None


def _field(field: FieldInfo) -> st.SearchStrategy[Any]:
    return _strategy(field.annotation, list(field.metadata))


def _strategy(kind: Any, rules: list[Any]) -> st.SearchStrategy[Any]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        more = [rule for one in inner[1:] for rule in (one.metadata if isinstance(one, FieldInfo) else [one])]
        return _strategy(inner[0], [*rules, *more])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, types.UnionType):
        return st.one_of([_strategy(one, rules) for one in inner])
    if origin in (list, tuple):
        return st.lists(_strategy(inner[0], []), max_size=min(3, int(_limit(rules, "max_length", 3))))
    if origin is dict:
        return st.dictionaries(_strategy(inner[0], []), _strategy(inner[1], []), max_size=3)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return valid(kind)
    return _scalar(kind, rules)


def _scalar(kind: Any, rules: list[Any]) -> st.SearchStrategy[Any]:
    if kind in (None, type(None)):
        return st.none()
    if kind is bool:
        return st.booleans()
    least, most = _limit(rules, "ge", None), _limit(rules, "le", None)
    if kind is int:
        return st.integers(int(least or 0), MAX_POSITION if most is None else int(most))
    if kind is float:
        return st.floats(least, most, **FLOATS)  # type: ignore[arg-type]
    if kind is str:
        pattern = _limit(rules, "pattern", None)
        if pattern is not None:
            return st.from_regex(pattern, fullmatch=True)
        shortest, longest = int(_limit(rules, "min_length", 0)), int(_limit(rules, "max_length", 60))
        return st.text(st.characters(exclude_categories=["Cs"]), min_size=shortest, max_size=min(longest, 60))
    raise NotImplementedError(f"no strategy for {kind}: add one here")


def _limit(rules: list[Any], name: str, otherwise: Any) -> Any:
    for rule in rules:
        for one in rule if isinstance(rule, annotated_types.GroupedMetadata) else [rule]:
            found = getattr(one, name, None)
            if found is not None:
                return found
    return otherwise
