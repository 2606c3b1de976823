"""The settings' bounds, and what SPEAKER_MODEL loads."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from speaker_worker import encoders
from speaker_worker.engine.encoder.protocol import EncoderLoadError
from speaker_worker.settings import SpeakerSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"speakers_max": 1},
        {"speakers_max": 33},
        {"speaker_threads": 0},
        {"speaker_nice": -1},
        {"speaker_nice": 20},
        {"speaker_model": ""},
        {"speaker_stuck_after_sec": 1},
    ],
)
def test_what_is_out_of_bounds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SpeakerSettings(**wrong)


def test_what_is_turned_off_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "load_encoder", lambda *_, **__: pytest.fail("loaded"))
    assert encoders.load(SpeakerSettings(speakers_enabled=False)) is None


def test_an_encoder_that_was_not_named_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(*_: str, **__: Any) -> Any:
        raise EncoderLoadError("install it")

    monkeypatch.setattr(encoders, "load_encoder", missing)
    assert encoders.load(SpeakerSettings()) is None
    assert "install it" in caplog.text
    with pytest.raises(EncoderLoadError):
        encoders.load(SpeakerSettings(speaker_model="owner/name"))


def test_the_dummy_says_that_it_is_one(caplog: pytest.LogCaptureFixture) -> None:
    encoder = encoders.load(SpeakerSettings(speaker_model="dummy"))
    assert encoder is not None
    assert encoder.name == "dummy"
    assert "DUMMY" in caplog.text
