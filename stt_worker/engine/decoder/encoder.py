"""Whisper's audio encoder on as much time as there is, instead of always 30 s."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from whisper.audio import HOP_LENGTH, N_FFT, N_FRAMES

from contract.audio import SAMPLE_RATE_HZ

FRAMES_PER_SEC: int = SAMPLE_RATE_HZ // HOP_LENGTH
POSITION_SAMPLES: int = 2 * HOP_LENGTH  # of audio that a position of the encoder's output stands for


def spectrogram(audio: NDArray[np.float32], mels: int, frames: int, device: torch.device) -> Tensor:
    """The log-mel spectrogram of `audio` (samples,), filled with zeros or cut to `frames`: (mels, frames).

    Padded as openai-whisper's `transcribe` does it: the spectrogram with zeros, not the audio with silence. There
    it is made with 30 s of silence after the audio, of which only the last window's part matters.
    """
    own = len(audio) // HOP_LENGTH
    mel = openai_whisper.log_mel_spectrogram(np.pad(audio, (0, N_FFT)), mels, device=device)[:, :own]
    padded: Tensor = openai_whisper.pad_or_trim(mel, frames)
    return padded


def window_frames(samples: int, floor_sec: float, margin_sec: float) -> int:
    """Frames of the spectrogram that the encoder should see of `samples` of audio; even, at most 30 s."""
    wanted = max(floor_sec, samples / SAMPLE_RATE_HZ + margin_sec) * FRAMES_PER_SEC
    return min(int(N_FRAMES), 2 * math.ceil(wanted / 2))


def encode(encoder: Any, mel: Tensor, interrupt: Callable[[], None] | None = None, first: int = 0) -> Tensor:
    """The encoder's output for `mel` (rows, mels, frames): (rows, frames / 2, n_audio_state).

    openai-whisper's own modules; only its demand for exactly 30 s is left out. `interrupt` is called before every
    half of a layer and may raise. `first`: the position of the output at which `mel` begins, where it is the end of
    something longer; with its frames it is within the encoder's positions.
    """
    x = functional.gelu(encoder.conv1(mel))
    x = functional.gelu(encoder.conv2(x)).permute(0, 2, 1)
    x = (x + encoder.positional_embedding[first : first + x.shape[1]]).to(x.dtype)
    for block in encoder.blocks:
        if interrupt is not None:
            interrupt()
        x = x + block.attn(block.attn_ln(x))[0]
        if interrupt is not None:
            interrupt()
        x = x + block.mlp(block.mlp_ln(x))
    done: Tensor = encoder.ln_post(x)
    return done
