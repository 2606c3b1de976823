"""Whether an utterance holds speech at all, by the silero-vad model that comes with its package."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ
from stt_worker.engine.protocol import Refusal, SpeechFound
from stt_worker.settings import SttSettings

WARM_UP_SEC = (1, 2, 3, 2)
RELEASE_BELOW = 0.15  # the threshold, as silero-vad has it: speech goes on until its probability falls there
RELEASE_MIN = 0.01
CLEAR = 0.9  # above it it is surely speech: nine tenths of what people say, of music at most a quarter of a second
MAYBE_SHARE = 0.1  # of the frames: in a second of music 10 dB below what was said before at most 6 of 100 may be speech
PAD_MS = 400  # kept before and after the speech when trimming: soft first and last sounds
FRAME_SAMPLES = 512  # what the model takes at 16 kHz
CONTEXT_SAMPLES = 64  # of the frame before, which the model hears with each
FRAME_MS = FRAME_SAMPLES * 1000 // SAMPLE_RATE_HZ
PAD_SAMPLES = PAD_MS * SAMPLE_RATE_HZ // 1000


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch compute with `count` threads inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class SpeechCheck:
    """Holds the voice activity model. Used by one thread at a time; utterances do not influence each other."""

    def __init__(self, settings: SttSettings) -> None:
        self._settings = settings
        # Its import sets one thread for the whole process: put back what was. Its model is a TorchScript file, whose
        # loading torch 2.13 calls deprecated.
        with torch_threads(1), warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`torch\.jit\.load` is deprecated", DeprecationWarning)
            import silero_vad

            self._model: Any = silero_vad.load_silero_vad()._model
        self._memory = as_lstm(self._model.decoder.rnn)

    def warm_up(self) -> None:
        """Run for real: TorchScript compiles in the first runs, for several lengths in the second."""
        for seconds in WARM_UP_SEC:
            self.find(np.zeros(seconds * SAMPLE_RATE_HZ, dtype=np.float32))

    def find(self, audio: NDArray[np.float32], interrupt: Callable[[], None] | None = None) -> SpeechFound:
        """Look for speech in `audio`: samples at 16 kHz, -1 to 1, shape (n,).

        `interrupt` is called first and may raise: that comes through. What follows takes about a millisecond for each
        second of audio.
        """
        if interrupt is not None:
            interrupt()
        probabilities = self.probabilities(audio)
        speech = np.zeros(len(probabilities), dtype=bool)
        speaking, begins = False, self._settings.vad_threshold
        goes_on = max(RELEASE_MIN, begins - RELEASE_BELOW)
        for at, probability in enumerate(probabilities):
            speaking = probability >= (goes_on if speaking else begins)
            speech[at] = speaking
        frames = np.flatnonzero(speech)
        if not frames.size:
            return SpeechFound(0, float(probabilities.max(initial=0.0)), 0, 0)
        end = min(len(audio), (int(frames[-1]) + 1) * FRAME_SAMPLES)
        clear = _stretches(probabilities >= CLEAR, len(audio))
        start = int(frames[0]) * FRAME_SAMPLES
        spoken_until = None
        if clear:
            behind = speech[-(-clear[-1][1] // FRAME_SAMPLES) :]
            spoken_until = clear[-1][1] if np.count_nonzero(behind) <= MAYBE_SHARE * len(behind) else end
        peak, stretches = float(probabilities.max()), _stretches(speech, len(audio))
        return SpeechFound(frames.size * FRAME_MS, peak, start, end, clear, spoken_until, stretches)

    def probabilities(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Speech probability of each 32 ms of `audio`; the last frame is filled up with silence.

        The model's own layers, all frames at once, and its memory cell over the whole row: the same as frame by frame
        (to 1e-4), in a tenth of the time.
        """
        padded = torch.from_numpy(np.pad(audio, (CONTEXT_SAMPLES, -len(audio) % FRAME_SAMPLES)))
        if len(padded) < CONTEXT_SAMPLES + FRAME_SAMPLES:
            return np.zeros(0, dtype=np.float32)
        frames = padded.unfold(0, CONTEXT_SAMPLES + FRAME_SAMPLES, FRAME_SAMPLES)
        with torch.inference_mode(), torch_threads(1):  # more would wait for each other on products as small as these
            heard = self._model.encoder(self._model.run_extractors(frames)).squeeze(-1)
            remembered, _ = self._memory(heard[None])
            found: NDArray[np.float32] = self._model.decoder.decoder(remembered[0, :, :, None]).flatten().numpy()
        return found

    def refusal(self, found: SpeechFound) -> Refusal | None:
        """Why an utterance in which this was found is no speech, or None when it is."""
        settings = self._settings
        if found.peak < settings.vad_threshold:
            return Refusal("no_speech", f"speech probability {found.peak:.2f} is below {settings.vad_threshold:.2f}")
        if found.speech_ms < settings.vad_min_speech_ms:
            return Refusal("no_speech", f"{found.speech_ms} ms of speech is less than {settings.vad_min_speech_ms} ms")
        return None

    def trim_start(self, found: SpeechFound) -> int:
        """The first sample that `trimmed` keeps."""
        return max(0, found.start - PAD_SAMPLES) if self._settings.vad_trim else 0

    def trimmed(self, audio: NDArray[np.float32], found: SpeechFound) -> NDArray[np.float32]:
        """`audio` from its first to its last speech with a margin, or all of it when trimming is off."""
        if not self._settings.vad_trim:
            return audio
        return audio[self.trim_start(found) : found.end + PAD_SAMPLES]


def _stretches(frames: NDArray[np.bool_], samples: int) -> tuple[tuple[int, int], ...]:
    """From which to which of so many `samples` `frames` are true without a break."""
    edges = np.flatnonzero(np.diff(np.pad(frames.astype(np.int8), 1)))
    places = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return tuple((start * FRAME_SAMPLES, min(samples, end * FRAME_SAMPLES)) for start, end in places)


def as_lstm(cell: Any) -> torch.nn.LSTM:
    """A layer that runs `cell`, an LSTM cell, over a whole row at once, on the same weights."""
    layer = torch.nn.LSTM(cell.weight_ih.shape[1], cell.weight_hh.shape[1], batch_first=True)
    layer.load_state_dict(
        {f"{name}_l0": getattr(cell, name) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    )
    return layer.eval()
