"""The sentiment model that is none: what is around the model runs on it, without torch."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from analyzer_worker.dummy import LABELS, sentiment_of
from analyzer_worker.models import WARM_UP_TEXT, load_model
from analyzer_worker.settings import AnalyzerSettings
from analyzer_worker.zones import zone_of_label
from harness.processes import ROOT

TEXTS = [f"This is text {number}." for number in range(200)]


def test_the_same_text_always_feels_the_same() -> None:
    model = load_model(AnalyzerSettings(sentiment_model="dummy"))
    assert (model.name, model.demo) == ("dummy", True)
    assert model.judge_all(TEXTS) == [model.judge(text) for text in TEXTS]
    assert {model.judge(text).label for text in TEXTS} == set(LABELS)


@pytest.mark.parametrize("text", [*TEXTS[:20], "x", "한국어", WARM_UP_TEXT])
def test_scores_are_shares_and_the_zone_is_the_highest_class(text: str) -> None:
    found = sentiment_of(text)
    assert set(found.scores) == set(LABELS)
    assert sum(found.scores.values()) == pytest.approx(1, abs=1e-5)
    assert found.score == found.scores[found.label] == max(found.scores.values()) > 0.5
    assert found.zone == zone_of_label(found.label)


def test_a_worker_without_a_model_needs_no_torch() -> None:
    program = (
        "import json, sys; from analyzer_worker.settings import AnalyzerSettings;"
        "from analyzer_worker.models import load_model;"
        "load_model(AnalyzerSettings(sentiment_model='dummy')).judge('It works.');"
        "print(json.dumps([name for name in ('torch', 'transformers', 'tokenizers') if name in sys.modules]))"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == []
