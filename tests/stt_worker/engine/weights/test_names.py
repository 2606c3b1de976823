"""WHISPER_MODEL: folders, files and names on a hub, in the forms of Hugging Face and CTranslate2.

The hub's client reads its environment once, so what asks a hub is a process of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.processes import ROOT
from stt_worker.engine.load import choose_model, load_engine
from stt_worker.engine.protocol import ModelError, Utterance
from stt_worker.settings import SttSettings
from tests.support.fake_hub import serve_hub
from tests.support.whisper_forms import Tokens, as_torch_files, random_whisper, save_ctranslate2, save_huggingface

JUNK = ("flax_model.msgpack", "model.fp32-00001-of-00002.safetensors", "tokenizer.json", "pytorch_model.bin")

FIND = """
import json, sys
from contextlib import contextmanager
from runtime.weights.progress import DownloadProgress
from stt_worker.engine.load import ModelError, load_engine
from stt_worker.settings import SttSettings

watched = []

@contextmanager
def watching(self, model, folder, total_bytes):
    watched.append([folder.name, total_bytes])
    yield

DownloadProgress.watching = watching
for name in sys.argv[1:]:
    watched.clear()
    try:
        engine = load_engine(SttSettings(whisper_model=name))
        answer = {"name": engine.name, "demo": engine.demo, "translates": engine.can_translate}
    except ModelError as problem:
        answer = {"error": str(problem)}
    print(json.dumps(answer | {"watched": watched}))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made")


@pytest.fixture(scope="module")
def huggingface(made: Path) -> Path:
    return save_huggingface(random_whisper(51865), made / "whisper-korean", torch.float32)


@pytest.fixture(scope="module")
def ctranslate2(huggingface: Path, made: Path) -> Path:
    return save_ctranslate2(huggingface, made / "faster-whisper-korean", "int8")


