"""README.md and README.ko.md say the same: headings, commands, links, names and figures, part by part."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from fastapi_service.settings import GatewaySettings
from harness.processes import ROOT

ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
KOREAN = (ROOT / "README.ko.md").read_text(encoding="utf-8")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)]+)\)|src=\"([^\"]+)\"")
FIGURE = re.compile(r"\d+(?:\.\d+)?")
NAME = re.compile(r"`([^`\n]+)`")


def parts(text: str) -> list[tuple[int, str]]:
    """The text under each heading, with the heading's level; what is before the first section comes first."""
    pieces = re.split(r"^(#+) .*$", text, flags=re.MULTILINE)
    return [(len(mark), body) for mark, body in zip(pieces[1::2], pieces[2::2], strict=True)]


def outline(text: str) -> list[int]:
    return [level for level, _ in parts(CODE.sub("", text))]


def links(text: str) -> Counter[str]:
    found = [first or second for first, second in LINK.findall(text)]
    return Counter(link for link in found if not re.fullmatch(r"README(\.ko)?\.md", link))


def figures(text: str) -> Counter[str]:
    return Counter(FIGURE.findall(LINK.sub("]", CODE.sub("", text))))


def test_the_headings_are_the_same_in_number_and_order() -> None:
    assert outline(ENGLISH) == outline(KOREAN)
    assert len(outline(ENGLISH)) > 8


def test_each_points_to_the_other() -> None:
    assert "[한국어](README.ko.md)" in ENGLISH
    assert "[English](README.md)" in KOREAN


def test_the_commands_are_the_same() -> None:
    assert CODE.findall(ENGLISH) == CODE.findall(KOREAN)


PAIRS = list(zip(parts(CODE.sub("", ENGLISH)), parts(CODE.sub("", KOREAN)), strict=False))


@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_each_part_has_the_same_links_names_and_figures(number: int) -> None:
    (_, english), (_, korean) = PAIRS[number]
    assert links(english) == links(korean)
    assert set(NAME.findall(english)) == set(NAME.findall(korean))
    assert figures(english) == figures(korean)
    assert english.count("\n|") == korean.count("\n|"), "rows of tables"
    assert english.count("\n- ") == korean.count("\n- "), "points of lists"


@pytest.mark.parametrize("text", [ENGLISH, KOREAN], ids=["english", "korean"])
def test_links_lead_somewhere(text: str) -> None:
    for link in links(text):
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_the_settings_defaults_are_true() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\w+) \|", ENGLISH, re.MULTILINE)
    checked = 0
    for name, default in rows:
        field = GatewaySettings.model_fields.get(name.lower())
        if field is not None and default != "none":
            assert str(field.default).lower() in (default, f"{default}.0"), name
            checked += 1
    assert checked >= 4
