"""Which encoder, by the setting SPEAKER_MODEL."""

from __future__ import annotations

import logging
from pathlib import Path

from runtime.weights.hub import HubError, Watch, hub_folder, is_path
from speaker_worker.engine.encoder.dummy import DummyEncoder
from speaker_worker.engine.encoder.protocol import EncoderLoadError, VoiceEncoder

logger = logging.getLogger(__name__)

AUTO, DUMMY = "auto", "dummy"
PROBE_SEC = 3.0


def load_encoder(
    speaker_model: str = AUTO, *, probe_sec: float = PROBE_SEC, hub_allowed: bool = True, watch: Watch | None = None
) -> VoiceEncoder:
    """`auto`: Resemblyzer's, `dummy`: that of the tests; else an ONNX or TorchScript file (from_file.py), by its path,
    that of its folder, or the name (owner/name) of a repository on the Hugging Face hub. Raises EncoderLoadError.

    `probe_sec`, `hub_allowed`, `watch`: see runtime.weights.hub.hub_folder.
    """
    if speaker_model == DUMMY:
        return DummyEncoder()
    if speaker_model == AUTO:
        from speaker_worker.engine.encoder.resemblyzer import ResemblyzerEncoder

        return ResemblyzerEncoder()
    from speaker_worker.engine.encoder.from_file import SUFFIXES, FileEncoder

    path = Path(speaker_model).expanduser()
    if path.suffix in SUFFIXES or is_path(speaker_model):
        return FileEncoder(_in_folder(path, SUFFIXES) if path.is_dir() else path)
    folder = _from_hub(speaker_model, SUFFIXES, probe_sec, hub_allowed, watch)
    return FileEncoder(_in_folder(folder, SUFFIXES), speaker_model)


def _from_hub(name: str, suffixes: tuple[str, ...], probe_sec: float, allowed: bool, watch: Watch | None) -> Path:
    """The folder of `name` in the hub's cache, downloaded if need be."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
        if not _lacks(folder, suffixes):
            return folder
    except Exception:  # not there, or no name at all: what follows says so
        logger.debug("%s is not in the hub's cache", name)
    try:
        return hub_folder(
            name,
            complete=lambda found: _lacks(found, suffixes),
            patterns=[[f"*{suffix}"] for suffix in suffixes],
            probe_sec=probe_sec,
            watch=watch,
            allowed=allowed,
        )
    except HubError as problem:
        raise EncoderLoadError(str(problem)) from problem


def _lacks(folder: Path, suffixes: tuple[str, ...]) -> str:
    files = [file for file in folder.rglob("*") if file.suffix in suffixes]
    return "" if files else f"it has no file {' or '.join(suffixes)}"


def _in_folder(folder: Path, suffixes: tuple[str, ...]) -> Path:
    """The one file in `folder` that may be an encoder; `model` by name where there are several."""
    files = sorted(file for file in folder.rglob("*") if file.suffix in suffixes)
    named = [file for file in files if file.stem == "model"] or files
    if len(named) != 1:
        found = ", ".join(str(file.relative_to(folder)) for file in files) or "none"
        raise EncoderLoadError(f"which encoder in {folder} is meant cannot be told ({found}): name one file")
    return named[0]
