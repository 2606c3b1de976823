"""Channels that are a microphone each are told from one sound, and each comes out with its own speaker alone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import fftconvolve

from contract.audio import SAMPLE_RATE_HZ
from contract.jobs import MAX_CHANNELS
from file_worker.media.channels import ONE_SOUND, look
from file_worker.media.decoder import SoundFile
from tests.support.conversation import Sound, as_pcm, clip, microphones, room, voices
from tests.support.media import channels_wav, ffmpeg

TURNS = [(0, "long_happy"), (1, "meeting_monday"), (0, "food_terrible"), (1, "not_like_movie"), (0, "not_bad")]


def write(sound: Sound, folder: Path, extension: str = "wav") -> Path:
    path = channels_wav(as_pcm(sound), folder / "sound.wav")
    if extension != "wav":
        path, source = folder / f"sound.{extension}", path
        ffmpeg("-i", source, path)
    return path


def found_in(path: Path) -> tuple[float, ...]:
    with closing(SoundFile(path, 600.0)) as sound:
        return look(sound, lambda: None)


def found(sound: Sound, folder: Path, extension: str = "wav") -> int:
    """How many channels are heard apart; 0 for one sound."""
    return len(found_in(write(sound, folder, extension)))


@pytest.mark.parametrize("extension", ["wav", "mp3", "ogg", "m4a", "flac"])
@pytest.mark.parametrize("crosstalk_db", [None, -20.0, -12.0])
def test_a_microphone_each_is_heard_apart(tmp_path: Path, crosstalk_db: float | None, extension: str) -> None:
    assert found(microphones(voices(TURNS, 2), crosstalk_db), tmp_path, extension) == 2


def test_two_who_often_speak_at_once_are_heard_apart(tmp_path: Path) -> None:
    spoken = voices(TURNS, 2)
    spoken[1] = np.roll(spoken[1], -3 * SAMPLE_RATE_HZ)
    assert np.mean((spoken[0] != 0) & (spoken[1] != 0)) > 0.1
    assert found(microphones(spoken), tmp_path) == 2


def test_microphones_of_different_gain_are_heard_apart(tmp_path: Path) -> None:
    own_db = found_in(write(microphones(voices(TURNS, 2), -20.0, [1.0, 0.15]), tmp_path))
    assert len(own_db) == 2
    assert own_db[0] - own_db[1] == pytest.approx(16.5, abs=4)


@pytest.mark.parametrize("speakers", range(3, MAX_CHANNELS + 1))
def test_a_recorder_with_a_microphone_each_is_heard_apart(tmp_path: Path, speakers: int) -> None:
    names = ["long_happy", "meeting_monday", "food_terrible"]
    turns = [(number % speakers, names[number % 3]) for number in range(2 * speakers)]
    assert found(microphones(voices(turns, speakers)), tmp_path) == speakers


def test_more_channels_than_there_may_be_are_one_sound(tmp_path: Path) -> None:
    speakers = MAX_CHANNELS + 1
    turns = [(number, "meeting_monday") for number in range(speakers)]
    assert found(microphones(voices(turns, speakers)), tmp_path) == 0


def _stereo(turns: list[tuple[int, str]], left: list[float], right: list[float]) -> Sound:
    """Voices in a stereo picture, each with its share of both channels."""
    spoken = microphones(voices(turns, len(left)), None)
    return np.stack([np.array(left) @ spoken, np.array(right) @ spoken])


def _room_stereo() -> Sound:
    """Two people before one pair of microphones, 8 dB to the side each, with a room that is heard in both."""
    spoken = voices(TURNS, 2)
    heard = np.zeros_like(spoken)
    for of in (0, 1):
        for to in (0, 1):
            arrived = fftconvolve(spoken[of], room(1 + to, 7 * of + to, 0.3))[: spoken.shape[1]]
            heard[to] += arrived * (1.0 if of == to else 10 ** (-8 / 20))
    return heard


def _music() -> Sound:
    """A tune in the middle, a voice to the left of it, and chords that wander from side to side."""
    voice = voices(TURNS, 2).sum(axis=0)
    time = np.arange(len(voice)) / SAMPLE_RATE_HZ
    tune = 0.1 * np.sin(2 * np.pi * np.repeat([220.0, 330.0, 262.0, 392.0], -(-len(time) // 4))[: len(time)] * time)
    chord, side = 0.08 * np.sin(2 * np.pi * 523 * time), 0.5 + 0.4 * np.sin(time)
    return np.stack([tune + 0.7 * voice + side * chord, tune + 0.4 * voice + (1 - side) * chord])


ALONE = [(0, "long_happy"), (0, "meeting_monday"), (0, "not_bad")]


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(lambda: np.stack([microphones(voices(ALONE, 1), None)[0]] * 2), id="mono twice"),
        pytest.param(lambda: microphones(voices(ALONE, 1), None)[0] * np.array([[1.0], [-1.0]]), id="inverted"),
        pytest.param(lambda: microphones(voices(ALONE, 1), None)[0] * np.array([[1.0], [0.0]]), id="right is silent"),
        pytest.param(lambda: microphones(voices(ALONE, 2), -20.0), id="only one speaks, and is heard in both"),
        pytest.param(lambda: _stereo(TURNS, [0.8, 0.5], [0.5, 0.8]), id="two voices, a little to the sides"),
        pytest.param(lambda: _stereo(ALONE, [0.9], [0.3]), id="one voice to the side"),
        pytest.param(_room_stereo, id="a pair of microphones in a room"),
        pytest.param(_music, id="music"),
        pytest.param(lambda: microphones(np.zeros((2, 100_000)), None), id="two noises"),
        pytest.param(lambda: np.zeros((2, 50_000)), id="nothing"),
        pytest.param(lambda: clip("long_happy")[None], id="one channel"),
    ],
)
def test_one_sound_in_several_channels_is_heard_as_one(tmp_path: Path, sound: object) -> None:
    assert callable(sound)
    assert found(sound(), tmp_path) == 0


def test_two_panned_voices_and_one_in_the_middle_are_one_sound(tmp_path: Path) -> None:
    turns = [(0, "long_happy"), (1, "meeting_monday"), (2, "long_happy"), (2, "not_like_movie")]
    assert found(_stereo(turns, [1.0, 0.0, 0.7], [0.0, 1.0, 0.7]), tmp_path) == 0


def test_each_channel_comes_out_with_its_own_speaker_alone(tmp_path: Path) -> None:
    spoken = voices(TURNS, 2)
    path = write(microphones(spoken), tmp_path)
    own_db = found_in(path)
    with closing(SoundFile(path, 600.0)) as sound:
        blocks = list(sound.channel_blocks(own_db))
    assert {len(left) == len(right) for left, right in blocks} == {True}
    came = [np.frombuffer(b"".join(one), dtype="<i2").astype(np.float64) for one in zip(*blocks, strict=True)]
    assert abs(len(came[0]) - spoken.shape[1]) < 20
    for channel in (0, 1):
        loud = [_envelope(one[channel][: len(came[0]) - 1000]) for one in (spoken, came)]
        assert np.corrcoef(loud[0], loud[1])[0, 1] > 0.99


def _envelope(samples: Sound) -> Sound:
    """The level of each 0.1 s."""
    whole = len(samples) // 1600 * 1600
    level: Sound = np.sqrt(np.mean(np.square(samples[:whole].reshape(-1, 1600)), axis=1))
    return level


def test_a_file_whose_channels_change_on_the_way_goes_on_in_its_first(tmp_path: Path) -> None:
    stereo = write(microphones(voices(TURNS, 2)), tmp_path)
    mono = channels_wav(as_pcm(clip("love_movie")[None]), tmp_path / "mono.wav")
    for number, source in enumerate((stereo, mono)):
        ffmpeg("-i", source, "-c:a", "mp2", "-ar", "48000", "-b:a", "192k", tmp_path / f"{number}.mp2")
    both = tmp_path / "both.mp2"
    both.write_bytes((tmp_path / "0.mp2").read_bytes() + (tmp_path / "1.mp2").read_bytes())
    assert found_in(both) == ONE_SOUND, "as far as it is looked at it is not the same"
    own_db = found_in(stereo)
    with closing(SoundFile(both, 600.0)) as sound:
        blocks = list(sound.channel_blocks(own_db))
    tail = [np.frombuffer(b"".join(one), dtype="<i2")[-SAMPLE_RATE_HZ:] for one in zip(*blocks, strict=True)]
    assert np.abs(tail[0]).max() > 3000
    assert not tail[1].any()
