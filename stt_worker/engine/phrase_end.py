"""Whether speech falls at its end as it does behind a phrase, or breaks off inside one: heard, not read.

A logistic regression on the encoder's output around the last loud moment. demo_models/train_phrase_end.py trains it for
OpenAI's `base` on human voices; another model's output means other things, and tells nothing here.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Self

import numpy as np
import torch
import whisper as openai_whisper
from numpy.typing import NDArray
from torch import Tensor

WEIGHTS = Path(__file__).parent / "weights" / "phrase_end_base.npz"
FRAME_SAMPLES = 320  # 20 ms, a position of the encoder's output
BELOW_LOUDEST = 0.001  # mean square beside the loudest frame's, as fastapi_service.speaking.quiet has it
STRETCHES = ((0, 5), (5, 15), (15, 30), (30, 60))  # positions before the last loud moment, counted backwards
BEHIND = 4  # positions after it
SAME_MODEL = 1e-2  # how far the first layer's biases may differ

Samples = NDArray[np.float32]


class PhraseEnd:
    """Trained weights, one a number of `features_around`."""

    def __init__(self, weights: NDArray[np.float32], bias: float) -> None:
        self._weights = torch.from_numpy(weights)
        self._bias = bias

    @classmethod
    def of(cls, model: openai_whisper.Whisper) -> Self | None:
        """For `model`, None where it is not the one that they were trained for."""
        stored = np.load(WEIGHTS)
        known = torch.from_numpy(stored["encoder_bias"])
        bias = model.encoder.conv1.bias.detach().float().cpu()
        if bias.shape != known.shape or not torch.allclose(bias, known, atol=SAME_MODEL):
            return None
        return cls(stored["weights"], float(stored["bias"]))

    def probability(self, features: Tensor, audio: Samples) -> float:
        """How probable it is, 0 to 1. `features`: the encoder's output for `audio`, (positions, n_audio_state)."""
        around = features_around(features, last_loud_position(audio)).cpu()
        return 1 / (1 + math.exp(-(float(around @ self._weights) + self._bias)))


def last_loud_position(audio: Samples) -> int:
    """The position behind the last loud frame of `audio` (samples -1 to 1, shape (n,)); 0 where there is none."""
    frames = audio[: len(audio) - len(audio) % FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    levels = np.square(frames).mean(axis=1)
    loud = np.flatnonzero(levels > levels.max(initial=0.0) * BELOW_LOUDEST)
    return int(loud[-1]) + 1 if loud.size else 0


def features_around(features: Tensor, position: int) -> Tensor:
    """Means of `features` (positions, width) over STRETCHES before `position` and BEHIND after it, one after the other,
    shape ((len(STRETCHES) + 1) * width,); where there is none, zeros."""
    stretches = [(position - far, position - near) for near, far in STRETCHES] + [(position, position + BEHIND)]
    means = []
    for first, last in stretches:
        found = features[max(0, first) : max(0, last)]
        means.append(found.float().mean(dim=0) if len(found) else features.new_zeros(features.shape[1]).float())
    return torch.cat(means)
