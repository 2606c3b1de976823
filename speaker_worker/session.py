"""What a session is told of who speaks, once for each utterance, and the state that is kept of it.

The state in Redis is what the engine knows of the voices, and which utterances were heard by now: both are written in
the one step that tells, so that a task that comes again tells nothing twice.
"""

from __future__ import annotations

import json
import logging
import struct
from dataclasses import dataclass, field

import redis

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import utterance_id
from contract.jobs import SpeakerJob
from contract.messages import Speaker, Speakers, Turn, Turns
from contract.state.speakers import SessionSpeakers, session_speakers, tell_speakers
from speaker_worker.engine.live import LiveSpeakers, Told
from speaker_worker.engine.voices import UtteranceVoices
from speaker_worker.settings import SpeakerSettings

logger = logging.getLogger(__name__)

ATTEMPTS = 10  # others write as well: other workers, who gives a name
HEARD_MAX = 256  # utterances that may come again; a task does so within the visibility timeout
MAGIC = b"WTS1"
HEAD = struct.Struct("<4sI")  # bytes of JSON


@dataclass
class SessionState:
    """`voices`: the engine's. `heard`: first samples of utterances, the latest last."""

    voices: bytes = b""
    heard: list[int] = field(default_factory=list)

    def pack(self) -> bytes:
        """As bytes."""
        head = json.dumps(self.heard[-HEARD_MAX:]).encode()
        return HEAD.pack(MAGIC, len(head)) + head + self.voices


def unpacked(state: bytes) -> SessionState:
    """What `pack` gave; an empty one where there is nothing (voices that are to be forgotten), or another version's."""
    try:
        magic, size = HEAD.unpack_from(state)
        if magic == MAGIC:
            heard = [int(start) for start in json.loads(state[HEAD.size : HEAD.size + size])]
            return SessionState(state[HEAD.size + size :], heard)
    except (struct.error, ValueError, TypeError):
        pass
    if state:
        logger.error("the voices kept of a session are unusable: it is heard anew")
    return SessionState()


@dataclass(frozen=True)
class Summary:
    """What was told, in figures. `unsure`: nobody knows yet who speaks a part of it."""

    turns: int
    unsure: bool
    new: int
    merged: int


class SessionTeller:
    """Tells sessions who speaks. Calls to Redis are made once: methods raise REDIS_ERRORS."""

    def __init__(self, client: redis.Redis, encoder: str, settings: SpeakerSettings) -> None:
        self._client = client
        self._encoder = encoder
        self._settings = settings

    def tell(self, job: SpeakerJob, voices: UtteranceVoices) -> Summary | str:
        """Tell the session who speaks `job`. Or `repeated`: it was told before; `conflict`: somebody else always wrote
        first."""
        for _ in range(ATTEMPTS):
            known = session_speakers(self._client, job.session)
            state = unpacked(known.state)
            if job.start in state.heard:
                return "repeated"
            live = LiveSpeakers.from_state(
                state.voices,
                max_speakers=self._settings.speakers_max,
                numbers_taken=max((one.speaker for one in known.speakers), default=0),
                encoder=self._encoder,
            )
            found = live.hear(job.start, voices, job.text, job.words, job.language or "en")
            messages, summary = messages_of(job, known, found)
            state.voices = live.to_state()
            state.heard.append(job.start)
            if tell_speakers(self._client, job.session, known, state.pack(), messages, self._settings):
                return summary
        return "conflict"


def messages_of(
    job: SpeakerJob, known: SessionSpeakers, found: Told
) -> tuple[list[tuple[int | None, Turns | Speakers]], Summary]:
    """What to tell of `found`, all speakers first, each with the first sample of the utterance that it is about."""
    speakers = {one.speaker: one for one in known.speakers}
    for number in found.new:
        speakers.setdefault(number, Speaker(speaker=number))
    for number, same_as in found.merged:
        one = speakers.get(number, Speaker(speaker=number))
        speakers[number] = one.model_copy(update={"same_as": same_as})
        other = speakers.get(same_as, Speaker(speaker=same_as))
        if one.name and not other.name:  # the name was given to the person, not to the number
            speakers[same_as] = other.model_copy(update={"name": one.name})
    messages: list[tuple[int | None, Turns | Speakers]] = []
    if found.new or found.merged:
        messages.append((None, Speakers(speakers=[speakers[number] for number in sorted(speakers)])))
    own: list[Turn] = []
    for start, turns in found.turns:
        told = turns
        if start == job.start:
            told = own = turns or [nobodys(job)]
        messages.append((start, Turns(utterance=utterance_id(job.session, start), turns=told)))
    unsure = any(turn.speaker is None for turn in own)
    return messages, Summary(len(own), unsure, len(found.new), len(found.merged))


def nobodys(job: SpeakerJob) -> Turn:
    """The one turn of an utterance in which there is too little of a voice."""
    begin, end = (round(at / SAMPLE_RATE_HZ, 3) for at in (job.start, job.end))
    return Turn(speaker=None, start_sec=begin, end_sec=end, first_char=0, end_char=len(job.text))
