"""An uploaded file on its way through gateway and file worker: its job, its state in Redis, its finished segments.

What changes the state in more than one step is a script, so that a file ends once and is worked on by one worker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import channel_session
from contract.jobs import LANGUAGE_PATTERN, MAX_CHANNELS, MAX_POSITION, SESSION_PATTERN, Hints, now_ms
from contract.keys import (
    FILES_KEY,
    KEPT_FILES_KEY,
    PLACE,
    SENT_SEGMENTS_KEY,
    file_content_key,
    file_key,
    file_segments_key,
    file_wanted_key,
)
from contract.messages import UtteranceOutcome
from contract.queues import STT_QUEUE

FileState = Literal["waiting", "working", "done", "failed", "cancelled"]
FileId = Annotated[str, StringConstraints(pattern=SESSION_PATTERN)]
ACTIVE: tuple[FileState, ...] = ("waiting", "working")
HELD_SHARE = 0.5  # of the visibility timeout: a file whose worker was not heard of for so long may be taken by another


class FileJob(BaseModel):
    """What is to be done with one file. `session` is the secret session of its utterances; `content` is the SHA-256 of
    its bytes and of what was asked for; `body_bytes` is the length of the request that brought it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: FileId
    session: FileId
    content: str = Field(pattern=r"^[0-9a-f]{64}$")
    file_bytes: int = Field(ge=0)
    body_bytes: int = Field(0, ge=0)
    language: str | None = Field(None, pattern=LANGUAGE_PATTERN)
    hints: Hints = ""
    word_times: bool = False
    speakers: bool = False

    @property
    def again_session(self) -> str:
        """The secret session of those of its segments that are heard again, in the file's language."""
        return f"{self.session[:100]}-again"

    def sessions_of(self, channel: int | None) -> tuple[str, str]:
        """The secret sessions of a channel's segments, and of those of them that are heard again: segments of two
        channels may begin at the same sample. None: all channels are heard as one, in the sessions of the first."""
        if channel is None or channel == 1:
            return self.session, self.again_session
        name = channel_session(self.session, channel)
        return name, f"{name}-again"

    @property
    def all_sessions(self) -> list[str]:
        """Those of every channel that there may be."""
        return [session for channel in range(1, MAX_CHANNELS + 1) for session in self.sessions_of(channel)]


class FileTurn(BaseModel):
    """Samples `start` to `end` (exclusive) of a file, which one person speaks; `speaker` from 1 on, in the order in
    which they first speak."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    speaker: int = Field(ge=1)
    start: int = Field(ge=0, le=MAX_POSITION)
    end: int = Field(ge=0, le=MAX_POSITION)


class FileSpeakers(BaseModel):
    """Who speaks in a file, in order: the field `speakers` of its hash, as JSON."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    turns: list[FileTurn]


class FileSegment(BaseModel):
    """Samples `start` to `end` (exclusive) of a file, and how their utterance ended. `channel`: from 1 on, of a file
    whose channels are a speaker each. They are in order of their start, then of the channel."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    start: int = Field(ge=0, le=MAX_POSITION)
    end: int = Field(ge=0, le=MAX_POSITION)
    outcome: UtteranceOutcome
    channel: int | None = Field(None, ge=1, le=MAX_CHANNELS)

    @property
    def place(self) -> tuple[int, int]:
        """Its place among the file's segments."""
        return self.start, self.channel or 0

    @property
    def start_sec(self) -> float:
        """Where it begins in the file."""
        return round(self.start / SAMPLE_RATE_HZ, 3)

    @property
    def end_sec(self) -> float:
        """Where it ends in the file."""
        return round(self.end / SAMPLE_RATE_HZ, 3)


@dataclass(frozen=True)
class FileView:
    """A file as its hash tells it. `total_samples` is 0 while unknown; `status`, `code` and `message` say why it
    failed, or, of one that is done, what is missing in it; `touched_ms` is when a worker was last heard of.

    What is missing in figures: so many parts, the first of them at that second, and all beyond `cut_off_sec`.
    `no_speakers`: why it is not told who speaks, where that was asked."""

    state: FileState
    done_samples: int
    total_samples: int
    waiting: bool
    touched_ms: float
    status: int
    code: str
    message: str
    missing_parts: int = 0
    first_missing_sec: float | None = None
    cut_off_sec: float | None = None
    no_speakers: str = ""


DAMAGE_FIELDS = ("missing_parts", "first_missing_sec", "cut_off_sec")
MISSING_FIELDS = (*DAMAGE_FIELDS, "no_speakers")
VIEW_FIELDS = ("state", "done", "total", "holds_back", "touched", "status", "code", "message", *MISSING_FIELDS)


