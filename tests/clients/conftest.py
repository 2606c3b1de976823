"""The whole system without models, behind a token, with the origins of docs/clients.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.stack import Stack, start_stack
from tests.support.media import encode, tone

TOKEN = "token-of-the-clients-0123456789"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ORIGINS = ("app://obsidian.md", "capacitor://localhost", "http://localhost")  # Obsidian's: computer, iOS, Android
HEARD = re.compile(r"I (love|like|hate|cannot stand) this \w+ \d+\.")  # what the dummy speech model makes of sound


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything but the models."""
    settings = {
        "WHISPER_MODEL": "dummy",
        "SENTIMENT_MODEL": "dummy",
        "ACCESS_TOKEN": TOKEN,
        "ALLOWED_ORIGINS": ", ".join(ORIGINS),
    }
    with start_stack(tmp_path_factory.mktemp("clients"), **settings) as running:
        yield running


@pytest.fixture(scope="package")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Two seconds of sound in each format that these programs send."""
    folder: Path = tmp_path_factory.mktemp("sounds")
    kinds = ("wav", "mp3", "webm")
    return {kind: encode(tone(2.0, hertz=220.0), folder / f"sound.{kind}").read_bytes() for kind in kinds}
