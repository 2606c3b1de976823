"""A microphone for the recorder as a program of its own: ALSA's file plugin."""

from __future__ import annotations

from pathlib import Path

import pytest


def alsa_playing(pcm: bytes, folder: Path) -> Path:
    """An ALSA configuration whose default device plays `pcm` (s16le, any number of channels), as fast as it is read."""
    try:
        import sounddevice
    except OSError:
        pytest.skip("libportaudio2 is not installed")
    assert sounddevice.__version__
    base = Path("/usr/share/alsa/alsa.conf")
    if not base.exists():
        pytest.skip("ALSA's configuration (libasound2-data) is not installed")
    raw = folder / "speech.raw"
    raw.write_bytes(pcm)
    config = folder / "asoundrc"
    device = f'type file\n slave.pcm "null"\n file "/dev/null"\n infile "{raw}"\n format "raw"'
    config.write_text(f"<{base}>\npcm.!default {{\n {device}\n}}\n")
    return config
