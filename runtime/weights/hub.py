"""A model's folder out of the Hugging Face hub's local cache, downloaded if need be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from fnmatch import fnmatch
from pathlib import Path

from runtime.weights.probe import head_status

logger = logging.getLogger(__name__)

Complete = Callable[[Path], str]
Watch = Callable[[Path, int], AbstractContextManager[None]]


class HubError(RuntimeError):
    """The model cannot be had from the hub; the message tells a person why."""


def is_path(wanted: str) -> bool:
    """Whether `wanted` is a path, not a name on the hub, which has at most one slash."""
    return wanted.startswith(("/", "./", "../", "~")) or wanted.count("/") > 1 or Path(wanted).is_dir()


def hub_folder(
    name: str,
    *,
    aliases: Sequence[str] = (),
    complete: Complete,
    patterns: Sequence[Sequence[str]],
    probe_sec: float,
    watch: Watch | None = None,
    allowed: bool = True,
) -> Path:
    """The folder of the model `name`; what is cached is used without asking the network. Raises HubError.

    `aliases`: what the repository is called, if not `name`; all are looked for in the cache, the first is downloaded.
    `complete`: what a folder lacks, in words; empty when nothing. `patterns`: names of files to download, one set after
    the other until the folder is complete. `probe_sec`: how long the hub has for a first answer. `watch`: entered
    around each download with the folder that grows and the bytes that will come, 0 where the hub does not tell.
    `allowed`: whether MODEL_SOURCES has the hub.
    """
    from huggingface_hub import constants, snapshot_download, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    candidates = aliases or (name,)
    try:
        for candidate in candidates:
            config = try_to_load_from_cache(candidate, "config.json")
            if isinstance(config, str) and not complete(Path(config).parent):
                return Path(config).parent
    except HFValidationError as problem:
        raise HubError(f"{name!r} is no name of a model on the hub, nor a folder: {problem}") from problem
    if not allowed:
        raise HubError(f"{name} is not in the local cache, and MODEL_SOURCES leaves out the hub")
    if constants.is_offline_mode():
        raise HubError(f"{name} is not in the local cache, and HF_HUB_OFFLINE forbids to download it")
    if trouble := _trouble(f"{constants.ENDPOINT}/{candidates[0]}/resolve/main/config.json", probe_sec):
        raise HubError(f"{name} is not in the local cache, and the hub cannot be reached ({trouble})")
    logger.info("downloading the model %s from the hub", name)
    lack = ""
    try:
        for wanted in patterns:
            with _watched(candidates[0], wanted, probe_sec, watch):
                folder = Path(snapshot_download(candidates[0], allow_patterns=list(wanted)))
            lack = complete(folder)
            if not lack:
                return folder
    except Exception as problem:  # the hub's client raises its own errors, its HTTP library's and the system's
        reason = (str(problem).strip().splitlines() or [""])[0]
        raise HubError(f"{name} cannot be downloaded: {type(problem).__name__}: {reason}") from problem
    raise HubError(f"{name} is on the hub but cannot be used here: {lack}")


def _watched(name: str, wanted: Sequence[str], probe_sec: float, watch: Watch | None) -> AbstractContextManager[None]:
    """`watch` on the repository's folder in the cache, with the bytes of the files that are not there yet."""
    if watch is None:
        return nullcontext()
    from huggingface_hub import HfApi, constants, try_to_load_from_cache
    from huggingface_hub.file_download import repo_folder_name

    folder = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model")
    try:
        found = HfApi().model_info(name, files_metadata=True, timeout=probe_sec).siblings or []
        sizes = {file.rfilename: file.size or 0 for file in found}
    except Exception as problem:  # as above; the download itself reports it
        logger.info("how large %s is the hub does not tell (%s)", name, type(problem).__name__)
        sizes = {}
    lacking = [
        file
        for file in sizes
        if any(fnmatch(file, pattern) for pattern in wanted) and not isinstance(try_to_load_from_cache(name, file), str)
    ]
    if sizes and not lacking:
        return nullcontext()
    return watch(folder, sum(sizes[file] for file in lacking))


def _trouble(url: str, probe_sec: float) -> str:
    """Why the hub cannot be reached; empty when it answers. Its own client would try again for minutes."""
    answer = head_status(url, probe_sec)
    if isinstance(answer, str):
        return answer
    return f"it answers {answer}" if answer >= 500 else ""
