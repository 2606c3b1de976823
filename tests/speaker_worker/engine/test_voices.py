"""The windows of an utterance, and their way as bytes."""

from __future__ import annotations

import numpy as np
import pytest

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.encoder.dummy import DummyEncoder
from speaker_worker.engine.voices import WINDOWS_MAX, UtteranceVoices, VoicesError, joined, voices_in, windows_of
from tests.speaker_worker.engine.made import silence, voices_of

SEC = SAMPLE_RATE_HZ


def noise(sec: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.random.default_rng(0).normal(0, 0.1, int(sec * SEC)).astype(np.float32)


def test_stretches_with_little_between_are_one_and_short_ones_are_none() -> None:
    speech = [(SEC, 2 * SEC), (int(2.2 * SEC), 3 * SEC), (int(3.8 * SEC), int(3.9 * SEC)), (5 * SEC, 99 * SEC)]
    assert joined(speech, 7 * SEC) == [(SEC, 3 * SEC), (5 * SEC, 7 * SEC)]
    assert joined([(3 * SEC, 2 * SEC), (-SEC, SEC), (SEC // 2, 2 * SEC)], 7 * SEC) == [(0, 2 * SEC)]
    assert joined([], 7 * SEC) == []


def test_windows_cover_a_stretch_evenly() -> None:
    windows = windows_of((SEC, 5 * SEC), int(1.6 * SEC), 0.4)
    assert (windows[0][0], windows[-1][1], len(windows)) == (SEC, 5 * SEC, 7)
    assert {end - start for start, end in windows} == {int(1.6 * SEC)}
    assert windows_of((0, SEC), int(1.6 * SEC), 0.4) == [(0, SEC)]
    assert len(windows_of((0, int(1.7 * SEC)), int(1.6 * SEC), 0.4)) == 2


def test_each_window_lies_in_one_stretch() -> None:
    voices = voices_in(DummyEncoder(), noise(9.0), [(0, 4 * SEC), (5 * SEC, 9 * SEC)])
    for start, end in voices.windows.tolist():
        assert any(start >= first and end <= last for first, last in voices.spans.tolist())
    assert voices.embeddings.shape == (len(voices.windows), 40)
    np.testing.assert_allclose(np.linalg.norm(voices.embeddings, axis=1), 1, atol=1e-5)
    assert len(voices.levels) == 450


def test_no_speech_has_no_windows() -> None:
    voices = voices_in(DummyEncoder(), noise(2.0), [])
    assert (len(voices.spans), len(voices.windows), voices.embeddings.shape) == (0, 0, (0, 40))


def test_there_are_never_more_windows_than_the_bound() -> None:
    assert len(voices_in(DummyEncoder(), noise(60.0), [(0, 60 * SEC)], hop_sec=0.02).windows) == WINDOWS_MAX


def test_packed_and_unpacked_it_is_the_same() -> None:
    for voices in (voices_of([(0, 3.0), (1, 3.0)], np.random.default_rng(1), 0.5), silence()):
        again = UtteranceVoices.unpack(voices.pack())
        assert (again.spans == voices.spans).all()
        assert (again.windows == voices.windows).all()
        assert (again.levels == voices.levels).all()
        np.testing.assert_allclose(again.embeddings, voices.embeddings, atol=1e-3)


def test_other_bytes_are_refused() -> None:
    packed = voices_of([(0, 3.0)], np.random.default_rng(1)).pack()
    for other in (b"", b"SPV1", b"x" * 100, packed[:-1], packed + b"\0", b"SPV2" + packed[4:]):
        with pytest.raises(VoicesError):
            UtteranceVoices.unpack(other)
