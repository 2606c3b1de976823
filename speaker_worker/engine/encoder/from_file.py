"""An encoder out of a file: ONNX (where onnxruntime is installed) or TorchScript.

Two forms, told by the input's rank: a waveform [1, n] (16 kHz, -1 to 1), or Kaldi's filter bank [1, t, 80] (fbank.py).
The first output is the embedding, of any shape with one in all.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.encoder.fbank import BANDS, fbank
from speaker_worker.engine.encoder.protocol import Audio, Embeddings, EncoderError, EncoderLoadError
from speaker_worker.engine.encoder.windows import filled, heard_in, normalised, unit_rows

SUFFIXES = (".onnx", ".pt", ".ts", ".torchscript")
# Such networks (ECAPA, ResNet, CAM++) give a cosine of about 0.6 for one voice and 0.1 for two, Resemblyzer, whose
# scale the thresholds have, 0.82 and 0.6. A constant beside the embedding brings the one to the other.
CONSTANT_SHARE = 0.55
WAVEFORM, BANK = 2, 3  # ranks
PROBE_SEC = 1.6

Run = Callable[[Embeddings], Any]


class FileEncoder:
    """Holds the network of one file."""

    window_samples = int(1.6 * SAMPLE_RATE_HZ)

    def __init__(self, path: Path, name: str | None = None) -> None:
        """Raises EncoderLoadError."""
        self.name = name or path.name
        if not path.is_file():
            raise EncoderLoadError(f"there is no encoder at {path}")
        self._run, rank = _onnx(path) if path.suffix == ".onnx" else _torchscript(path)
        probe = np.random.default_rng(0).normal(0, 0.03, int(PROBE_SEC * SAMPLE_RATE_HZ)).astype(np.float32)
        problems = []
        for self._rank in (rank,) if rank else (WAVEFORM, BANK):
            try:
                self._dimensions = len(self._embedding(probe))
                return
            except EncoderError as problem:
                problems.append(str(problem).strip().splitlines()[-1])
        raise EncoderLoadError(
            f"{path.name} takes neither a waveform [1, n] nor a filter bank [1, t, {BANDS}]: {'; '.join(problems)}"
        )

    def embed(self, windows: Sequence[Audio]) -> Embeddings:
        """See VoiceEncoder."""
        found = np.zeros((len(windows), self._dimensions), dtype=np.float32)
        for at in heard_in(windows):
            heard = self._embedding(normalised(filled(windows[at], self.window_samples)))
            if len(heard) != self._dimensions:
                raise EncoderError(f"{self.name} gave {len(heard)} dimensions, and {self._dimensions} before")
            found[at] = heard
        found = unit_rows(found)
        constant = np.where(found.any(axis=1, keepdims=True), np.float32(np.sqrt(CONSTANT_SHARE)), np.float32(0))
        return np.concatenate((found * np.float32(np.sqrt(1 - CONSTANT_SHARE)), constant), axis=1)

    def _embedding(self, audio: Audio) -> Audio:
        taken = audio[None] if self._rank == WAVEFORM else fbank(audio)[None]
        try:
            heard = np.asarray(self._run(np.ascontiguousarray(taken)), dtype=np.float32)
        except Exception as problem:  # each runtime has errors of its own
            raise EncoderError(f"{self.name}: {problem}") from problem
        if heard.ndim == 0 or heard.size != heard.shape[-1]:
            raise EncoderError(f"{self.name} gives shape {list(heard.shape)}, which is not one embedding")
        return heard.reshape(-1)


def _onnx(path: Path) -> tuple[Run, int | None]:
    try:
        import onnxruntime
    except ImportError as problem:
        raise EncoderLoadError(f"{path.name} needs onnxruntime, which is not installed") from problem
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # its own kinds have no common base
        raise EncoderLoadError(f"{path.name} is no ONNX model that can be used: {problem}") from problem
    first = session.get_inputs()[0]
    rank = len(first.shape) if isinstance(first.shape, list) and first.shape else None
    if len(session.get_inputs()) != 1 or rank not in (None, WAVEFORM, BANK):
        raise EncoderLoadError(f"{path.name} must have one input, a waveform [1, n] or a filter bank [1, t, {BANDS}]")
    return lambda taken: session.run(None, {first.name: taken})[0], rank


def _torchscript(path: Path) -> tuple[Run, int | None]:
    import torch

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`torch\.jit\.load` is deprecated", DeprecationWarning)
            network = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as problem:
        raise EncoderLoadError(f"{path.name} is no TorchScript file: {str(problem).splitlines()[0]}") from problem

    def run(taken: Embeddings) -> Any:
        with torch.inference_mode():
            heard = network(torch.from_numpy(taken))
        return (heard[0] if isinstance(heard, tuple | list) else heard).numpy()

    return run, None
