"""WHISPER_MODEL: what each value leads to, with a server in place of the official one."""

from __future__ import annotations

import difflib
import hashlib
import http.server
import json
import logging
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import whisper as openai_whisper

from harness.processes import ROOT
from runtime.wav import read_wav
from stt_worker.engine.load import choose_model, load_engine
from stt_worker.engine.protocol import ModelError, Utterance
from stt_worker.engine.quality import judge
from stt_worker.engine.weights import download as model_download
from stt_worker.engine.weights.download import cached_checkpoint, can_download, download
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck
from tests.stt_worker.conftest import Say, as_floats

CLIPS = ROOT / "demo_models" / "clips"


class ModelServer:
    """Serves one file, and counts how it was asked."""

    def __init__(self, body: bytes, digest: str) -> None:
        self.requests: list[str] = []
        self.body = body
        self.promised = 0
        self.silent = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def _answer(self, with_body: bool) -> None:
                outer.requests.append(self.command)
                if outer.silent.is_set():
                    self.close_connection = True
                    outer.released.wait(20)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(outer.promised or len(outer.body)))
                self.end_headers()
                if with_body:
                    self.wfile.write(outer.body)

            def log_message(self, *_: Any) -> None: ...

        self.released = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/models/{digest}/base.pt"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server(multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """In place of the address of `base`, with a model of the right format."""
    body = multilingual_checkpoint.read_bytes()
    server = ModelServer(body, hashlib.sha256(body).hexdigest())
    monkeypatch.setitem(openai_whisper._MODELS, "base", server.url)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    monkeypatch.setitem(openai_whisper._MODELS, "base", f"http://127.0.0.1:{unused_port}/{'0' * 64}/base.pt")


@pytest.fixture
def settings(tmp_path: Path) -> SttSettings:
    """Without the package index, which test_weights_sources has."""
    return SttSettings(
        whisper_model="auto",
        whisper_download_dir=tmp_path / "cache",
        model_probe_sec=20,
        model_sources=("openai", "demo"),
    )


def with_model(settings: SttSettings, name: str, **more: Any) -> SttSettings:
    return settings.model_copy(update={"whisper_model": name, **more})


def test_demo_model_understands_speech(say: Say, caplog: pytest.LogCaptureFixture) -> None:
    engine = load_engine(SttSettings(whisper_model="demo"))
    assert (engine.name, engine.demo, engine.can_translate) == ("demo", True, False)
    assert "DEMO speech model" in caplog.text
    engine.warm_up()
    heard = engine.transcribe(Utterance(as_floats(say("I love this movie.")), None))
    assert heard.text.strip() == "I love this movie."
    assert heard.avg_logprob > -0.6
    silence = engine.transcribe(Utterance(np.zeros(48_000, dtype=np.float32), None))
    assert silence.no_speech_prob > 0.6, "silence is no speech to the model itself, too"


def test_demo_model_understands_the_clips() -> None:
    """All the way of the task: speech check, trimming, model, judgement. Single sentences must be right; of several
    in one breath, which the small model finds hard, half of the words."""
    settings = SttSettings(whisper_model="demo")
    check, engine = SpeechCheck(settings), load_engine(settings)
    clips = json.loads((CLIPS / "clips.json").read_text(encoding="utf-8"))
    assert len(clips) >= 3
    for clip in clips:
        audio = as_floats(read_wav(CLIPS / clip["file"]))
        found = check.find(audio)
        assert check.refusal(found) is None, clip["file"]
        text = judge(engine.transcribe(Utterance(check.trimmed(audio, found), None)), settings)
        assert isinstance(text, str), (clip["file"], text)
        if clip["text"].count(".") == 1:
            assert text == clip["text"]
        else:
            words = difflib.SequenceMatcher(None, clip["text"].split(), text.split())
            assert words.ratio() >= 0.5, text


def test_auto_downloads_base_once(server: ModelServer, settings: SttSettings, tmp_path: Path) -> None:
    first, second = choose_model(settings), choose_model(settings)
    assert first == second
    assert (first.name, first.demo, first.path) == ("base", False, tmp_path / "cache" / "base.pt")
    assert server.requests == ["HEAD", "GET"]
    assert load_engine(settings).can_translate


def test_auto_takes_the_demo_when_the_network_is_not_there(
    no_server: None, settings: SttSettings, caplog: pytest.LogCaptureFixture
) -> None:
    engine = load_engine(settings)
    assert (engine.name, engine.demo) == ("demo", True)
    assert "OpenAI's address gave no answer within 20 s" in caplog.text
    assert "DEMO speech model" in caplog.text


def test_auto_does_not_wait_for_a_silent_network(server: ModelServer, settings: SttSettings) -> None:
    server.silent.set()
    began = time.monotonic()
    assert choose_model(with_model(settings, "auto", model_probe_sec=0.3)).demo
    assert time.monotonic() - began < 15
    assert server.requests == ["HEAD"], "asked once"


def test_probe_is_bounded_even_when_the_name_look_up_hangs(
    settings: SttSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, enough = threading.Event(), threading.Event()

    def hang(*_: Any, **__: Any) -> Any:
        looking.set()
        enough.wait(20)
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = time.monotonic()
    try:
        assert not can_download("tiny", 0.3)
        assert time.monotonic() - began < 15
        assert looking.is_set()
    finally:
        enough.set()
        for thread in threading.enumerate():
            if thread.name == "model-probe":
                thread.join(5)


def test_named_model_that_is_cached_needs_no_network(
    multilingual_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, settings: SttSettings, tmp_path: Path
) -> None:
    digest = hashlib.sha256(multilingual_checkpoint.read_bytes()).hexdigest()
    monkeypatch.setitem(openai_whisper._MODELS, "tiny", f"http://127.0.0.1:9/{digest}/tiny.pt")
    (tmp_path / "cache").mkdir()
    shutil.copy(multilingual_checkpoint, tmp_path / "cache" / "tiny.pt")
    choice = choose_model(with_model(settings, "tiny"))
    assert (choice.name, choice.demo) == ("tiny", False)


def test_named_model_that_cannot_be_had_is_an_error(no_server: None, settings: SttSettings) -> None:
    with pytest.raises(ModelError, match=r"base is not in .*cache and could not be downloaded") as error:
        load_engine(with_model(settings, "base"))
    assert "set WHISPER_MODEL to auto or demo" in str(error.value)


def test_download_that_stalls_is_an_error(
    server: ModelServer, settings: SttSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_download, "STALL_SEC", 0.3)
    server.silent.set()
    began = time.monotonic()
    with pytest.raises(ModelError, match="timed out"):
        download("base", with_model(settings, "base"))
    assert time.monotonic() - began < 15


def test_download_that_breaks_off_leaves_nothing(server: ModelServer, settings: SttSettings, tmp_path: Path) -> None:
    server.promised = len(server.body) + 1000
    with pytest.raises(ModelError, match=r"IncompleteRead|connection ended"):
        download("base", settings)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_broken_cache_is_no_cache(
    server: ModelServer, settings: SttSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "base.pt").write_bytes(server.body[:1000])
    assert cached_checkpoint("base", settings) is None
    assert "not whole" in caplog.text
    assert download("base", settings).read_bytes() == server.body


def test_wrong_file_from_the_server_is_an_error(server: ModelServer, settings: SttSettings) -> None:
    server.body = b"not a model"
    with pytest.raises(ModelError, match="SHA-256"):
        download("base", settings)
    assert choose_model(settings).demo, "auto goes on with the demo"


def test_workers_that_start_together_download_once(server: ModelServer, settings: SttSettings) -> None:
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: download("base", settings), range(4)))
    assert len(set(paths)) == 1
    assert server.requests == ["GET"]


def test_folder_that_cannot_be_made_is_an_error(server: ModelServer, settings: SttSettings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="could not be downloaded"):
        download("base", with_model(settings, "base", whisper_download_dir=tmp_path / "file" / "cache"))


def test_path_to_a_checkpoint(english_checkpoint: Path, settings: SttSettings) -> None:
    engine = load_engine(with_model(settings, str(english_checkpoint)))
    assert (engine.name, engine.demo) == ("random.en", False)


def test_path_to_the_demo_is_the_demo(settings: SttSettings) -> None:
    assert choose_model(with_model(settings, str(settings.demo_speech_model))).demo


@pytest.mark.parametrize("name", ["bass", "/no/such/model.pt", "./model", "demo.pt"])
def test_unknown_name_is_an_error_that_lists_the_names(settings: SttSettings, name: str) -> None:
    with pytest.raises(ModelError, match=r"neither a file nor the name of a model.*auto, demo.*turbo"):
        choose_model(with_model(settings, name))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 broken zip"])
def test_file_that_is_no_checkpoint_is_an_error(settings: SttSettings, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="no openai-whisper checkpoint"):
        load_engine(with_model(settings, str(path)))


def test_checkpoint_with_foreign_content_is_an_error(settings: SttSettings, tmp_path: Path) -> None:
    import torch

    path = tmp_path / "model.pt"
    torch.save({"something": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="no openai-whisper checkpoint"):
        load_engine(with_model(settings, str(path)))


def test_missing_demo_model_is_an_error(no_server: None, settings: SttSettings, tmp_path: Path) -> None:
    for name in ("demo", "auto"):
        with pytest.raises(ModelError, match="demo speech model is missing"):
            choose_model(with_model(settings, name, demo_speech_model=tmp_path / "none.pt"))


def test_default_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert model_download.download_dir(SttSettings()) == tmp_path / ".cache" / "whisper"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert model_download.download_dir(SttSettings()) == tmp_path / "caches" / "whisper"


def test_loading_is_logged(english_checkpoint: Path, settings: SttSettings, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        load_engine(with_model(settings, str(english_checkpoint)))
    assert "speech model random.en loaded on cpu" in caplog.text
