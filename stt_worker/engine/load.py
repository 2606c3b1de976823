"""From WHISPER_MODEL to a loaded engine: openai-whisper's names, a path, a name on the hub, `demo`, or `auto`."""

from __future__ import annotations

import logging
import pickle
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import whisper as openai_whisper

from contract.queues import STT_QUEUE
from runtime.weights.hub import HubError, hub_folder, is_path
from runtime.weights.progress import DownloadProgress
from stt_worker.engine.protocol import ModelError
from stt_worker.engine.weights.assembly import ModelFormatError
from stt_worker.engine.weights.ctranslate2 import MODEL_BIN, load_ctranslate2_bin
from stt_worker.engine.weights.download import official_model
from stt_worker.engine.weights.folder import HUB_PATTERNS, load_folder, what_is_missing
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings

logger = logging.getLogger(__name__)

AUTO_MODEL = "base"
CTRANSLATE2_SUFFIXES = (".bin", ".ct2")

Form = Literal["checkpoint", "ctranslate2", "folder"]
_FORMS: dict[Form, str] = {
    "checkpoint": "openai-whisper checkpoint",
    "ctranslate2": "CTranslate2 file",
    "folder": "Whisper",
}


@dataclass(frozen=True)
class FoundModel:
    """A model on this machine, and the name to show for it. `form`: what `path` is, openai-whisper's checkpoint, a
    CTranslate2 file, or a folder in CTranslate2's or Hugging Face's form."""

    path: Path
    name: str
    demo: bool
    form: Form = "checkpoint"


def load_engine(settings: SttSettings) -> WhisperEngine:
    """The engine that the settings ask for, loaded on the GPU if there is one, not yet warm.

    Raises ModelError. There is no fallback from a named model to another.
    """
    choice = choose_model(settings)
    if choice.demo:
        logger.warning(
            "this is the small DEMO speech model: it knows simple English sentences only. For real use set "
            "WHISPER_MODEL to base or better (downloaded once)."
        )
    began = time.monotonic()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        model = _load(choice, device)
    except ModelFormatError as problem:
        raise ModelError(
            f"WHISPER_MODEL={settings.whisper_model}: {choice.path} cannot be used: {problem}."
        ) from problem
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, RuntimeError, OSError) as problem:
        words = str(problem).split("\n", 1)[0]
        raise ModelError(
            f"WHISPER_MODEL={settings.whisper_model}: {choice.path} is no {_FORMS[choice.form]} that can be loaded "
            f"({type(problem).__name__}: {words})."
        ) from problem
    logger.info("speech model %s loaded on %s in %.1f s", choice.name, device, time.monotonic() - began)
    return WhisperEngine(model, choice.name, choice.demo, settings)


def choose_model(settings: SttSettings) -> FoundModel:
    """Find the wanted model, downloading it if need be. Raises ModelError."""
    wanted = settings.whisper_model
    if wanted == "demo":
        return _demo(settings)
    if wanted == "auto":
        return _auto(settings)
    if wanted in openai_whisper.available_models():
        return _official(wanted, settings)
    path = Path(wanted).expanduser()
    if path.is_file() and path.name != MODEL_BIN:
        demo = path.resolve() == settings.demo_speech_model.resolve()
        form: Form = "ctranslate2" if path.suffix in CTRANSLATE2_SUFFIXES else "checkpoint"
        return FoundModel(path, path.stem, demo, form)
    if path.is_file():  # the name says nothing, and config.json is beside it
        path = path.parent
    if path.is_dir():
        return FoundModel(path, path.resolve().name, demo=False, form="folder")
    if wanted.count("/") == 1 and not is_path(wanted):
        return FoundModel(_from_hub(wanted, settings), wanted, demo=False, form="folder")
    names = ", ".join(openai_whisper.available_models())
    raise ModelError(
        f"WHISPER_MODEL={wanted} is neither a file nor the name of a model. Names: auto, demo, {names}, or owner/name "
        "of one on the Hugging Face hub."
    )


def _load(choice: FoundModel, device: str) -> openai_whisper.Whisper:
    if choice.form == "checkpoint":
        return openai_whisper.load_model(str(choice.path), device=device)
    load = load_folder if choice.form == "folder" else load_ctranslate2_bin
    return load(choice.path).to(device)


def _from_hub(name: str, settings: SttSettings) -> Path:
    progress = DownloadProgress(settings, STT_QUEUE, "speech")
    try:
        return hub_folder(
            name,
            complete=what_is_missing,
            patterns=HUB_PATTERNS,
            probe_sec=settings.model_probe_sec,
            watch=lambda folder, total_bytes: progress.watching(name, folder, total_bytes),
            allowed="hub" in settings.model_sources,
        )
    except HubError as problem:
        raise ModelError(f"WHISPER_MODEL={name} is no file or folder here, and {problem}.") from problem


def _official(name: str, settings: SttSettings) -> FoundModel:
    found = official_model(name, settings)
    return FoundModel(found.path, name, demo=False, form="ctranslate2" if found.from_index else "checkpoint")


def _auto(settings: SttSettings) -> FoundModel:
    try:
        return _official(AUTO_MODEL, settings)
    except ModelError as problem:
        if "demo" not in settings.model_sources:
            raise
        logger.warning("%s", problem)
        return _demo(settings)


def _demo(settings: SttSettings) -> FoundModel:
    path = settings.demo_speech_model
    if not path.is_file():
        raise ModelError(f"The demo speech model is missing: no file {path} (setting DEMO_SPEECH_MODEL).")
    return FoundModel(path, "demo", demo=True)
