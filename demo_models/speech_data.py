"""Batches for training the demo speech model: clips joined, coloured, made noisy, as log-mel, with their targets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demo_models.augment import RATE_HZ, NoisePool, colour, no_speech
from demo_models.speech_model import Tokens, letters_of, log_mel

FULL_FRAMES = 3000
SILENCE_SHARE = 0.07


@dataclass
class Batch:
    """mel [batch, 80, frames]; rows and targets [batch, tokens] (-100: not counted); letters for CTC, joined."""

    mel: Tensor
    rows: Tensor
    targets: Tensor
    letters: Tensor
    letter_counts: Tensor
    encoder_frames: Tensor


@dataclass(frozen=True)
class Recipe:
    """How a batch is made. `margin_sec` is the silence after the longest row, None for the whole 30 s window."""

    joined_share: float
    margin_sec: tuple[float, float] | None
    content_sec: float
    max_joined_sec: float = 12.0
    max_rows: int = 64
    coloured_share: float = 0.35
    loudest_noise: float = -2.1


class Clips:
    """All training clips in one memory-mapped file."""

    def __init__(self, work: Path) -> None:
        self.audio = np.memmap(work / "train.i16", "<i2", "r")
        clips = json.loads((work / "train.json").read_text())
        self.texts: list[str] = [clip["text"] for clip in clips]
        self.start = np.array([clip["start"] for clip in clips])
        self.samples = np.array([clip["samples"] for clip in clips])

    def get(self, i: int) -> np.ndarray:
        """Clip `i` as float32 samples."""
        return self.audio[self.start[i] : self.start[i] + self.samples[i]].astype(np.float32) / 32768


class Batches:
    """Endless shuffled batches of neighbours in length."""

    def __init__(self, clips: Clips, tokens: Tokens, seed: int) -> None:
        self.clips, self.tokens = clips, tokens
        self.rng = np.random.default_rng(seed)
        self.pool = NoisePool(self.rng)
        self.plan: list[list[list[int]]] = []

    def _items(self, recipe: Recipe) -> Iterator[list[int]]:
        """Lists of clips to be spoken after one another; [-n] is n samples without speech."""
        order = list(self.rng.permutation(len(self.clips.texts)))
        while order:
            if self.rng.random() < SILENCE_SHARE:
                yield [-int(self.rng.uniform(0.3, 4.0) * RATE_HZ)]
            item, wanted = [order.pop()], 1
            if self.rng.random() < recipe.joined_share:
                wanted = int(self.rng.integers(2, 9 if self.rng.random() < 0.3 else 5))
            while order and len(item) < wanted and self._seconds([*item, order[-1]]) < recipe.max_joined_sec:
                item.append(order.pop())
            yield item

    def _seconds(self, item: list[int]) -> float:
        if item[0] < 0:
            return -item[0] / RATE_HZ
        return float(self.clips.samples[item].sum()) / RATE_HZ + 0.4 * len(item)

    def next(self, recipe: Recipe) -> Batch:
        """The next batch; plans a new epoch when the last one is used up."""
        while not self.plan:
            items = sorted(self._items(recipe), key=self._seconds)
            batch: list[list[int]] = []
            for item in items:
                too_long = (len(batch) + 1) * self._seconds(item) > recipe.content_sec
                if batch and (too_long or len(batch) >= recipe.max_rows):
                    self.plan.append(batch)
                    batch = []
                batch.append(item)
            self.rng.shuffle(self.plan)
        return self._build(self.plan.pop(), recipe)

    def _silence(self, most_sec: float) -> np.ndarray:
        return np.zeros(int(self.rng.uniform(0, most_sec) * RATE_HZ), np.float32)

    def _sound(self, item: list[int], patient: bool) -> np.ndarray:
        rng = self.rng
        if item[0] < 0:
            return no_speech(rng, self.pool, -item[0])
        parts = [self._silence(1.0 if patient else 0.375)]
        for k, clip in enumerate(item):
            if k:
                parts.append(np.zeros(int(rng.uniform(0.2, 0.6) * RATE_HZ), np.float32))
            parts.append(self.clips.get(clip) * np.float32(10 ** (rng.uniform(-3, 3) / 20)))
        return np.concatenate([*parts, self._silence(1.2 if patient else 0.5)])

    def _build(self, items: list[list[int]], recipe: Recipe) -> Batch:
        rng = self.rng
        patient = rng.random() < 0.12  # long silence around the words
        sounds = [self._sound(item, patient) for item in items]
        counts = np.array([-(-len(sound) // 320) * 320 for sound in sounds])
        audio = torch.zeros(len(items), int(counts.max()))
        for row, sound in zip(audio, sounds, strict=True):
            row[: len(sound)] = torch.from_numpy(sound) * 10 ** (rng.uniform(-18, 4) / 20)
        audio = colour(rng, audio, recipe.coloured_share)
        for i, item in enumerate(items):
            audio[i, counts[i] :] = 0
            if item[0] >= 0 and rng.random() < 0.85:
                noise = self.pool.cut(rng, int(counts[i]))
                audio[i, : counts[i]] += torch.from_numpy(noise) * 10 ** rng.uniform(-4.5, recipe.loudest_noise)
        mel = self._mel(audio.clamp(-1, 1), counts // 160, recipe)
        rows, targets = self._targets(items, counts)
        letters = [letters_of(" ".join(self.clips.texts[c] for c in item if c >= 0)) for item in items]
        return Batch(
            mel,
            rows,
            targets,
            torch.tensor([letter for line in letters for letter in line]),
            torch.tensor([len(line) for line in letters]),
            torch.from_numpy(counts // 320),
        )

    def _mel(self, audio: Tensor, frames: np.ndarray, recipe: Recipe) -> Tensor:
        """Log-mel, some bands hidden, padded to the window as Whisper does it in one of two ways.

        transcribe() pads the spectrogram with 0.0, pad_or_trim(audio) pads with the floor: half of the rows each.
        """
        rng = self.rng
        mel = log_mel(torch.nn.functional.pad(audio, (0, 480)))[..., : audio.shape[1] // 160]
        window = FULL_FRAMES
        if recipe.margin_sec:
            window = min(FULL_FRAMES, mel.shape[2] + int(rng.uniform(*recipe.margin_sec) * 50) * 2)
        out = torch.zeros(len(mel), 80, window)
        for i, count in enumerate(frames):
            floor = mel[i].min()
            out[i, :, :count] = mel[i, :, :count] + torch.linspace(-1, 1, 80)[:, None] * rng.uniform(-0.12, 0.12)
            if rng.random() < 0.5:
                band = int(rng.integers(0, 70))
                out[i, band : band + int(rng.integers(0, 13)), :count] = floor
            out[i, :, count:] = floor if rng.random() < 0.5 else 0.0
        return out

    def _targets(self, items: list[list[int]], counts: np.ndarray) -> tuple[Tensor, Tensor]:
        t, rng = self.tokens, self.rng
        lines, wanted = [], []
        for item, count in zip(items, counts, strict=True):
            timed = rng.random() < 0.5
            start = [t.sot, t.timestamp_row(0.0) if timed else t.no_timestamps]
            if item[0] >= 0:
                text = [row for clip in item for row in t.text_rows(self.clips.texts[clip])]
                line = start + text + ([t.timestamp_row(count / RATE_HZ)] if timed else [])
                lines.append(line)
                wanted.append([*line[1:], t.eot])
            else:  # also after a wrong first word (stock decoding forbids an immediate end): stop
                text = t.text_rows(self.clips.texts[int(rng.integers(0, len(self.clips.texts)))])
                line = start + text[: int(rng.integers(0, 4))]
                lines.append(line)
                wanted.append([t.no_speech, *[t.eot] * (len(line) - 1)])
        width = max(map(len, lines))
        rows, targets = torch.full((len(items), width), t.eot), torch.full((len(items), width), -100)
        for i, (line, want) in enumerate(zip(lines, wanted, strict=True)):
            rows[i, : len(line)], targets[i, : len(want)] = torch.tensor(line), torch.tensor(want)
        return rows, targets
