"""What the benchmark of human voices compares is fair, and the READMEs show its results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench import files
from bench.report.write import BLOCK, READMES, rewritten_readme
from bench.voices.measure import GAP_SEC, UTTERANCE_SEC, utterances
from bench.voices.tables import ENGLISH, KOREAN, voices_readme, voices_tables
from harness.human_voices import Clip

RATE = 16_000


@pytest.mark.parametrize("path", list(READMES), ids=lambda path: path.name)
def test_the_readmes_show_the_results(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert [found["name"] for found in BLOCK.finditer(page)] == ["voices"]
    assert rewritten_readme(page, READMES[path]) == page, "run `make bench-report`"


def test_a_figure_that_changes_changes_both_readmes() -> None:
    result = files.read_result("voices")
    assert result is not None
    before = [voices_readme(result, wording) for wording in (ENGLISH, KOREAN)]
    changed = json.loads(json.dumps(result))
    row = next(row for row in changed["rows"] if row["way"] == changed["compared"] and row["kind"] == "clips")
    row["wer"] = 0.4321
    after = [voices_readme(changed, wording) for wording in (ENGLISH, KOREAN)]
    assert ["43.2 %" in text for text in before + after] == [False, False, True, True]
    assert any("43.2%" in text for _, text in voices_tables(changed))


def test_utterances_hold_every_clip_once_and_are_not_too_long() -> None:
    spoken = [
        Clip(str(at), "en", f"clip {at}", np.full(int(sec * RATE), at, np.int16))
        for at, sec in enumerate([9, 4, 3, 5, 14])
    ]
    packs = utterances(spoken)
    assert [pack.text for pack in packs] == ["clip 0 clip 1", "clip 2 clip 3"], "one alone is no utterance of several"
    assert [round(pack.sec, 2) for pack in packs] == [9 + GAP_SEC + 4, 3 + GAP_SEC + 5]
    assert all(pack.sec <= UTTERANCE_SEC for pack in packs)
