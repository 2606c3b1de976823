"""Conversations in which each speaker has a microphone, made of the demo clips: one voice, but other words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from contract.audio import SAMPLE_RATE_HZ
from harness.speech import demo_clips, noise

NOISE = 0.0005  # standard deviation of each microphone's own noise, full scale 1: -66 dB
Sound = NDArray[np.float64]


def clip(name: str) -> Sound:
    """A demo clip, -1 to 1."""
    pcm = next(one.pcm for one in demo_clips() if one.path.stem == name)
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64) / 32_768


def voices(turns: list[tuple[int, str]], speakers: int, pause_sec: float = 0.6) -> Sound:
    """The voice of each of so many `speakers`, shape (speakers, n), who say clips in turn: (speaker, clip's name)."""
    pause = np.zeros(round(pause_sec * SAMPLE_RATE_HZ))
    lanes: list[list[Sound]] = [[pause] for _ in range(speakers)]
    for speaker, name in turns:
        said = np.concatenate((clip(name), pause))
        for number, lane in enumerate(lanes):
            lane.append(said if number == speaker else np.zeros(len(said)))
    return np.stack([np.concatenate(lane) for lane in lanes])


def room(delay_ms: float, seed: int, echo_sec: float = 0.2) -> Sound:
    """How a voice arrives from across the table: after a delay, with an echo half as strong in power. Of power 1."""
    count = round(echo_sec * SAMPLE_RATE_HZ)
    echo = np.random.default_rng(seed).normal(size=count) * np.exp(-6.9 * np.arange(count) / count)
    echo *= np.sqrt(0.5 / np.sum(echo**2))
    arrives: Sound = np.concatenate((np.zeros(round(delay_ms * SAMPLE_RATE_HZ / 1000)), [1.0], echo))
    return arrives / float(np.sqrt(np.sum(arrives**2)))


def microphones(spoken: Sound, crosstalk_db: float | None = -20.0, gains: list[float] | None = None) -> Sound:
    """What the microphone of each speaker hears: the speaker, the others lower and with the room, and its own noise."""
    heard = spoken.copy()
    count = spoken.shape[1]
    for to in range(len(spoken)):
        for of in range(len(spoken)):
            if to != of and crosstalk_db is not None:
                arrived = fftconvolve(spoken[of], room(3 + to + of, 10 * to + of))[:count]
                heard[to] += 10 ** (crosstalk_db / 20) * arrived
        hiss = np.frombuffer(noise(count / SAMPLE_RATE_HZ + 1, NOISE, seed=to), dtype="<i2")[:count]
        heard[to] += hiss / 32_768
    loudness: Sound = np.array(gains or [1.0] * len(spoken))
    return heard * loudness[:, None]


def as_pcm(sound: Sound) -> NDArray[np.int16]:
    """Samples of 16 bits, of the same shape."""
    return np.clip(np.rint(sound * 32_768), -32_768, 32_767).astype("<i2")
