"""Audio of Realtime clients on its way to 16 kHz."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from fastapi_service.realtime.events import ApiError
from fastapi_service.realtime.sound import APPEND_MAX_BYTES, Decoder, audio_of


@pytest.mark.parametrize(("encoding", "rate"), [("pcm", 24_000), ("pcm", 48_000), ("ulaw", 8_000), ("alaw", 8_000)])
@pytest.mark.parametrize("sizes", [[2], [1_201 * 2], [14, 2, 4_800, 640]])
def test_pieces_sound_as_the_whole_does(encoding: str, rate: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(7)
    audio = rng.integers(0, 256, 6_000, dtype=np.uint8).tobytes()
    if encoding == "pcm":
        audio = rng.normal(0, 3_000, 6_000).astype("<i2").tobytes()
    pieces, decoder, first, turn = [], Decoder(encoding, rate), 0, 0
    while first < len(audio):
        size = sizes[turn % len(sizes)]
        pieces.append(decoder.feed(audio[first : first + size]))
        first, turn = first + size, turn + 1
    assert b"".join(pieces) == Decoder(encoding, rate).feed(audio)


def test_16_khz_pass_as_they_are() -> None:
    audio = np.arange(-800, 800, dtype="<i2").tobytes()
    assert Decoder("pcm", 16_000).feed(audio) == audio


def test_a_long_append_is_worked_on_in_pieces() -> None:
    decoder = Decoder("pcm", 24_000)
    pieces = decoder.pieces(bytes(100_000), 0.1)
    assert [len(piece) for piece in pieces] == [4_800] * 20 + [4_000]
    assert decoder.seconds(bytes(48_000)) == 1.0
    assert [len(piece) for piece in Decoder("ulaw", 8_000).pieces(bytes(1_001), 0.1)] == [800, 201]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "missing_required_parameter"),
        (5, "missing_required_parameter"),
        ("!!!!", "invalid_base64"),
        ("QUJ", "invalid_base64"),
        ("ÄÄÄÄ", "invalid_base64"),
        (base64.b64encode(b"abc").decode(), "odd_bytes"),
        ("A" * (APPEND_MAX_BYTES * 4 // 3 + 8), "audio_too_large"),
    ],
)
def test_bad_audio_is_refused_with_its_field(text: object, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        audio_of(text, "pcm")
    assert (refused.value.code, refused.value.param) == (code, "audio")


def test_an_odd_number_of_bytes_is_right_for_g711() -> None:
    assert audio_of(base64.b64encode(b"abc").decode(), "ulaw") == b"abc"
