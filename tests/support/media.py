"""Sound files of other formats for tests, made by the FFmpeg program from samples."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import numpy as np

from contract.audio import SAMPLE_RATE_HZ
from runtime.wav import write_wav

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


def ffmpeg(*options: str | Path) -> None:
    """Run the program."""
    subprocess.run(["ffmpeg", "-y", "-loglevel", "error", *map(str, options)], check=True)


def channels_wav(channels: np.ndarray, path: Path, rate_hz: int = SAMPLE_RATE_HZ) -> Path:
    """Write 16-bit samples, shape (channels, n), as a WAV that names no layout, like those of recorders."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.ascontiguousarray(channels.T).astype("<i2").tobytes())
    return path


def inverted_stereo(pcm: bytes, path: Path, level: float = 1.0) -> Path:
    """`pcm` on the left, and turned over with `level` on the right."""
    left = np.frombuffer(pcm, dtype="<i2").astype(np.int64)
    return channels_wav(np.stack([left, np.rint(-level * left).astype(np.int64)]), path)


def two_tracks(first: bytes, second: bytes, path: Path) -> Path:
    """A Matroska file with two tracks of sound, the first its default."""
    sources: list[str | Path] = []
    for number, pcm in enumerate((first, second)):
        source = path.with_name(f"track{number}.wav")
        write_wav(source, pcm)
        sources += ["-i", source]
    ffmpeg(*sources, "-map", "0:a", "-map", "1:a", "-c:a", "aac", path)
    return path


def joined_transport_stream(first: bytes, second: bytes, jump_sec: float, path: Path) -> Path:
    """Two MPEG-TS recordings behind one another, the second's timestamps from `jump_sec` on."""
    parts = []
    for number, pcm in enumerate((first, second)):
        source, part = path.with_name(f"part{number}.wav"), path.with_name(f"part{number}.ts")
        write_wav(source, pcm)
        ffmpeg("-i", source, "-c:a", "aac", "-output_ts_offset", str(number * jump_sec), "-f", "mpegts", part)
        parts.append(part.read_bytes())
    path.write_bytes(b"".join(parts))
    return path


def quieter(pcm: bytes, decibels: float, path: Path) -> Path:
    """`pcm` so much quieter, with 24 bits a sample."""
    source = path.with_name(f"{path.name}.source.wav")
    write_wav(source, pcm)
    ffmpeg("-i", source, "-af", f"volume=-{decibels}dB", "-c:a", "pcm_s24le", path)
    return path


def damaged(pcm: bytes, path: Path) -> Path:
    """`pcm` in the format of `path`, with nothing in a piece from its middle."""
    content = bytearray(encode(pcm, path).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(3000)
    path.write_bytes(content)
    return path