def find(tmp_path: Path, *names: str, **environment: str) -> list[dict[str, Any]]:
    """What a process loads for each of the names."""
    done = subprocess.run(
        [sys.executable, "-c", FIND, *names],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HF_HOME": str(tmp_path / "hub"),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_folder_is_named_as_it_is(huggingface: Path, ctranslate2: Path) -> None:
    for folder in (huggingface, ctranslate2, ctranslate2 / "model.bin"):
        engine = load_engine(SttSettings(whisper_model=str(folder)))
        assert engine.name == (folder if folder.is_dir() else folder.parent).name
        assert not engine.demo
        assert engine.can_translate
        engine.warm_up()


def test_a_lone_file_of_ctranslate2(ctranslate2: Path, tmp_path: Path) -> None:
    for name in ("korean.bin", "korean.ct2"):
        path = Path(shutil.copy(ctranslate2 / "model.bin", tmp_path / name))
        assert load_engine(SttSettings(whisper_model=str(path))).name == "korean"


@pytest.mark.parametrize(("audio_layers", "text_layers"), [(8, 1), (3, 2)])
def test_a_decoder_that_was_cut_down_does_not_translate(tmp_path: Path, audio_layers: int, text_layers: int) -> None:
    """turbo and distil-whisper: what is said is transcribed, and why there is no English is told."""
    Tokens(51866)  # openai-whisper leaves the file of a vocabulary open; that is looked away from there
    model = random_whisper(51866, 128, audio_layers, text_layers)
    folder = save_huggingface(model, tmp_path / "distil-korean")
    engine = load_engine(SttSettings(whisper_model=str(folder), logprob_threshold=-10, whisper_temperatures="0"))
    assert not engine.can_translate
    noise = np.random.default_rng(1).standard_normal(16_000).astype(np.float32) * 0.1
    heard = engine.transcribe(Utterance(noise, "ko"))
    assert heard.translation is None
    if heard.no_translation is not None:
        assert "the speech model distil-korean cannot translate Korean" in heard.no_translation


@pytest.mark.parametrize(
    ("lost", "words"), [("model.safetensors", "has no weights"), ("config.json", r"has no config\.json")]
)
def test_a_folder_that_is_not_whole_is_an_error(huggingface: Path, tmp_path: Path, lost: str, words: str) -> None:
    folder = shutil.copytree(huggingface, tmp_path / "whisper")
    (folder / lost).unlink()
    with pytest.raises(ModelError, match=f"WHISPER_MODEL=.*whisper cannot be used: .*{words}"):
        load_engine(SttSettings(whisper_model=str(folder)))


@pytest.mark.parametrize("name", ["model.bin", "small.ct2"])
def test_a_file_that_is_none_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(ModelError, match="no model of CTranslate2"):
        load_engine(SttSettings(whisper_model=str(tmp_path / name)))


def test_a_name_with_a_slash_is_of_the_hub_unless_a_folder_has_it(
    huggingface: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(huggingface, tmp_path / "owner" / "model")
    monkeypatch.chdir(tmp_path)
    choice = choose_model(SttSettings(whisper_model="owner/model"))
    assert (choice.name, choice.form) == ("model", "folder")
    with pytest.raises(ModelError, match=r"owner/other is no file or folder here, and .*leaves out the hub"):
        choose_model(SttSettings(whisper_model="owner/other", model_sources=("index",)))


def test_names_on_the_hub(huggingface: Path, ctranslate2: Path, tmp_path: Path) -> None:
    """Every form by its name: fetched once, and of a repository what is read; its size is told beforehand. Where one
    has both forms, config.json is of one of them, and that one is loaded."""
    repositories = {
        "owner/whisper": with_files(huggingface, tmp_path / "whisper", *JUNK),
        "owner/faster-whisper": ctranslate2,
        "owner/torch": as_torch_files(shutil.copytree(huggingface, tmp_path / "torch")),
        "owner/both": shutil.copytree(huggingface, tmp_path / "both"),
        "owner/both-faster": shutil.copytree(ctranslate2, tmp_path / "both-faster"),
        "owner/adapter": with_files(None, tmp_path / "adapter", "adapter_config.json", "adapter_model.safetensors"),
    }
    shutil.copy(ctranslate2 / "model.bin", repositories["owner/both"])
    shutil.copy(huggingface / "model.safetensors", repositories["owner/both-faster"])
    good = [name for name in repositories if name != "owner/adapter"]
    with serve_hub(repositories) as hub:
        names = [*good, *good[:2], "owner/adapter", "owner/none"]
        answers = find(tmp_path, *names, HF_ENDPOINT=hub.url)
        fetched = [request for request in hub.requests if request.startswith("GET") and "/resolve/" in request]
    for name, first in zip(good, answers, strict=False):
        assert (first.get("name"), first.get("demo"), first.get("translates")) == (name, False, True), first
        folder, total = first["watched"][-1]
        assert folder == f"models--{name.replace('/', '--')}"
        assert 20_000_000 / (4 if "faster" in name else 1) < total < 30_000_000
    for first, again in zip(answers, answers[len(good) : -2], strict=False):
        assert again == first | {"watched": []}, "what is cached is not downloaded"
    assert len(set(fetched)) == len(fetched)
    assert not [request for request in fetched if "/owner/whisper/" in request and request.endswith(JUNK)]
    weights = {request.split("/")[2]: request.rsplit("/", 1)[-1] for request in fetched if "model" in request[-20:]}
    assert weights == {
        "whisper": "model.safetensors",
        "faster-whisper": "model.bin",
        "torch": "pytorch_model.bin",
        "both": "model.safetensors",
        "both-faster": "model.bin",
    }
    adapter, unknown = answers[-2:]
    assert len(adapter["watched"]) == 1, "only where there is something to fetch"
    assert re.search(r"owner/adapter is on the hub but cannot be used here.*an adapter \(PEFT\)", adapter["error"])
    assert "owner/none cannot be downloaded: RepositoryNotFoundError" in unknown["error"]


def with_files(original: Path | None, folder: Path, *names: str) -> Path:
    """A folder with what `original` has, and with files of those names in which nothing of use is."""
    if original is not None:
        shutil.copytree(original, folder)
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text("{}")
    return folder


def test_a_hub_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (answer,) = find(tmp_path, "owner/model", HF_ENDPOINT=url, MODEL_PROBE_SEC="0.5")
    assert "is no file or folder here, and owner/model is not in the local cache" in answer["error"]
    assert re.search(r"no answer within 0\.5 s|timed out", answer["error"])
