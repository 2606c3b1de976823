"""Every common format gives the same sound; what is none is refused, and nothing else is reached through a file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from contract.audio import SAMPLE_RATE_HZ
from file_worker.media.decoder import NotDecodableError, SoundFile, TooLongError
from harness.speech import demo_clips
from tests.support.media import FORMATS, encode, silence, tone


def decode(path: Path, max_sec: float = 600.0) -> bytes:
    sound = SoundFile(path, max_sec)
    try:
        return b"".join(sound.blocks())
    finally:
        sound.close()


def floats(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


@pytest.mark.parametrize("extension", FORMATS)
def test_a_clip_comes_out_of_every_format(tmp_path: Path, extension: str) -> None:
    clip = next(clip for clip in demo_clips() if clip.path.stem == "love_movie")
    found = floats(decode(encode(clip.pcm, tmp_path / f"clip.{extension}")))
    wanted = floats(clip.pcm)
    assert abs(len(found) - len(wanted)) < 0.15 * SAMPLE_RATE_HZ
    # The same sound in the same place: the envelopes (20 ms) agree. Bare AAC does not tell its encoder's delay.
    late = 1024 if extension == "aac" else 0
    found = found[late:]
    shorter = min(len(found), len(wanted)) // 320 * 320
    loud = [np.sqrt(np.mean(np.square(one[:shorter].reshape(-1, 320)), axis=1)) for one in (found, wanted)]
    assert np.corrcoef(loud[0], loud[1])[0, 1] > 0.95


def test_the_length_is_known_before_where_the_file_tells_it(tmp_path: Path) -> None:
    sound = SoundFile(encode(tone(3.0), tmp_path / "tone.flac"), 600.0)
    assert sound.total_samples == 3 * SAMPLE_RATE_HZ
    sound.close()


@pytest.mark.parametrize(
    "content",
    [b"", b"hello " * 1000, os.urandom(20_000), b"RIFF\xff\xff\xff\xffWAVEfmt ", b"\x1aE\xdf\xa3" + bytes(500)],
    ids=["empty", "text", "noise", "half a header", "half a webm"],
)
def test_what_is_no_sound_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(NotDecodableError, match=r"^(The file|No sound)"):
        decode(path)


def test_a_picture_without_sound_is_refused(tmp_path: Path) -> None:
    import subprocess

    path = tmp_path / "silent.mp4"
    source = ["-f", "lavfi", "-i", "color=size=64x64:rate=5:duration=1"]
    subprocess.run(["ffmpeg", "-y", "-loglevel", "error", *source, str(path)], check=True)
    with pytest.raises(NotDecodableError, match="no sound"):
        decode(path)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{path}'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
        '<?xml version="1.0"?><MPD><Period><AdaptationSet><Representation><BaseURL>{path}</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>",
    ],
    ids=["hls", "concat", "sdp", "dash"],
)
def test_a_playlist_reaches_no_other_file(tmp_path: Path, text: str) -> None:
    other = encode(tone(1.0), tmp_path / "other.wav")
    path = tmp_path / "list"
    path.write_text(text.format(path=other), encoding="utf-8")
    with pytest.raises(NotDecodableError):
        decode(path)


def test_a_file_cut_off_in_the_middle_gives_what_is_there(tmp_path: Path) -> None:
    path = encode(tone(10.0), tmp_path / "tone.mp3")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 4 < len(decode(path)) / 2 / SAMPLE_RATE_HZ < 6


def test_damage_in_the_middle_costs_what_is_damaged(tmp_path: Path) -> None:
    path = encode(tone(10.0), tmp_path / "tone.mp3")
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2000] = os.urandom(2000)
    path.write_bytes(content)
    assert 9 < len(decode(path)) / 2 / SAMPLE_RATE_HZ < 11


def test_too_long_is_refused_before_and_while_decoding(tmp_path: Path) -> None:
    with pytest.raises(TooLongError, match="longer than the 2 s"):
        SoundFile(encode(tone(3.0), tmp_path / "tone.wav"), 2.0)
    path = tmp_path / "stream.aac"  # tells no true length
    encode(tone(3.0), path)
    sound = SoundFile(path, 600.0)
    sound._max_sec = 2.0
    with pytest.raises(TooLongError):
        list(sound.blocks())
    sound.close()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    sound = SoundFile(encode(silence(120.0), tmp_path / "long.flac"), 600.0)
    assert max(len(block) for block in sound.blocks()) <= 2 * SAMPLE_RATE_HZ * 2
    sound.close()
