"""Official openai-whisper models: whether one is here already, whether it can be had, and fetching it with limits.

openai-whisper's own download waits without end on a silent network, holds the whole file in memory, and leaves half
of it in place when it is killed. The addresses, which hold each file's SHA-256, are its private name `_MODELS`.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import logging
import os
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import whisper as openai_whisper
from stt_settings import SttSettings

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20


class ModelUnavailableError(Exception):
    """The wanted model cannot be had; the message tells the user why and what to do."""


def download_dir(settings: SttSettings) -> Path:
    """Where official models are kept. Raises ModelUnavailableError when that cannot be told."""
    if settings.whisper_download_dir is not None:
        return settings.whisper_download_dir.expanduser()
    try:
        return (settings.xdg_cache_home or Path.home() / ".cache") / "whisper"
    except RuntimeError as problem:
        raise ModelUnavailableError("This user has no home folder: set WHISPER_DOWNLOAD_DIR.") from problem


def cached_checkpoint(name: str, settings: SttSettings) -> Path | None:
    """The file of the official model `name`, if it is here and whole (its SHA-256 is part of its address)."""
    url: str = openai_whisper._MODELS[name]
    path = download_dir(settings) / url.rsplit("/", 1)[-1]
    if not path.is_file():
        return None
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == url.split("/")[-2]:
            return path
    logger.warning("%s is not whole, or not the official file", path)
    return None


def can_download(name: str, timeout_sec: float) -> bool:
    """Whether the official model `name` answers: one HEAD request, the look-up of the host name included."""
    answer: list[bool] = []

    def ask() -> None:
        request = urllib.request.Request(openai_whisper._MODELS[name], method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=timeout_sec) as response:
                answer.append(response.status == 200)
        except (OSError, ValueError):
            answer.append(False)

    # A thread, because the timeout of a socket does not bound the look-up of a host name.
    asking = threading.Thread(target=ask, name="model-probe", daemon=True)
    asking.start()
    asking.join(timeout_sec)
    return bool(answer) and answer[0]


def download(name: str, settings: SttSettings) -> Path:
    """The file of the official model `name`, fetched unless it is here. Raises ModelUnavailableError."""
    folder = download_dir(settings)
    try:
        with _one_at_a_time(folder):
            return cached_checkpoint(name, settings) or _fetch(name, folder, settings.model_stall_sec)
    except (OSError, ValueError, http.client.HTTPException) as problem:
        raise ModelUnavailableError(
            f"The speech model {name} is not in {folder} and could not be downloaded ({problem}). Connect this "
            "machine to the network, put the file there, or set WHISPER_MODEL to auto or demo."
        ) from problem


def _fetch(name: str, folder: Path, stall_sec: float) -> Path:
    """Download to a file beside the final one, which appears whole or not at all."""
    url: str = openai_whisper._MODELS[name]
    path = folder / url.rsplit("/", 1)[-1]
    part = path.with_suffix(".part")
    logger.info("downloading the speech model %s to %s", name, path)
    try:
        with urllib.request.urlopen(url, timeout=stall_sec) as source, part.open("wb") as file:
            _copy(source, file, name)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != url.split("/")[-2]:
            raise ValueError("what came is not the official file: its SHA-256 is another")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _copy(source: http.client.HTTPResponse, target: BinaryIO, name: str) -> None:
    """Copy all of `source`, with a log line for every tenth of it."""
    total = int(source.headers.get("Content-Length") or 0)
    done, told = 0, 0
    while chunk := source.read(CHUNK_BYTES):
        target.write(chunk)
        done += len(chunk)
        tenths = done * 10 // total if total else 0
        if tenths > told:
            told = tenths
            logger.info("speech model %s: %d %% of %d MB", name, tenths * 10, total // 1_000_000)
    if done < total:
        raise ConnectionError(f"the connection ended after {done} of {total} bytes")


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Of several workers that start together one fetches the model; the others then find it whole."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:  # a folder that can only be read: nothing will be written there
        yield
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
