"""What a session is told of who speaks, once for each utterance, and the state that is kept of it.

The state in Redis is what the engine knows of the voices, which utterances were heard by now, and how many numbers had
been given before it began: numbers are never given again, also where the voices were forgotten.
"""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import redis

from contract.ids import utterance_id
from contract.jobs import SpeakerJob
from contract.messages import MAX_SPEAKERS, Speaker, Speakers, Turn, Turns
from contract.state.speakers import SessionSpeakers, session_speakers, tell_speakers
from speaker_worker.engine.live import LiveSpeakers, Told
from speaker_worker.engine.voices import UtteranceVoices
from speaker_worker.settings import SpeakerSettings

logger = logging.getLogger(__name__)

ATTEMPTS = 10  # others write as well: other workers, who gives a name
HEARD_MAX = 256  # utterances that may come again; a task does so within the visibility timeout
HEAD = struct.Struct("<4sI")
MAGIC = b"WTS1"


@dataclass
class SessionState:
    """`voices`: the engine's. `heard`: first samples of utterances, the latest last. `given`: the highest number that
    was given before the engine's first one."""

    voices: bytes = b""
    heard: list[int] = field(default_factory=list)
    given: int = 0

    def pack(self) -> bytes:
        """As bytes."""
        head = json.dumps({"heard": self.heard[-HEARD_MAX:], "given": self.given}).encode()
        return HEAD.pack(MAGIC, len(head)) + head + self.voices


def state_of(known: SessionSpeakers) -> SessionState:
    """The state of a session; a new one where there is none, or another version's."""
    try:
        magic, length = HEAD.unpack_from(known.state)
        if magic == MAGIC:
            head = json.loads(known.state[HEAD.size : HEAD.size + length])
            return SessionState(
                known.state[HEAD.size + length :], [int(one) for one in head["heard"]], int(head["given"])
            )
    except (struct.error, ValueError, LookupError, TypeError):
        pass
    if known.state:
        logger.error("the voices kept of a session are unusable: they are heard anew")
    return SessionState(given=max((one.speaker for one in known.speakers), default=0))


@dataclass(frozen=True)
class Summary:
    """What was told, in figures. `unsure`: nobody knows yet who speaks a part of it."""

    turns: int
    unsure: bool
    new: int
    merged: int


class SessionTeller:
    """Tells sessions who speaks. Calls to Redis are made once: methods raise REDIS_ERRORS."""

    def __init__(self, client: redis.Redis, settings: SpeakerSettings) -> None:
        self._client = client
        self._settings = settings

    def tell(self, job: SpeakerJob, voices: UtteranceVoices) -> Summary | str:
        """Tell the session who speaks `job`. Or `repeated`: it was told before; `conflict`: somebody else always wrote
        first."""
        for _ in range(ATTEMPTS):
            known = session_speakers(self._client, job.session)
            state = state_of(known)
            if job.start in state.heard:
                return "repeated"
            live = LiveSpeakers.from_state(state.voices, self._settings.speakers_max)
            found = live.hear(job.start, voices, job.text, job.words)
            messages, summary = self._messages(job, known, state, found)
            state.voices = live.to_state()
            state.heard.append(job.start)
            if tell_speakers(self._client, job.session, known, state.pack(), messages, self._settings):
                return summary
        return "conflict"

    def _messages(
        self, job: SpeakerJob, known: SessionSpeakers, state: SessionState, found: Told
    ) -> tuple[list[tuple[int | None, Turns | Speakers]], Summary]:
        speakers = {one.speaker: one for one in known.speakers}
        new = merged = 0
        for number in found.new:
            shown = number + state.given
            if shown not in speakers and len(speakers) < MAX_SPEAKERS:
                speakers[shown] = Speaker(speaker=shown)
                new += 1
        for number, other in found.merged:
            shown, same_as = number + state.given, other + state.given
            if shown in speakers and same_as in speakers:
                speakers[shown] = speakers[shown].model_copy(update={"same_as": same_as})
                merged += 1
        messages: list[tuple[int | None, Turns | Speakers]] = []
        if new or merged:
            messages.append((None, Speakers(speakers=[speakers[number] for number in sorted(speakers)])))
        own: Sequence[Turn] = ()
        for start, turns in found.turns:
            shown_turns = [shown_turn(turn, state.given, speakers) for turn in turns]
            if start == job.start:
                own = shown_turns
            messages.append((start, Turns(utterance=utterance_id(job.session, start), turns=shown_turns)))
        return messages, Summary(len(own), any(turn.speaker is None for turn in own), new, merged)


def shown_turn(turn: Turn, given: int, speakers: Mapping[int, Speaker]) -> Turn:
    """`turn` with the number that the session knows; nobody's where there is no place for another speaker."""
    number = None if turn.speaker is None else turn.speaker + given
    return turn.model_copy(update={"speaker": number if number in speakers else None})
