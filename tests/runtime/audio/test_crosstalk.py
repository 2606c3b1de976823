"""What another channel says is taken out of a channel, and nothing that is said into it."""

from __future__ import annotations

import numpy as np
import pytest

from contract.audio import SAMPLE_RATE_HZ
from runtime.audio.crosstalk import CrosstalkGate
from tests.support.conversation import NOISE, Sound, clip, microphones, voices

TURNS = [
    (0, "long_happy"),
    (1, "meeting_monday"),
    (0, "food_terrible"),
    (1, "not_like_movie"),
    (0, "not_bad"),
    (1, "love_movie"),
    (0, "meeting_monday"),
    (1, "food_terrible"),
]
WINDOW = SAMPLE_RATE_HZ // 50
LOWERED = 4 * NOISE**2  # a window of 20 ms that holds nothing but noise
VOICE = 0.003  # mean square of a window in which somebody surely speaks


def gated(heard: Sound, block: int = 1600, ahead_sec: float = 2.0, own_db: list[float] | None = None) -> Sound:
    gate = CrosstalkGate(len(heard), ahead_sec, own_db)
    samples = heard.astype(np.float32)
    out = [gate.feed(samples[:, first : first + block]) for first in range(0, samples.shape[1], block)]
    return np.concatenate([*out, gate.finish()], axis=1).astype(np.float64)


def levels(sound: Sound) -> Sound:
    """Mean squares of 20 ms windows, shape (channels, windows)."""
    whole = sound.shape[1] // WINDOW * WINDOW
    found: Sound = np.mean(np.square(sound[:, :whole].reshape(len(sound), -1, WINDOW)), axis=2)
    return found


@pytest.mark.parametrize("ahead_sec", [2.0, 0.25])
@pytest.mark.parametrize("crosstalk_db", [-12.0, -20.0])
def test_crosstalk_is_lowered_to_the_noise(crosstalk_db: float, ahead_sec: float) -> None:
    spoken = voices(TURNS, 2)
    heard = microphones(spoken, crosstalk_db)
    found = levels(gated(heard, ahead_sec=ahead_sec))
    said, before = levels(spoken), levels(heard)
    # a causal filter has to hear each voice for half a second first
    learned = np.arange(said.shape[1]) > (10 * SAMPLE_RATE_HZ / WINDOW if ahead_sec < 1 else 0)
    for channel in (0, 1):
        other = (said[1 - channel] > VOICE) & (said[channel] == 0) & learned
        assert np.median(before[channel][other]) > 100 * NOISE**2, "there is something to be lowered"
        assert np.mean(found[channel][other] < LOWERED) > 0.85


@pytest.mark.parametrize("crosstalk_db", [-12.0, -20.0])
def test_the_first_words_of_each_voice_wait_for_their_filter(crosstalk_db: float) -> None:
    spoken = voices(TURNS, 2)
    heard = microphones(spoken, crosstalk_db)
    gate = CrosstalkGate(2, 0.0, first_sec=1.5)
    samples = heard.astype(np.float32)
    out, held = [], []
    for first in range(0, samples.shape[1], WINDOW):
        out.append(gate.feed(samples[:, first : first + WINDOW]))
        held.append(min(first + WINDOW, samples.shape[1]) - sum(part.shape[1] for part in out))
    found = levels(np.concatenate([*out, gate.finish()], axis=1).astype(np.float64))
    said = levels(spoken)
    for channel in (0, 1):
        other = (said[1 - channel] > VOICE) & (said[channel] == 0)
        assert np.mean(found[channel][other] < LOWERED) > 0.85
        first_words = other & (np.cumsum(other) <= SAMPLE_RATE_HZ // WINDOW)
        assert np.mean(found[channel][first_words] < LOWERED) > 0.85
    assert SAMPLE_RATE_HZ < max(held) < 2.1 * SAMPLE_RATE_HZ
    both_known = np.flatnonzero(said[1] > VOICE)[0] + 3 * SAMPLE_RATE_HZ // WINDOW
    assert max(held[both_known:]) < 0.5 * SAMPLE_RATE_HZ


def test_a_channels_own_voice_is_untouched() -> None:
    spoken = voices(TURNS, 2)
    heard = microphones(spoken)
    found, said = levels(gated(heard)), levels(spoken)
    for channel in (0, 1):
        own = said[channel] > 0.1 * VOICE
        assert np.all(found[channel][own] > 0.98 * levels(heard)[channel][own])


@pytest.mark.parametrize("softer_db", [0.0, -10.0, -20.0])
def test_two_who_speak_at_once_are_both_kept(softer_db: float) -> None:
    first = np.concatenate([clip("long_happy"), clip("food_terrible"), clip("not_bad")])
    second = np.concatenate([clip("meeting_monday"), clip("not_like_movie"), clip("love_movie"), clip("long_happy")])
    count = min(len(first), len(second))
    spoken = np.stack([first[:count], 10 ** (softer_db / 20) * second[:count]])
    heard = microphones(spoken, None)
    found, before = levels(gated(heard)), levels(heard)
    assert np.mean(found[1] > 0.98 * before[1]) > 0.99
    assert np.mean(found[0] > 0.98 * before[0]) > 0.99


def test_a_soft_word_over_crosstalk_is_kept() -> None:
    """The second person says something 6 dB softer while the first, heard as crosstalk 14 dB below that, goes on."""
    word = 0.5 * clip("love_movie")
    spoken = voices([(0, "long_happy"), (0, "meeting_monday"), (0, "food_terrible"), (0, "long_happy")], 2, 0.1)
    begin = 4 * SAMPLE_RATE_HZ
    spoken[1, begin : begin + len(word)] += word
    heard = microphones(spoken)
    found, before = levels(gated(heard))[1], levels(heard)[1]
    own = levels(spoken)[1] > 0.1 * VOICE
    assert np.mean(found[own] > 0.9 * before[own]) > 0.95


def test_a_quiet_microphone_is_compared_by_its_own_voice() -> None:
    spoken = voices(TURNS, 2)
    heard = microphones(spoken, -20.0, [1.0, 0.1])  # its voice is as loud as the crosstalk of the other's
    own_db = [-20.0, -40.0]
    found, said = levels(gated(heard, own_db=own_db)), levels(spoken)
    first_speaks = (said[0] > VOICE) & (said[1] == 0)
    second_speaks = (said[1] > VOICE) & (said[0] == 0)
    assert np.mean(found[0][second_speaks] < LOWERED) > 0.85
    assert np.mean(found[1][second_speaks] > 0.98 * levels(heard)[1][second_speaks]) > 0.99
    assert np.mean(found[1][first_speaks] < 0.01 * LOWERED) > 0.85


def test_the_blocks_make_no_difference_and_nothing_is_lost() -> None:
    heard = microphones(voices(TURNS[:3], 2))[:, : 5 * SAMPLE_RATE_HZ + 123]
    whole = gated(heard, heard.shape[1])
    assert whole.shape == heard.shape
    assert np.array_equal(gated(heard, 333), whole)
    for count in (0, 1, 511, 512, 1023, 1024, 1025, 2048, 40_000):
        assert gated(heard[:, :count], 700).shape == (2, count)


def test_silence_stays_silence() -> None:
    assert not gated(np.zeros((3, 50_000))).any()
