"""Takes steady noise off speech: what is heard in its quietest moments is taken away everywhere, band by band (spectral
subtraction, M. Berouti and others, 1979). For embeddings alone: noise that all voices share makes them alike."""

from __future__ import annotations

import numpy as np

from speaker_worker.engine.protocol import Audio

FRAME, HOP = 512, 256  # samples, at 16 kHz
QUIETEST = 0.1  # of the frames
FRAMES_MIN = 4
TIMES = 2.0  # as much power is taken away as that: noise has its ups and downs
FLOOR = 0.05  # of the amplitude stays, at least


def without_noise(audio: Audio) -> Audio:
    """`audio` (16 kHz, shape (n,)) without what is steady in it; of the same shape."""
    padded = np.pad(audio, (FRAME, FRAME + -len(audio) % HOP)).astype(np.float32)
    window = np.sqrt(np.hanning(FRAME + 1)[:-1]).astype(np.float32)
    spectrum = np.fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP] * window, axis=1)
    power = np.square(np.abs(spectrum))
    whole = power[FRAME // HOP : FRAME // HOP + (len(audio) - FRAME) // HOP + 1]  # those of nothing but `audio`
    if len(whole) < FRAMES_MIN:
        return audio
    count = max(FRAMES_MIN, int(QUIETEST * len(whole)))
    noise = whole[np.argsort(whole.sum(axis=1))[:count]].mean(axis=0)
    gain = np.sqrt(np.maximum(1 - TIMES * noise / np.maximum(power, 1e-12), FLOOR**2))
    frames = (np.fft.irfft(spectrum * gain, axis=1) * window).astype(np.float32)
    halves = frames.reshape(len(frames), 2, HOP)  # each sample is in two frames, whose windows' squares add up to 1
    found = np.zeros((len(frames) + 1, HOP), dtype=np.float32)
    found[:-1] += halves[:, 0]
    found[1:] += halves[:, 1]
    cleaned: Audio = found.reshape(-1)[FRAME : FRAME + len(audio)]
    return cleaned
