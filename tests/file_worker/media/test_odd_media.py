"""Files as people and their devices make them: many channels, an inverted one, a silent track, jumps of time."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from contract.audio import SAMPLE_RATE_HZ
from file_worker.media.decoder import NotDecodableError, SoundFile, TooLongError
from file_worker.media.frames import samples_of
from runtime.wav import write_wav
from tests.support.media import (
    channels_wav,
    damaged,
    encode,
    ffmpeg,
    inverted_stereo,
    joined_transport_stream,
    silence,
    tone,
    two_tracks,
)

Floats = np.ndarray


def heard(path: Path, max_sec: float = 600.0) -> Floats:
    sound = SoundFile(path, max_sec)
    try:
        return np.frombuffer(b"".join(sound.blocks()), dtype="<i2").astype(np.float64)
    finally:
        sound.close()


def level(samples: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def of(pcm: bytes) -> Floats:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


def test_a_film_whose_picture_was_left_out_keeps_its_time(tmp_path: Path) -> None:
    source, path = tmp_path / "clip.wav", tmp_path / "late.m4a"
    write_wav(source, tone(1.0))
    ffmpeg("-itsoffset", "0.8", "-i", source, "-c:a", "aac", path)
    found = heard(path)
    assert len(found) == pytest.approx(1.8 * SAMPLE_RATE_HZ, abs=1500)
    assert level(found[: int(0.7 * SAMPLE_RATE_HZ)]) == 0
    assert level(found[SAMPLE_RATE_HZ:]) > 1000


@pytest.mark.parametrize("channels", [3, 4, 9, 16, 60, 200])
def test_any_number_of_channels_is_mixed(tmp_path: Path, channels: int) -> None:
    wanted = of(tone(1.5))
    found = heard(channels_wav(np.repeat(wanted[None], channels, axis=0), tmp_path / "many.wav"))
    assert len(found) == len(wanted)
    assert np.abs(found - wanted).max() < 3


def test_a_voice_on_one_of_sixty_channels_is_heard(tmp_path: Path) -> None:
    many = np.zeros((60, 3 * SAMPLE_RATE_HZ))
    many[41, SAMPLE_RATE_HZ:] = of(tone(1.0) + silence(0.5) + tone(0.5))
    found = heard(channels_wav(many, tmp_path / "one.wav"))
    assert level(found[SAMPLE_RATE_HZ : 2 * SAMPLE_RATE_HZ]) > 100


@pytest.mark.parametrize("inverted_level", [1.0, 0.9, 0.7])
def test_an_inverted_channel_does_not_silence_the_other(tmp_path: Path, inverted_level: float) -> None:
    wanted = of(silence(2.3) + tone(3.0) + silence(4.0) + tone(2.0))
    path = inverted_stereo(wanted.astype("<i2").tobytes(), tmp_path / "inverted.wav", inverted_level)
    found = heard(path)
    assert np.abs(found - wanted).max() <= 2


def test_it_stays_with_the_channel_while_the_mix_wavers(tmp_path: Path) -> None:
    """The right one is inverted and turned up and down: a decision for each block would jump between both."""
    left = of(tone(12.0))
    swing = 0.8 + 0.3 * np.sin(np.arange(len(left)) / SAMPLE_RATE_HZ * 5)
    found = heard(channels_wav(np.stack([left, -swing * left]), tmp_path / "wavering.wav"))
    loud = [level(found[at : at + 1600]) for at in range(0, len(found) - 1600, 1600)]
    assert max(loud) / min(loud) < 1.5


def test_two_speakers_left_and_right_are_both_heard(tmp_path: Path) -> None:
    left, right = of(tone(4.0) + silence(4.0)), of(silence(4.0) + tone(4.0, hertz=330.0))
    found = heard(channels_wav(np.stack([left, right]), tmp_path / "interview.wav"))
    assert level(found[: 3 * SAMPLE_RATE_HZ]) == pytest.approx(level(found[5 * SAMPLE_RATE_HZ :]), rel=0.1)
    assert level(found[: 3 * SAMPLE_RATE_HZ]) == pytest.approx(level(left[: 3 * SAMPLE_RATE_HZ]) / 2, rel=0.1)


def test_the_mix_comes_back_where_the_inversion_ends(tmp_path: Path) -> None:
    left = of(tone(8.0) + tone(30.0))
    right = np.concatenate([-of(tone(8.0)), of(tone(30.0, hertz=500.0))])
    found = heard(channels_wav(np.stack([left, right]), tmp_path / "mended.wav"))
    assert np.abs(found[: 6 * SAMPLE_RATE_HZ] - left[: 6 * SAMPLE_RATE_HZ]).max() <= 2
    spectrum = np.abs(np.fft.rfft(found[-SAMPLE_RATE_HZ:]))
    assert min(spectrum[220], spectrum[500]) > 0.3 * spectrum.max()  # both are in it


def test_surround_sound_keeps_its_middle(tmp_path: Path) -> None:
    source, path = tmp_path / "source.wav", tmp_path / "surround.flac"
    write_wav(source, tone(2.0))
    ffmpeg("-i", source, "-af", "pan=5.1|FC=c0", path)
    assert level(heard(path)) == pytest.approx(level(of(tone(2.0))) / 3.4, rel=0.05)


def test_a_silent_first_track_gives_way_to_one_with_sound(tmp_path: Path) -> None:
    found = heard(two_tracks(silence(3.0), tone(3.0), tmp_path / "two.mkv"))
    assert level(found) > 5000


def test_sound_late_in_the_second_track_is_found(tmp_path: Path) -> None:
    found = heard(two_tracks(silence(100.0), silence(90.0) + tone(10.0), tmp_path / "late.mkv"))
    assert level(found[91 * SAMPLE_RATE_HZ : 99 * SAMPLE_RATE_HZ]) > 5000


@pytest.mark.parametrize("second", [tone(20.0, hertz=500.0), silence(20.0)], ids=["as loud", "silent"])
def test_the_first_track_is_heard_where_it_can_be(tmp_path: Path, second: bytes) -> None:
    found = heard(two_tracks(silence(5.0) + tone(15.0, level=0.1), second, tmp_path / "two.mkv"))
    spectrum = np.abs(np.fft.rfft(found[-4 * SAMPLE_RATE_HZ : -2 * SAMPLE_RATE_HZ]))
    assert np.argmax(spectrum) == 440  # 220 Hz in 2 s


@pytest.mark.parametrize("jump_sec", [3000.0, 20_000.0])
def test_a_jump_of_timestamps_is_no_silence(tmp_path: Path, jump_sec: float) -> None:
    path = joined_transport_stream(tone(2.0), tone(3.0), jump_sec, tmp_path / "joined.ts")
    sound = SoundFile(path, 600.0)
    assert sound.total_samples / SAMPLE_RATE_HZ == pytest.approx(5.0, abs=0.3)
    sound.close()
    assert len(heard(path, 6.0)) / SAMPLE_RATE_HZ == pytest.approx(5.0, abs=0.3)


def test_timestamps_that_begin_again_lose_nothing(tmp_path: Path) -> None:
    path = joined_transport_stream(tone(30.0), tone(3.0), 0.0, tmp_path / "joined.ts")
    assert len(heard(path)) / SAMPLE_RATE_HZ == pytest.approx(33.0, abs=0.3)


def test_a_short_hole_stays_a_pause(tmp_path: Path) -> None:
    path = joined_transport_stream(tone(2.0), tone(3.0), 5.0, tmp_path / "hole.ts")
    found = heard(path)
    assert len(found) / SAMPLE_RATE_HZ == pytest.approx(8.0, abs=0.3)
    assert level(found[int(2.5 * SAMPLE_RATE_HZ) : int(4.5 * SAMPLE_RATE_HZ)]) < 1


def test_sound_that_begins_after_the_picture_keeps_its_time(tmp_path: Path) -> None:
    source, path = tmp_path / "source.wav", tmp_path / "late.mkv"
    write_wav(source, tone(2.0))
    picture = ["-f", "lavfi", "-i", "color=size=64x64:rate=5:duration=15"]
    ffmpeg(*picture, "-itsoffset", "9.5", "-i", source, "-map", "0", "-map", "1", path)
    found = heard(path)
    assert len(found) / SAMPLE_RATE_HZ == pytest.approx(11.5, abs=0.1)


def test_a_guessed_length_refuses_nothing(tmp_path: Path) -> None:
    """Variable bit rate without a header that tells the length: FFmpeg takes the silence's bit rate for all of it."""
    source, path = tmp_path / "source.wav", tmp_path / "guessed.mp3"
    rng = np.random.default_rng(3)
    write_wav(source, silence(8.0) + (rng.standard_normal(30 * SAMPLE_RATE_HZ) * 3000).astype("<i2").tobytes())
    ffmpeg("-i", source, "-ar", "44100", "-q:a", "0", "-write_xing", "0", "-id3v2_version", "0", path)
    sound = SoundFile(path, 60.0)
    assert sound.total_samples / SAMPLE_RATE_HZ == pytest.approx(38.0, abs=0.2)
    sound.close()
    with pytest.raises(TooLongError):
        SoundFile(path, 30.0)
    assert len(heard(path, 60.0)) / SAMPLE_RATE_HZ == pytest.approx(38.0, abs=0.2)


