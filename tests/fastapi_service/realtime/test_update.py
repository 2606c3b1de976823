"""What clients set, in both shapes, and what is refused in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.jobs import MAX_HINTS_CHARS, UtteranceJob
from contract.speech.language_lock import LanguageLock
from fastapi_service.realtime.config import Config, SemanticVad, ServerVad
from fastapi_service.realtime.events import ApiError
from fastapi_service.realtime.update import updated


def nested(**sound: Any) -> dict[str, Any]:
    return {"type": "transcription", "audio": {"input": sound}}


def test_the_current_shape() -> None:
    config, flat = updated(
        Config(),
        nested(
            format={"type": "audio/pcm", "rate": 16_000},
            transcription={"model": "gpt-4o-transcribe", "language": "ko-KR", "prompt": "Ada\nLovelace"},
            turn_detection={"type": "semantic_vad", "eagerness": "high", "create_response": True},
            noise_reduction={"type": "near_field"},
        )
        | {"include": ["item.input_audio_transcription.logprobs"]},
    )
    assert not flat
    assert (config.encoding, config.rate_hz, config.language, config.hints) == ("pcm", 16_000, "ko", "Ada Lovelace")
    assert config.turns == SemanticVad("high")
    told = config.nested("sess_1", 5)
    assert told["audio"]["input"] == {
        "format": {"type": "audio/pcm", "rate": 16_000},
        "transcription": {"model": "gpt-4o-transcribe", "language": "ko-KR", "prompt": "Ada Lovelace"},
        "noise_reduction": {"type": "near_field"},
        "turn_detection": {"type": "semantic_vad", "eagerness": "high"},
    }
    options = config.options()
    assert (options.sentences, options.joined, options.patience) == ("1", False, 0.5)
    assert (options.language, options.hints) == ("ko", "Ada Lovelace")


def test_the_shape_of_the_beta() -> None:
    config, flat = updated(
        Config(),
        {
            "input_audio_format": "g711_ulaw",
            "input_audio_transcription": {"model": "whisper-1", "language": "english"},
            "turn_detection": None,
            "input_audio_noise_reduction": None,
            "voice": "alloy",
            "modalities": ["text"],
        },
    )
    assert flat
    assert (config.encoding, config.rate_hz, config.language, config.turns) == ("ulaw", 8_000, "en", None)
    told = config.flat("sess_1", 5)
    assert (told["input_audio_format"], told["turn_detection"]) == ("g711_ulaw", None)
    assert not config.live
    assert updated(config, {"input_audio_format": "pcm16"})[0].rate_hz == 24_000
    azure = {"input_audio_format": "pcm16", "input_audio_sampling_rate": 16_000}
    assert updated(config, azure)[0].rate_hz == 16_000


def test_what_is_not_given_stays() -> None:
    config, _ = updated(Config(), nested(transcription={"language": "de", "prompt": "x"}, turn_detection=None))
    after, _ = updated(config, nested(transcription={"model": "m"}))
    assert (after.language, after.hints, after.turns, after.model) == ("de", "x", None, "m")
    cleared, _ = updated(after, nested(transcription={"language": None, "prompt": ""}))
    assert (cleared.language, cleared.hints) == (None, "")
    assert updated(config, {})[0] == config


def test_newer_fields() -> None:
    words = {"model": "gpt-live-transcribe", "languages": ["ko"], "keywords": ["Ada", "Grace"], "delay": "low"}
    config, _ = updated(Config(), nested(transcription=words))
    assert (config.language, config.hints) == ("ko", "Ada, Grace")
    assert config.turns is None, "its clients commit every turn themselves"
    assert updated(config, nested(turn_detection={"type": "server_vad"}))[0].turns == ServerVad()
    several, _ = updated(Config(), nested(transcription={"languages": ["ko", "en"]}))
    assert several.language is None


def test_a_long_prompt_is_cut() -> None:
    config, _ = updated(Config(), nested(transcription={"prompt": "word " * 100_000 + "end"}))
    assert len(config.hints) <= MAX_HINTS_CHARS
    assert config.hints.endswith("word end")


@pytest.mark.parametrize(
    ("session", "param"),
    [
        (None, "session"),
        ([], "session"),
        (nested(format={"type": "audio/mp3"}), "session.audio.input.format.type"),
        (nested(format={"type": "audio/pcm", "rate": 11_025}), "session.audio.input.format.rate"),
        (nested(format={"type": "audio/pcmu", "rate": 16_000}), "session.audio.input.format.rate"),
        (nested(transcription={"language": "klingon"}), "session.audio.input.transcription.language"),
        (nested(transcription=5), "session.audio.input.transcription"),
        (nested(turn_detection={"type": "magic"}), "session.audio.input.turn_detection.type"),
        (nested(turn_detection={"threshold": 1.5}), "session.audio.input.turn_detection.threshold"),
        (nested(turn_detection={"threshold": float("nan")}), "session.audio.input.turn_detection.threshold"),
        (nested(turn_detection={"silence_duration_ms": 1}), "session.audio.input.turn_detection.silence_duration_ms"),
        ({"type": "translation"}, "session.type"),
        ({"input_audio_format": "opus"}, "session.input_audio_format"),
        ({"input_audio_transcription": {"language": "xx"}}, "session.input_audio_transcription.language"),
        ({"turn_detection": {"type": "semantic_vad", "eagerness": "very"}}, "session.turn_detection.eagerness"),
        ({"include": 5}, "session.include"),
    ],
)
def test_a_bad_value_is_named(session: object, param: str) -> None:
    with pytest.raises(ApiError) as refused:
        updated(Config(), session)
    assert refused.value.param == param
    assert refused.value.code == "invalid_value"


NAMES = [
    "audio",
    "input",
    "format",
    "type",
    "rate",
    "transcription",
    "language",
    "prompt",
    "turn_detection",
    "threshold",
]
NAMES += ["input_audio_format", "input_audio_transcription", "noise_reduction", "include", "keywords", "eagerness"]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["server_vad", "en"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)


@given(VALUES)
def test_whatever_comes_is_taken_or_refused_in_words(session: object) -> None:
    try:
        config, _ = updated(Config(), session)
    except ApiError as refused:
        assert refused.message
        assert refused.param
    else:
        json.dumps([config.nested("s", 1), config.flat("s", 1)], allow_nan=False)
        UtteranceJob(session="s" * 16, start=0, end=1, **config.options().of_task(LanguageLock(config.language, 3)))
