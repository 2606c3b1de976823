"""A session as its client has set it, and how it is told: in the shape of the current API, and of its beta. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fastapi_service.live.options import Options
from fastapi_service.realtime.events import Event

Encoding = Literal["pcm", "ulaw", "alaw"]
Eagerness = Literal["low", "medium", "high", "auto"]
FLAT_NAMES: dict[Encoding, str] = {"pcm": "pcm16", "ulaw": "g711_ulaw", "alaw": "g711_alaw"}
MIME_NAMES: dict[Encoding, str] = {"pcm": "audio/pcm", "ulaw": "audio/pcmu", "alaw": "audio/pcma"}
DEFAULT_RATE_HZ = 24_000
G711_RATE_HZ = 8_000
PATIENCE: dict[Eagerness, float] = {"low": 1.5, "medium": 1.0, "auto": 1.0, "high": 0.5}
AT_ONCE = "whisper-1"  # whose clients know one delta, which is the whole text
BY_COMMIT = (
    "gpt-realtime-whisper",
    "gpt-live-transcribe",
)  # whose clients commit every turn, unless they say otherwise


@dataclass(frozen=True)
class ServerVad:
    """A turn ends after `silence_ms` of quiet."""

    threshold: float = 0.5
    prefix_ms: int = 300
    silence_ms: int = 500

    def told(self) -> dict[str, Any]:
        """As clients know it."""
        return {
            "type": "server_vad",
            "threshold": self.threshold,
            "prefix_padding_ms": self.prefix_ms,
            "silence_duration_ms": self.silence_ms,
        }


@dataclass(frozen=True)
class SemanticVad:
    """A turn ends with a sentence."""

    eagerness: Eagerness = "auto"

    def told(self) -> dict[str, Any]:
        """As clients know it."""
        return {"type": "semantic_vad", "eagerness": self.eagerness}


@dataclass(frozen=True)
class Config:
    """`language`: its code, as told by `language_told`."""

    encoding: Encoding = "pcm"
    rate_hz: int = DEFAULT_RATE_HZ
    model: str = ""
    language: str | None = None
    language_told: str | None = None
    prompt: str = ""  # as it was given, cut where it is long
    hints: str = ""  # what the recogniser gets of it
    asked_turns: ServerVad | SemanticVad | None = field(default_factory=ServerVad)
    turns_asked: bool = False  # the client has said so
    noise_reduction: dict[str, Any] | None = None
    include: list[str] | None = None
    kind: str = "transcription"
    speakers: bool = False  # our own: who speaks is told with each transcript

    @property
    def turns(self) -> ServerVad | SemanticVad | None:
        """How a turn ends; None: when the client commits it."""
        return None if self.model in BY_COMMIT and not self.turns_asked else self.asked_turns

    @property
    def live(self) -> bool:
        """Whether text is told while it is spoken."""
        return self.model != AT_ONCE

    def options(self) -> Options:
        """What the session of `live` is asked for."""
        semantic = isinstance(self.turns, SemanticVad)
        options = Options(sentences="1" if semantic else "0", joined=not semantic)
        options.speakers = "1" if self.speakers else "0"
        options.language, options.hints = self.language, self.hints
        if isinstance(self.turns, SemanticVad):
            options.patience = PATIENCE[self.turns.eagerness]
        return options

    def _own(self) -> Event:
        return {"speakers": True} if self.speakers else {}

    def _transcription(self) -> dict[str, Any]:
        return {"model": self.model, "language": self.language_told, "prompt": self.prompt}

    def nested(self, session_id: str, expires_at: int) -> Event:
        """The session in the current shape."""
        sound: dict[str, Any] = {"type": MIME_NAMES[self.encoding]}
        if self.encoding == "pcm":
            sound["rate"] = self.rate_hz
        return {
            "type": self.kind,
            "object": "realtime.session" if self.kind == "realtime" else "realtime.transcription_session",
            "id": session_id,
            "expires_at": expires_at,
            "audio": {
                "input": {
                    "format": sound,
                    "transcription": self._transcription(),
                    "noise_reduction": self.noise_reduction,
                    "turn_detection": None if self.turns is None else self.turns.told(),
                }
            },
            "include": self.include,
            **self._own(),
        }

    def flat(self, session_id: str, expires_at: int) -> Event:
        """The session in the shape of the beta."""
        return {
            "object": "realtime.transcription_session",
            "id": session_id,
            "expires_at": expires_at,
            "model": self.model,
            "modalities": ["text"],
            "input_audio_format": FLAT_NAMES[self.encoding],
            "input_audio_transcription": self._transcription(),
            "input_audio_noise_reduction": self.noise_reduction,
            "turn_detection": None if self.turns is None else self.turns.told(),
            "include": self.include,
            **self._own(),
        }