def view_of(values: list[bytes | None]) -> FileView | None:
    """The view in the values of VIEW_FIELDS; None for a file that is gone."""
    if values[0] is None:
        return None
    text = [(value or b"").decode(errors="replace") for value in values]
    state: Any = text[0]
    return FileView(
        state,
        int(text[1] or 0),
        int(text[2] or 0),
        text[3] == "1",
        float(text[4] or 0),
        int(text[5] or 0),
        text[6],
        text[7],
        missing_parts=int(text[8] or 0),
        first_missing_sec=float(text[9]) if text[9] else None,
        cut_off_sec=float(text[10]) if text[10] else None,
        no_speakers=text[11],
    )


def file_path(folder: Path, file_id: str) -> Path:
    """Where the audio of a file is: the name is a hash, so that no id leads out of the folder."""
    return folder / hashlib.sha256(file_id.encode()).hexdigest()


def content_digest(file_sha256: str, options: Mapping[str, object]) -> str:
    """What tells a file that comes again: its bytes' SHA-256 and what was asked for."""
    asked = "\0".join(f"{name}={options[name]}" for name in sorted(options))
    return hashlib.sha256(f"{file_sha256}\0{asked}".encode()).hexdigest()


def _script(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


BEGIN_SCRIPT, TAKE_SCRIPT = _script("begin_file.lua"), _script("take_file.lua")
APPEND_SCRIPT, END_SCRIPT = _script("append_segment.lua"), _script("end_file.lua")
NOTE_SCRIPT, SEND_SCRIPT = _script("note_file.lua"), _script("may_send_segment.lua")
Call = tuple[str, list[str], list[str]]  # script, keys, arguments


def begin_call(job: FileJob, files_max: int, ttl_sec: int, wanted_sec: int) -> Call:
    """Begin `job`. Answers [id, 1], or [id, 0] where the same is known already, or nothing where no place is free."""
    keys = [file_content_key(job.content), FILES_KEY, file_key(job.id), file_wanted_key(job.id)]
    arguments = [job.id, job.model_dump_json(), str(int(now_ms())), str(ttl_sec), str(files_max), str(wanted_sec)]
    return BEGIN_SCRIPT, keys, [*arguments, file_key(PLACE), file_wanted_key(PLACE)]


def take_call(file_id: str, holder: str, ttl_sec: int, visibility_timeout_sec: int) -> Call:
    """Take a file to work on it. Answers how often that was done without progress, 0 when it has ended or is gone,
    -1 when another worker is on it."""
    arguments = [holder, str(int(now_ms())), str(int(1000 * HELD_SHARE * visibility_timeout_sec)), str(ttl_sec)]
    return TAKE_SCRIPT, [file_key(file_id)], arguments


def note_call(file_id: str, fields: Mapping[str, float | str], ttl_sec: int) -> Call:
    """Write `fields` down. Answers 0 where the file is gone."""
    pairs = [str(part) for pair in fields.items() for part in pair]
    return NOTE_SCRIPT, [file_key(file_id)], [str(ttl_sec), *pairs]


def append_call(file_id: str, holder: str, number: int, segment: FileSegment, ttl_sec: int) -> Call:
    """Write down segment `number` (from 0). Answers 0 when the file is not this worker's any more."""
    keys = [file_key(file_id), file_segments_key(file_id)]
    arguments = [holder, str(number), segment.model_dump_json(), str(segment.end), str(int(now_ms())), str(ttl_sec)]
    return APPEND_SCRIPT, keys, arguments


def end_call(
    job: FileJob, state: FileState, ttl_sec: int, status: int = 0, code: str = "", message: str = "", total: int = 0
) -> Call:
    """End a file. Answers 1, or 0 when it had ended before. `total`: its samples. See FileView for the rest."""
    keys = [file_key(job.id), FILES_KEY, KEPT_FILES_KEY, file_segments_key(job.id), file_content_key(job.content)]
    arguments = [job.id, state, str(status), code, message, str(total), str(int(now_ms())), str(ttl_sec)]
    return END_SCRIPT, keys, arguments


def may_send_call(done_key: str, outstanding: int, waiting: int, stale_sec: float) -> Call:
    """Take a place among the `outstanding` segments there may be. Answers 1, or 0 while these have one, or more than
    `waiting` tasks are in the speech queue: live work goes first."""
    arguments = [done_key, str(outstanding), str(int(now_ms())), str(int(1000 * stale_sec)), str(waiting)]
    return SEND_SCRIPT, [STT_QUEUE, SENT_SEGMENTS_KEY], arguments
