"""From WHISPER_MODEL to a loaded engine: openai-whisper's names, a checkpoint's path, `demo`, or `auto`."""

from __future__ import annotations

import logging
import pickle
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import whisper as openai_whisper
from model_download import ModelUnavailableError, official_model
from stt_settings import SttSettings
from whisper_engine import WhisperEngine

logger = logging.getLogger(__name__)

AUTO_MODEL = "base"


@dataclass(frozen=True)
class ModelChoice:
    """A model on this machine, and the name to show for it. `form`: what `path` is, openai-whisper's checkpoint or a
    CTranslate2 file."""

    path: Path
    name: str
    demo: bool
    form: Literal["checkpoint", "ctranslate2"] = "checkpoint"


def load_engine(settings: SttSettings) -> WhisperEngine:
    """The engine that the settings ask for, loaded on the GPU if there is one, not yet warm.

    Raises ModelUnavailableError. There is no fallback from a named model to another.
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
        model = openai_whisper.load_model(str(choice.path), device=device)
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, RuntimeError, OSError) as problem:
        words = str(problem).split("\n", 1)[0]
        raise ModelUnavailableError(
            f"WHISPER_MODEL={settings.whisper_model}: {choice.path} is no openai-whisper checkpoint that can be loaded "
            f"({type(problem).__name__}: {words})."
        ) from problem
    logger.info("speech model %s loaded on %s in %.1f s", choice.name, device, time.monotonic() - began)
    return WhisperEngine(model, choice.name, choice.demo, settings)


def choose_model(settings: SttSettings) -> ModelChoice:
    """Find the wanted model, downloading it if need be. Raises ModelUnavailableError."""
    wanted = settings.whisper_model
    if wanted == "demo":
        return _demo(settings)
    if wanted == "auto":
        return _auto(settings)
    if wanted in openai_whisper.available_models():
        return _official(wanted, settings)
    path = Path(wanted).expanduser()
    if path.is_file():
        return ModelChoice(path, path.stem, demo=path.resolve() == settings.demo_speech_model.resolve())
    names = ", ".join(openai_whisper.available_models())
    raise ModelUnavailableError(
        f"WHISPER_MODEL={wanted} is neither a file nor the name of a model. Names: auto, demo, {names}."
    )


def _official(name: str, settings: SttSettings) -> ModelChoice:
    found = official_model(name, settings)
    return ModelChoice(found.path, name, demo=False, form="ctranslate2" if found.from_index else "checkpoint")


def _auto(settings: SttSettings) -> ModelChoice:
    try:
        return _official(AUTO_MODEL, settings)
    except ModelUnavailableError as problem:
        if "demo" not in settings.model_sources:
            raise
        logger.warning("%s", problem)
        return _demo(settings)


def _demo(settings: SttSettings) -> ModelChoice:
    path = settings.demo_speech_model
    if not path.is_file():
        raise ModelUnavailableError(f"The demo speech model is missing: no file {path} (setting DEMO_SPEECH_MODEL).")
    return ModelChoice(path, "demo", demo=True)
