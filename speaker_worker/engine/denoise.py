"""Takes off speech what is not of the voice, for embeddings alone. Steady noise: what is heard in its quietest moments
is taken away everywhere, band by band (spectral subtraction, M. Berouti and others, 1979); noise that all voices share
makes them alike. And what is below any voice, rumble and hum, by which one person in two recordings is two."""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.encoder.protocol import Audio

FRAME, HOP = 512, 256  # samples, at 16 kHz
QUIETEST = 0.1  # of the frames
FRAMES_MIN = 4
TIMES = 2.0  # as much power is taken away as that: noise has its ups and downs
FLOOR = 0.05  # of the amplitude stays, at least
NOTHING_HZ, ALL_HZ = 60.0, 120.0  # below the one nothing of a voice stays, above the other all of it
LOW_CUT: Final = np.clip(
    (np.fft.rfftfreq(FRAME, 1 / SAMPLE_RATE_HZ) - NOTHING_HZ) / (ALL_HZ - NOTHING_HZ), 0.0, 1.0
).astype(np.float32)


def without_noise(audio: Audio) -> Audio:
    """`audio` (16 kHz, shape (n,)) without what is steady in it, and what is too low; of the same shape. Less than
    FRAMES_MIN frames stay as they are."""
    padded = np.pad(audio, (FRAME, FRAME + -len(audio) % HOP)).astype(np.float32)
    window = np.sqrt(np.hanning(FRAME + 1)[:-1]).astype(np.float32)
    spectrum = np.fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP] * window, axis=1)
    power = np.square(np.abs(spectrum))
    whole = power[FRAME // HOP : FRAME // HOP + (len(audio) - FRAME) // HOP + 1]  # those of nothing but `audio`
    if len(whole) < FRAMES_MIN:
        return audio
    count = max(FRAMES_MIN, int(QUIETEST * len(whole)))
    noise = whole[np.argsort(whole.sum(axis=1))[:count]].mean(axis=0)
    gain = np.sqrt(np.maximum(1 - TIMES * noise / np.maximum(power, 1e-12), FLOOR**2)) * LOW_CUT
    frames = (np.fft.irfft(spectrum * gain, axis=1) * window).astype(np.float32)
    halves = frames.reshape(len(frames), 2, HOP)  # each sample is in two frames, whose windows' squares add up to 1
    found = np.zeros((len(frames) + 1, HOP), dtype=np.float32)
    found[:-1] += halves[:, 0]
    found[1:] += halves[:, 1]
    cleaned: Audio = found.reshape(-1)[FRAME : FRAME + len(audio)]
    return cleaned
