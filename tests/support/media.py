"""Sound files of other formats for tests, made by the FFmpeg program from samples."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from contract.names import SAMPLE_RATE_HZ
from contract.wav import write_wav

# Extension to the program's options; the video has a picture that lasts as long as its sound.
FORMATS: dict[str, list[str]] = {
    "wav": ["-ar", "44100", "-ac", "2"],
    "mp3": ["-b:a", "192k"],
    "m4a": [],
    "ogg": [],
    "opus": [],
    "webm": ["-c:a", "libopus"],
    "flac": [],
    "aac": [],
    "mp4": ["-f", "lavfi", "-i", "color=size=64x64:rate=5", "-shortest"],
    "mkv": ["-f", "lavfi", "-i", "color=size=64x64:rate=5", "-shortest"],
}


def encode(pcm: bytes, path: Path) -> Path:
    """Write s16le mono 16 kHz `pcm` to `path`, in the format of its name."""
    source = path.with_name(f"{path.name}.source.wav")
    write_wav(source, pcm)
    options = FORMATS[path.suffix[1:]]
    subprocess.run(["ffmpeg", "-y", "-loglevel", "error", "-i", str(source), *options, str(path)], check=True)
    source.unlink()
    return path


def silence(seconds: float) -> bytes:
    """Samples of nothing."""
    return bytes(2 * round(seconds * SAMPLE_RATE_HZ))


def tone(seconds: float, level: float = 0.3, hertz: float = 220.0) -> bytes:
    """A sine tone, s16le mono 16 kHz."""
    time = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (np.sin(2 * np.pi * hertz * time) * level * 32767).astype("<i2").tobytes()
