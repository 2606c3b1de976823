"""In a loud room the gate's threshold follows the noise; in a quiet one nothing changes, however people speak."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from harness.human_voices import VOICES, HumanClips, joined
from runtime.audio.gate import FRAME_BYTES, Mark, VoiceGate
from runtime.audio.noise_floor import CEILING, OPENS, NoiseFloor
from tests.runtime.audio.test_gate import passed, silence

THRESHOLD = 0.0005
LOUD_ROOM = 0.001  # mean square, twice the threshold
LEARNED_SEC = 10.0  # from the beginning of the noise
FORGOTTEN_SEC = 1.0  # from its end


def noise(mean_square: float, seconds: float, seed: int = 1) -> bytes:
    signal = np.random.default_rng(seed).normal(0.0, np.sqrt(mean_square), round(seconds * SAMPLE_RATE_HZ))
    return np.clip(np.round(signal * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()


def over(one: bytes, other: bytes) -> bytes:
    """Both at once; `other` may be shorter."""
    together = np.frombuffer(one, "<i2").astype(np.int32)
    together[: len(other) // 2] += np.frombuffer(other, "<i2")
    return np.clip(together, -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()


def seconds(pieces: list[bytes | Mark]) -> float:
    return sum(len(piece) for piece in pieces if isinstance(piece, bytes)) / 2 / SAMPLE_RATE_HZ


def same_as_fixed(pcm: bytes, end_ms: int) -> None:
    outputs = []
    for follows_noise in (False, True):
        gate = VoiceGate(THRESHOLD, follows_noise=follows_noise)
        gate.mark_pauses(end_ms)
        outputs.append(passed(gate, pcm))
    assert outputs[0] == outputs[1]


def test_steady_noise_closes_the_gate_and_speech_that_stands_out_opens_it_with_its_beginning() -> None:
    gate = VoiceGate(THRESHOLD)
    first = gate.feed(noise(LOUD_ROOM, LEARNED_SEC))
    assert first[-1] is Mark.END, "it was open at first, and has closed"
    assert not gate.is_open
    assert gate.feed(noise(LOUD_ROOM, 60.0, seed=2)) == [], "and nothing of the noise opens it"
    assert gate.threshold == pytest.approx(OPENS * LOUD_ROOM, rel=0.2)
    hushed, loud = noise(5 * LOUD_ROOM, 0.2, seed=3), noise(40 * LOUD_ROOM, 0.6, seed=4)
    word = gate.feed(hushed + loud + noise(LOUD_ROOM, 1.0, seed=5))
    assert word[-1] is Mark.END
    assert isinstance(word[0], bytes)
    assert hushed + loud in word[0]
    assert seconds(word) == pytest.approx(0.3 + 0.6 + 0.5, abs=0.05)


def test_a_fixed_gate_stays_open_there() -> None:
    gate = VoiceGate(THRESHOLD, follows_noise=False)
    gate.feed(noise(LOUD_ROOM, 60.0))
    assert gate.is_open
    assert gate.threshold == THRESHOLD


def test_the_threshold_is_back_soon_after_the_noise() -> None:
    gate = VoiceGate(THRESHOLD)
    gate.feed(noise(LOUD_ROOM, LEARNED_SEC))
    gate.feed(silence(FORGOTTEN_SEC))
    assert gate.threshold == THRESHOLD
    assert gate.feed(noise(2 * THRESHOLD, 0.1)) != []


def test_the_threshold_stays_within_its_bounds() -> None:
    gate = VoiceGate(THRESHOLD)
    gate.feed(noise(0.05, 30.0))
    assert gate.threshold == CEILING
    chosen = VoiceGate(2 * CEILING)
    chosen.feed(noise(0.05, 30.0))
    assert chosen.threshold == 2 * CEILING, "what was chosen above counts"


def test_a_microphone_that_drops_out_does_not_make_the_room_quiet() -> None:
    gate = VoiceGate(THRESHOLD)
    gate.feed(noise(LOUD_ROOM, LEARNED_SEC))
    for seed in range(5):
        gate.feed(bytes(FRAME_BYTES * 5) + noise(LOUD_ROOM, 5.0, seed))
    assert gate.feed(noise(LOUD_ROOM, 5.0, seed=9)) == []


@pytest.mark.parametrize("level", [0.001, 0.01, 0.1])
def test_a_held_vowel_in_a_quiet_room_is_not_cut(level: float) -> None:
    same_as_fixed(silence(3.0) + noise(level, 5.5) + silence(2.0), 1200)


def test_noise_that_swells_is_followed() -> None:
    floor = NoiseFloor()
    for frame in range(50 * 60):
        level = 1e-6 * 10 ** (frame / 50 / 60 * 3.3)  # to 0.002 in a minute
        floor.hear(level)
        assert floor.level <= level
        assert frame < 500 or floor.level > level / 2


@settings(deadline=None, max_examples=40)
@given(
    gaps=st.lists(st.floats(0.1, 1.5), min_size=1, max_size=25),
    word=st.floats(0.05, 0.8),
    level=st.floats(0.001, 0.2),
    end_ms=st.sampled_from([0, 1200]),
)
def test_where_it_is_quiet_between_words_nothing_changes(
    gaps: list[float], word: float, level: float, end_ms: int
) -> None:
    words = [noise(level, word, seed) + silence(gap) for seed, gap in enumerate(gaps)]
    same_as_fixed(b"".join(words), end_ms)


@pytest.mark.parametrize("language", sorted(VOICES))
def test_people_in_a_quiet_room_are_cut_as_ever(language: str, human_clips: HumanClips) -> None:
    """Who goes on for seconds without a hole may raise the threshold a little: a frame in a thousand is another one."""
    human_clips(language, 30)
    speech = joined(language, 30, 0.5).pcm
    pcm = over(noise(1e-6, len(speech) / 2 / SAMPLE_RATE_HZ), speech)
    passes = []
    for follows_noise in (False, True):
        gate = VoiceGate(THRESHOLD, follows_noise=follows_noise)
        gate.mark_pauses(1200)
        passes.append(passed(gate, pcm))
    fixed, following = passes
    assert seconds(following) == pytest.approx(seconds(fixed), rel=0.001)
    assert abs(following.count(Mark.PAUSE) - fixed.count(Mark.PAUSE)) <= 2
    assert following.count(Mark.END) == fixed.count(Mark.END)
