"""What the decoder makes of the encoder's output is made once."""

from __future__ import annotations

import pytest
import torch

from harness.speech import demo_clips
from stt_worker.engine.decoder.encoded import EncodedAudio, KeysValues
from stt_worker.engine.decoder.layer import DecoderLayer
from stt_worker.engine.load import load_engine
from stt_worker.engine.protocol import Utterance
from stt_worker.settings import SttSettings
from tests.stt_worker.conftest import as_floats


def halves(features: torch.Tensor) -> KeysValues:
    """Stands in for a layer: (rows, 1, positions, width) twice."""
    keys, values = features.unsqueeze(1).chunk(2, dim=-1)
    return keys.contiguous(), values.contiguous()


def never(features: torch.Tensor) -> KeysValues:
    raise AssertionError("made twice")


def test_keys_and_values_are_made_once_and_shared_by_the_rows() -> None:
    audio = EncodedAudio(torch.randn(3, 5, 4))
    assert EncodedAudio.of(audio) is audio
    keys, values = audio.keys_and_values(0, halves)
    assert audio.keys_and_values(0, never)[0] is keys
    second = audio[1:2]
    assert len(second) == 1
    assert torch.equal(second.features, audio.features[1:2])
    assert second.keys_and_values(0, never)[1].data_ptr() == values[1].data_ptr(), "a view, no copy"
    picked = audio[[2, 0]]
    assert torch.equal(picked.keys_and_values(0, never)[0], keys[[2, 0]])


def test_what_is_made_of_some_rows_is_theirs_alone() -> None:
    audio = EncodedAudio(torch.randn(2, 5, 4))
    keys, _ = audio[1:2].keys_and_values(0, halves)
    assert len(keys) == 1
    assert len(audio.keys_and_values(0, halves)[0]) == 2


def test_language_text_and_word_times_read_the_same_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = load_engine(SttSettings(whisper_model="demo"))
    made: list[int] = []
    real = DecoderLayer.audio

    def counted(self: DecoderLayer, features: torch.Tensor, heads: int) -> KeysValues:
        made.append(len(features))
        return real(self, features, heads)

    monkeypatch.setattr(DecoderLayer, "audio", counted)
    audio = as_floats(demo_clips()[0].pcm)
    heard = engine.transcribe_all([Utterance(audio, None, word_times=True)] * 2)
    assert all(one.text and one.words for one in heard)
    assert made == [2, 2], "of both utterances at once, by each of the demo model's two layers"
