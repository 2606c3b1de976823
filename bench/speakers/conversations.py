"""Made conversations: people take turns in one room, at one level, with or without noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.signal import fftconvolve

from bench.gate.rooms import as_pcm, coloured
from bench.speakers.people import Signal, Take
from contract.audio import SAMPLE_RATE_HZ

LEAD_SEC, TAIL_SEC = 1.0, 1.5
GAPS_SEC = (0.1, 0.8)  # between turns
TURNS_EACH = 6
LEVEL_DB = -23.0  # of full scale, root mean square of what is loud
ROOM_SEC, FADES_SEC, ROOM_BELOW_DB = (
    0.4,
    0.3,
    6.0,
)  # its response; 60 dB down; all echoes together below the direct sound
ROOM_SEED = 5
QUIET_BELOW_DB = 45.0  # the room's own noise
ONE_PERSON = ("en", "es")


@dataclass(frozen=True)
class Spoken:
    """Samples `start` to `end` (exclusive), spoken by `voice`."""

    voice: str
    start: int
    end: int


@dataclass(frozen=True)
class Conversation:
    """`pcm`: what the microphone hears, s16le. `spoken`: who said what, in order."""

    name: str
    pcm: bytes
    spoken: tuple[Spoken, ...]

    @property
    def voices(self) -> int:
        """How many people there are."""
        return len({one.voice for one in self.spoken})


def room_response() -> Signal:
    """Direct sound and what comes back of it, the same for everybody."""
    rng = np.random.default_rng(ROOM_SEED)
    count = int(ROOM_SEC * SAMPLE_RATE_HZ)
    echoes = rng.normal(size=count) * 10 ** (-3 * np.arange(count) / SAMPLE_RATE_HZ / FADES_SEC)
    echoes[: SAMPLE_RATE_HZ * 3 // 1000] = 0.0
    echoes *= 10 ** (-ROOM_BELOW_DB / 20) / np.sqrt(np.square(echoes).sum())
    echoes[0] = 1.0
    return echoes


def conversation(people: dict[str, list[Take]], count: int, seed: int, noise_db: float | None = None) -> Conversation:
    """`count` of `people`, who speak TURNS_EACH times each; nobody goes on after himself."""
    rng = np.random.default_rng([seed, count])
    rest = [voice for voice in people if voice not in ONE_PERSON]
    pool = [str(rng.choice([voice for voice in ONE_PERSON if voice in people])), *rest]
    voices = [str(voice) for voice in rng.permutation(pool)[:count]]
    order = _order(rng, voices)
    stock = {voice: [int(at) for at in rng.permutation(len(people[voice]))] for voice in voices}
    said = []
    for number, voice in enumerate(order):
        turn = order[:number].count(voice)
        said.append(people[voice][stock[voice][turn % len(stock[voice])]])
    pieces, spoken = _one_after_the_other(said, rng)
    return furnished(f"{count} voices, {seed}", pieces, spoken, noise_db, seed)


def monologue(takes: list[Take], sec: float, seed: int, level_db: float = LEVEL_DB) -> Conversation:
    """One of the voices alone for so long."""
    rng = np.random.default_rng(seed)
    pieces, spoken, position = [np.zeros(int(LEAD_SEC * SAMPLE_RATE_HZ))], [], int(LEAD_SEC * SAMPLE_RATE_HZ)
    while position < sec * SAMPLE_RATE_HZ:
        for at in rng.permutation(len(takes)):
            take, gap = takes[at], np.zeros(int(rng.uniform(*GAPS_SEC) * SAMPLE_RATE_HZ))
            spoken += [Spoken(take.voice, position + start, position + end) for start, end in take.loud]
            pieces += [take.samples, gap]
            position += len(take.samples) + len(gap)
    return furnished(f"{takes[0].voice} alone", pieces, spoken, None, seed, level_db)


def with_guest(host: list[Take], guest: list[Take], sec: float, guest_sec: float, seed: int) -> Conversation:
    """`host` for so long, and `guest` for `guest_sec` of it, as near as whole turns come, somewhere in between."""
    rng = np.random.default_rng([seed, round(guest_sec)])
    said, position = [], 0.0
    while position < sec:
        for at in rng.permutation(len(host)):
            said.append(host[at])
            position += len(host[at].samples) / SAMPLE_RATE_HZ + float(np.mean(GAPS_SEC))
    heard = 0.0
    for at in rng.permutation(len(guest)):
        longer = heard + len(guest[at].samples) / SAMPLE_RATE_HZ
        if abs(longer - guest_sec) < abs(heard - guest_sec):
            said.insert(int(rng.integers(1, len(said))), guest[at])
            heard = longer
    pieces, spoken = _one_after_the_other(said, rng)
    return furnished(f"{host[0].voice}, {guest[0].voice} for {guest_sec:g} s", pieces, spoken, None, seed)


def furnished(
    name: str, pieces: list[Signal], spoken: list[Spoken], noise_db: float | None, seed: int, level_db: float = LEVEL_DB
) -> Conversation:
    """`pieces` (of mean square 1) in the room, with noise so far below."""
    pieces = [*pieces, np.zeros(int(TAIL_SEC * SAMPLE_RATE_HZ))]
    dry = np.concatenate(pieces)
    wet = fftconvolve(dry, room_response())[: len(dry)]
    rng = np.random.default_rng([seed, 77])
    noise = coloured(rng, "pink")
    below = QUIET_BELOW_DB if noise_db is None else noise_db
    mixed = wet + np.resize(noise, len(wet)) * 10 ** (-below / 20)
    return Conversation(name, as_pcm(mixed * 10 ** (level_db / 20)), tuple(spoken))


def _one_after_the_other(takes: Sequence[Take], rng: np.random.Generator) -> tuple[list[Signal], list[Spoken]]:
    """`takes` with gaps between them, and who speaks when in that."""
    pieces, spoken, position = [np.zeros(int(LEAD_SEC * SAMPLE_RATE_HZ))], [], int(LEAD_SEC * SAMPLE_RATE_HZ)
    for take in takes:
        gap = np.zeros(int(rng.uniform(*GAPS_SEC) * SAMPLE_RATE_HZ))
        spoken += [Spoken(take.voice, position + start, position + end) for start, end in take.loud]
        pieces += [take.samples, gap]
        position += len(take.samples) + len(gap)
    return pieces, spoken


def _order(rng: np.random.Generator, voices: list[str]) -> list[str]:
    """Everybody TURNS_EACH times, nobody twice in a row."""
    while True:
        order = [str(voice) for voice in rng.permutation(np.repeat(voices, TURNS_EACH))]
        if all(one != other for one, other in pairwise(order)):
            return order
