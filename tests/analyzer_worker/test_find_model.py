"""From SENTIMENT_MODEL to a folder: paths and the demo here, the hub by a process of its own (it reads its
environment once)."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer_worker.find_model import AUTO_MODEL, ModelError, find_model, what_is_missing
from analyzer_worker.settings import AnalyzerSettings
from harness.processes import ROOT, free_port
from tests.support.fake_hub import serve_hub

FIND = """
from analyzer_worker.find_model import ModelError, find_model
from analyzer_worker.settings import AnalyzerSettings
import json, logging
logging.basicConfig(level="INFO")
try:
    found = find_model(AnalyzerSettings())
    print(json.dumps({"name": found.name, "folder": str(found.folder), "demo": found.demo}))
except ModelError as problem:
    print(json.dumps({"error": str(problem)}))
"""


def find(tmp_path: Path, **environment: str) -> tuple[dict[str, str], str, float]:
    """What a process finds, its log, and the seconds it took (start of the interpreter included)."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FIND],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HF_HOME": str(tmp_path / "hub"),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "MODEL_SOURCES": "hub,demo",
            "SENTIMENT_DOWNLOAD_DIR": str(tmp_path / "bases"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answer: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return answer, done.stderr, time.monotonic() - began


def test_a_path_is_taken_as_it_is(tiny_model: Path) -> None:
    found = find_model(AnalyzerSettings(sentiment_model=str(tiny_model)))
    assert (found.name, found.folder, found.demo) == ("tiny", tiny_model, False)


def test_the_demo_model_is_there() -> None:
    found = find_model(AnalyzerSettings(sentiment_model="demo"))
    assert (found.name, found.demo) == ("demo", True)
    assert what_is_missing(found.folder) == ""
    by_path = find_model(AnalyzerSettings(sentiment_model=str(found.folder)))
    assert by_path.demo


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"SENTIMENT_MODEL=.*nowhere.*does not exist"):
        find_model(AnalyzerSettings(sentiment_model=str(tmp_path / "nowhere")))


@pytest.mark.parametrize(
    ("lost", "words"),
    [("config.json", "config.json"), ("tokenizer.json", "tokenizer"), ("model.safetensors", "weights")],
)
def test_what_a_folder_lacks_is_named(tiny_model: Path, tmp_path: Path, lost: str, words: str) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "copy")
    (folder / lost).unlink()
    with pytest.raises(ModelError, match=words):
        find_model(AnalyzerSettings(sentiment_model=str(folder)))


def test_a_lost_part_of_the_weights_is_named(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "copy")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "model-00002-of-00002.safetensors" in what_is_missing(folder)


def test_auto_downloads_once_and_then_needs_no_hub(tiny_model: Path, tmp_path: Path) -> None:
    with serve_hub({f"distilbert/{AUTO_MODEL}": tiny_model}) as hub:
        answer, log, _ = find(tmp_path, HF_ENDPOINT=hub.url, SENTIMENT_MODEL="auto")
        assert answer["name"] == AUTO_MODEL, log
        assert what_is_missing(Path(answer["folder"])) == ""
        assert not answer["demo"]
        asked = len(hub.requests)
        again, _, _ = find(tmp_path, HF_ENDPOINT=hub.url, SENTIMENT_MODEL="auto")
        assert again == answer
        assert len(hub.requests) == asked, "a cached model is used without asking"
    offline, _, _ = find(tmp_path, HF_HUB_OFFLINE="1", SENTIMENT_MODEL=AUTO_MODEL)
    assert offline == answer


def test_auto_without_a_hub_is_the_demo_and_says_so(tmp_path: Path) -> None:
    answer, log, took = find(tmp_path, HF_ENDPOINT=f"http://127.0.0.1:{free_port()}", SENTIMENT_MODEL="auto")
    assert answer["name"] == "demo"
    assert answer["demo"]
    assert "using the DEMO sentiment model" in log
    assert took < 20


def test_a_hub_that_never_answers_is_given_up_soon(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer, log, took = find(
            tmp_path,
            HF_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
            SENTIMENT_MODEL="auto",
            MODEL_PROBE_SEC="0.5",
        )
    assert answer["demo"], log
    assert took < 20


def test_a_named_model_without_a_hub_is_an_error(tmp_path: Path) -> None:
    answer, _, took = find(tmp_path, HF_ENDPOINT=f"http://127.0.0.1:{free_port()}", SENTIMENT_MODEL="owner/model")
    assert "owner/model is not in the local cache, and the hub cannot be reached" in answer["error"]
    assert took < 20


def test_offline_is_obeyed(tmp_path: Path) -> None:
    answer, _, _ = find(tmp_path, HF_HUB_OFFLINE="1", SENTIMENT_MODEL="owner/model")
    assert "HF_HUB_OFFLINE" in answer["error"]


def test_a_name_that_the_hub_does_not_know_is_an_error(tiny_model: Path, tmp_path: Path) -> None:
    with serve_hub({"owner/other": tiny_model}) as hub:
        answer, _, _ = find(tmp_path, HF_ENDPOINT=hub.url, SENTIMENT_MODEL="owner/model")
    assert "owner/model cannot be downloaded: RepositoryNotFoundError" in answer["error"]


def test_a_repository_without_usable_weights_is_an_error(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "copy")
    (folder / "model.safetensors").rename(folder / "tf_model.h5")
    with serve_hub({"owner/model": folder}) as hub:
        answer, _, _ = find(tmp_path, HF_ENDPOINT=hub.url, SENTIMENT_MODEL="owner/model")
    assert "owner/model is on the hub but cannot be used here" in answer["error"]


def test_what_is_no_name_is_an_error(tmp_path: Path) -> None:
    answer, _, _ = find(tmp_path, SENTIMENT_MODEL="no model; rm -rf")
    assert "is no name of a model" in answer["error"]