def test_a_length_made_up_by_a_pipe_refuses_nothing(tmp_path: Path) -> None:
    """Floating-point WAV whose header counts samples that are not there, as programs write it into a pipe."""
    path = tmp_path / "piped.wav"
    samples = of(tone(2.0)).astype("<f4") / 32_768
    form = struct.pack("<HHIIHHH", 3, 1, SAMPLE_RATE_HZ, 4 * SAMPLE_RATE_HZ, 4, 32, 0)
    fact = struct.pack("<I", 0x7FFFF000 // 4)
    chunks = [(b"fmt ", form), (b"fact", fact)]
    body = b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    body += b"data" + struct.pack("<I", 0x7FFFF000) + samples.tobytes()
    path.write_bytes(b"RIFF" + struct.pack("<I", 0x7FFFFFFF) + b"WAVE" + body)
    assert len(heard(path, 60.0)) == 2 * SAMPLE_RATE_HZ


def test_a_known_length_refuses_at_once(tmp_path: Path) -> None:
    for extension in ("wav", "flac", "mp3", "m4a", "ogg", "webm"):
        with pytest.raises(TooLongError):
            SoundFile(encode(tone(3.0), tmp_path / f"tone.{extension}"), 2.0)


def test_what_breaks_the_decoder_ends_as_the_sound_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from file_worker.media import decoder

    path = encode(tone(10.0), tmp_path / "tone.flac")
    count = 0

    def breaking(frame: av.AudioFrame) -> Floats:
        nonlocal count
        count += 1
        if count > 10:
            raise RuntimeError("an unforeseen kind of sound")
        return samples_of(frame)

    monkeypatch.setattr(decoder, "samples_of", breaking)
    sound = SoundFile(path, 600.0)
    assert 0.6 < sum(len(block) for block in sound.blocks()) / 2 / SAMPLE_RATE_HZ < 0.8
    assert sound.warning == "The file could not be decoded beyond 0.7 s."
    assert sound.damage == {"cut_off_sec": 0.7}
    sound.close()
    sound = SoundFile(path, 600.0)
    with pytest.raises(NotDecodableError, match="No sound"):
        list(sound.blocks())
    sound.close()


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    path = encode(tone(10.0), tmp_path / "tone.m4a")
    sound = SoundFile(path, 600.0)
    list(sound.blocks())
    assert (sound.warning, sound.damage) == ("", {})
    sound.close()
    sound = SoundFile(damaged(tone(10.0), path), 600.0)
    list(sound.blocks())
    assert "could not be decoded and are missing, the first at" in sound.warning
    assert sound.damage["missing_parts"] >= 1
    assert 4.0 < sound.damage["first_missing_sec"] < 6.0
    assert "cut_off_sec" not in sound.damage
    sound.close()
