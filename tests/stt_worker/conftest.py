"""Fixtures of the speech worker's tests: small models, synthetic speech."""

from __future__ import annotations

import dataclasses
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import whisper as openai_whisper
from numpy.typing import NDArray
from whisper.tokenizer import get_tokenizer

from contract.queues import STT_QUEUE
from harness.processes import Service, celery_worker, free_port
from runtime.wav import read_wav
from tests.stt_worker.worker_processes import Held, MakeWorker, environment

ENGLISH_VOCABULARY = 51864
MULTILINGUAL_VOCABULARY = 51865

Say = Callable[..., bytes]


def save_random_model(path: Path, vocabulary: int, text_layers: int = 2, audio_layers: int = 2) -> Path:
    """A checkpoint in openai-whisper's format whose weights are random: right in shape, senseless in words."""
    dims = openai_whisper.ModelDimensions(80, 1500, 64, 2, audio_layers, vocabulary, 448, 64, 2, text_layers)
    torch.manual_seed(7)
    model = openai_whisper.Whisper(dims)
    torch.nn.init.normal_(model.decoder.positional_embedding, std=0.02)
    torch.save({"dims": dataclasses.asdict(dims), "model_state_dict": model.state_dict()}, path)
    return path


@pytest.fixture(scope="session", autouse=True)
def vocabularies_loaded() -> None:
    """openai-whisper leaves the file of each vocabulary open when it first reads it; here a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for multilingual in (False, True):
            get_tokenizer(multilingual, num_languages=99)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """The models here are tiny: more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def english_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_random_model(tmp_path_factory.mktemp("models") / "random.en.pt", ENGLISH_VOCABULARY)


@pytest.fixture(scope="session")
def multilingual_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_random_model(tmp_path_factory.mktemp("models") / "random.pt", MULTILINGUAL_VOCABULARY)


@pytest.fixture(scope="session")
def turbo_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Multilingual, with the layer counts by which large-v3-turbo is known."""
    return save_random_model(tmp_path_factory.mktemp("models") / "like-turbo.pt", MULTILINGUAL_VOCABULARY, 4, 32)


@pytest.fixture
def unused_port() -> int:
    """A port that nothing listens on."""
    return free_port()


@pytest.fixture(scope="session")
def say(tmp_path_factory: pytest.TempPathFactory) -> Say:
    """Speech from espeak-ng as s16le mono 16 kHz bytes."""
    folder = tmp_path_factory.mktemp("speech")

    def speak(text: str, voice: str = "en-us", words_per_minute: int = 155) -> bytes:
        path = folder / "said.wav"
        command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-w", str(path), text]
        subprocess.run(command, check=True, timeout=30)
        return read_wav(path)

    return speak


@pytest.fixture
def make_worker(tmp_path: Path) -> Iterator[MakeWorker]:
    """Starts workers as docker-compose does, and kills them at the end."""
    workers: list[Service] = []

    def make(port: int, model: str, **more: str) -> Service:
        name = f"worker{len(workers)}"
        worker = celery_worker("stt_worker", STT_QUEUE, environment(port, model, **more), tmp_path, name)
        workers.append(worker)
        worker.start()
        return worker

    yield make
    for worker in workers:
        worker.kill()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    folder = tmp_path / "held"
    folder.mkdir()
    held = Held(folder)
    yield held
    for worker in held.workers:
        worker.kill()


def as_floats(pcm: bytes) -> NDArray[np.float32]:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768.0
