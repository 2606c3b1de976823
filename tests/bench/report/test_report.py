"""docs/performance.md shows what is in bench/results, and nothing else."""

from __future__ import annotations

import json

import pytest

from bench import files
from bench.report.bars import bars
from bench.report.write import BLOCK, PAGE, PARTS, block, rewritten


def test_the_page_has_a_block_for_every_part() -> None:
    names = [found["name"] for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]
    assert sorted(names) == sorted([*PARTS, "bars", "guide", "scaling"])


def test_the_tables_are_those_of_the_results() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert rewritten(page) == page, "run `make bench-report`"


@pytest.mark.parametrize("part", [part for part in PARTS if files.read_result(part) is not None])
def test_every_result_says_where_and_how_it_was_measured(part: str) -> None:
    head = json.loads((files.RESULTS / f"{part}.json").read_text(encoding="utf-8"))["head"]
    assert head["machine"]["processor"] and head["machine"]["cores"] > 0
    assert head["versions"]["torch"] and head["command"].startswith("python -m bench.") and head["date"]
    assert isinstance(head["quiet"], bool)


def test_a_figure_that_changes_changes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    before = block("quality")
    result = files.read_result("quality")
    assert result is not None
    result["speech"][0]["held_out"]["wer"] = 0.4321
    monkeypatch.setattr("bench.report.write.read_result", lambda part: result)
    assert "43.21%" in block("quality") and "43.21%" not in before


def test_a_bar_that_is_missed_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    result = files.read_result("quality")
    assert result is not None
    default = next(row for row in result["speech"] if row["setting"] == result["default"])
    default["held_out"]["wer"] += 0.006
    monkeypatch.setattr("bench.report.bars.read_result", lambda part: result if part == "quality" else None)
    assert [met for what, _, _, met in bars() if what.startswith("words lost by the default")] == [False]
