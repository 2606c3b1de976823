"""Our engine's own modules with one model in every precision, step by step so that each step is timed."""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from whisper.model import Whisper

from bench.engine.models import TOKENS
from contract.audio import SAMPLE_RATE_HZ
from stt_worker.engine.decoder.encoder import encode, spectrogram, window_frames
from stt_worker.engine.decoder.greedy import GreedyDecoder
from stt_worker.engine.decoder.rules import Prompts
from stt_worker.engine.weights.int8 import is_supported
from stt_worker.engine.weights.precision import DTYPES, Precision, set_precision

DRAFT_TOKENS = 15  # of 20: what the last partial, a second before the end, would know


@dataclass(frozen=True)
class Way:
    """One way to transcribe. `stages`: seconds of each step, call by call."""

    name: str
    precision: Precision
    floor_sec: float
    margin_sec: float = 0.0
    rows: int = 1
    draft: bool = False
    stages: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list), compare=False)

    @property
    def label(self) -> str:
        """Its name in tables."""
        if self.name.startswith(("openai", "faster")):
            return self.name
        window = "full 30 s" if self.floor_sec >= 30 else f"floor {self.floor_sec:g} s"
        parts = [self.name if self.name != "ours" else f"ours, {self.precision}", f"window {window}"]
        parts += [f"{self.rows} at once"] if self.rows > 1 else []
        parts += [f"draft of {DRAFT_TOKENS}"] if self.draft else []
        return ", ".join(parts)


class Ours:
    """What WhisperEngine does with an utterance in a known language, without the checks of the text."""

    def __init__(self, model: Whisper, precisions: Sequence[Precision] = ()) -> None:
        """`precisions`: all that the device has, when left out. `model` stays as it is."""
        self._models: dict[Precision, Whisper] = {}
        self._decoders: dict[Precision, GreedyDecoder] = {}
        for precision in precisions or (("fp32", "bf16", "int8") if is_supported() else ("fp32", "bf16")):
            own = copy.deepcopy(model)
            set_precision(own, precision)
            self._models[precision] = own
            self._decoders[precision] = GreedyDecoder(own, int8=precision == "int8")
        self._prompt = Prompts(model).of("en", "transcribe")

    def ways(self, floor_sec: float, margin_sec: float, seconds: float) -> Iterator[Way]:
        """The ways with this window; the lowest precision is last."""
        for precision in self._models:
            yield Way("ours", precision, floor_sec, margin_sec)
        if seconds == 5 and "int8" in self._models:
            yield Way("ours", "int8", floor_sec, margin_sec, draft=True)

    @staticmethod
    def frames(seconds: float, floor_sec: float, margin_sec: float) -> int:
        """Frames of the spectrogram that the encoder sees."""
        return window_frames(int(seconds * SAMPLE_RATE_HZ), floor_sec, margin_sec)

    def job(self, way: Way, audio: NDArray[np.float32]) -> Callable[[], list[int]]:
        """A call that transcribes `audio` in this way, `way.rows` copies of it side by side."""
        model, decoder = self._models[way.precision], self._decoders[way.precision]
        frames = self.frames(len(audio) / SAMPLE_RATE_HZ, way.floor_sec, way.margin_sec)
        dtype, device, mels = DTYPES[way.precision], model.device, model.dims.n_mels
        prompts, limits = [self._prompt] * way.rows, [4 * TOKENS] * way.rows
        first: list[int] = []  # what it said the first time, the draft

        def run() -> list[int]:
            times = [time.perf_counter()]
            mel = torch.stack([spectrogram(audio, mels, frames, device) for _ in range(way.rows)]).to(dtype)
            times.append(_now(device))
            features = encode(model.encoder, mel)
            times.append(_now(device))
            found = decoder.decode(features, prompts, limits, draft=tuple(first[:DRAFT_TOKENS]))
            times.append(_now(device))
            if way.draft and not first:
                first.extend(found[0].tokens)
            for stage, begin, end in zip(("spectrogram", "encoder", "decoder"), times, times[1:], strict=False):
                way.stages[stage].append(end - begin)
            return [len(one.tokens) for one in found]

        return run


def _now(device: torch.device) -> float:
    """The time, once what was asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
