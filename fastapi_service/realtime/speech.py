"""What one client says: its turns as they begin and end, and the events that tell of them. No input or output."""

from __future__ import annotations

from collections import deque

from contract.audio import BYTES_PER_SAMPLE, MAX_FRAME_BYTES, SAMPLE_RATE_HZ
from contract.messages import Dropped, Error, Message, Partial, Result, Speakers, Turns
from contract.speech.segmenter import Cut, CutReason
from fastapi_service.live.options import Options
from fastapi_service.realtime.config import Config, SemanticVad, ServerVad
from fastapi_service.realtime.events import ApiError, Event, event, user_item
from fastapi_service.realtime.items import KNOWN_MAX, Items
from fastapi_service.realtime.sound import Decoder
from fastapi_service.realtime.turns import Turns as TurnEnds
from runtime.audio.gate import Mark

TURN_MAX_SEC = 60.0  # noise that is taken for speech must not hold back its text for ever
COMMIT_MAX_SEC = 3_600.0
COMMIT_MIN_SEC = 0.1
PIECE_SEC = 0.1  # of audio that is worked on at once
ENDS_OF_TURNS: dict[type, frozenset[CutReason]] = {
    ServerVad: frozenset({"end", "idle"}),
    SemanticVad: frozenset({"end", "idle", "sentence", "pause"}),
    type(None): frozenset(),
}

Frame = bytes | Options | None
"""What the connection of `live` takes: samples, an end or a pause, other options, or None: forget."""


class Speech:
    """`frames`: what is to be handed on. Until they are, `step` has nothing more to do."""

    def __init__(self, config: Config, sentence_wait_sec: float) -> None:
        """`sentence_wait_sec`: 0 where nobody looks for the ends of sentences."""
        self.config = config
        self.beta = False  # the client speaks the beta's protocol
        self.frames: deque[Frame] = deque()
        self._items = Items()
        self._turns = TurnEnds(config.turns, sentence_wait_sec)
        self._decoder = Decoder(config.encoding, config.rate_hz)
        self._audio: deque[bytes] = deque()  # pieces of the latest append
        self._parts: deque[bytes | Mark] = deque()  # what came out of the latest piece
        self._buffer_sec = 0.0  # audio since the last commit
        self._ending: int | None = None  # the turn ends at this sample

    @property
    def busy(self) -> bool:
        """Whether there is something to do before the next event is read."""
        return bool(self._audio or self._parts or self._ending is not None)

    def append(self, audio: bytes) -> None:
        """Take audio in the client's format."""
        pieces = self._decoder.pieces(audio, PIECE_SEC)
        self._audio.extend(pieces)
        self._buffer_sec += self._decoder.seconds(audio)

    def step(self) -> tuple[list[Event], int]:
        """Work on a little of what was appended; returns events, and how many bytes at 16 kHz that was."""
        if self._ending is not None:  # all frames are handed on, so its last utterance has been cut
            position, self._ending = self._ending, None
            return (self._close(position) if self._items.current else []), 0
        if self._parts:
            return self._take(self._parts.popleft()), 0
        pcm = self._decoder.feed(self._audio.popleft())
        self._parts.extend(self._turns.feed(pcm))
        return [], len(pcm)

    def update(self, config: Config) -> list[Event]:
        """Other settings, from here on."""
        before, self.config = self.config, config
        events: list[Event] = []
        if (config.encoding, config.rate_hz) != (before.encoding, before.rate_hz):
            self._decoder = Decoder(config.encoding, config.rate_hz)
        if config.turns != before.turns:
            events = self._pass(self._turns.flush())
            self._turns.change(config.turns)
        self.frames.append(config.options())
        return events

    def commit(self) -> list[Event]:
        """The client ends a turn. Raises ApiError where there is none."""
        item, sec = self._items.current, self._buffer_sec
        if self._turns.vad is not None:
            sec = (self._turns.passed - item.begin) / SAMPLE_RATE_HZ if item else 0.0
        if sec < COMMIT_MIN_SEC:
            words = f"There is too little to commit: {1000 * sec:.0f} ms of audio, of which 100 ms are needed at least."
            raise ApiError(words, code="input_audio_buffer_commit_empty")
        events: list[Event] = []
        for part in [*self._turns.feed(self._decoder.flush()), self._turns.flush()]:
            item = self._items.current  # the session may have cut all of it: then a rest of milliseconds is left out
            if isinstance(part, bytes) and not (item and item.pieces and item.end == self._turns.passed):
                events += self._pass(part)
        if not self._items.current:
            events += self._open(self._turns.passed)
        self._end()
        return events

    def clear(self) -> list[Event]:
        """Drop what is not committed."""
        self._items.forget()
        self._decoder.flush()
        self._turns.flush()
        self._turns.change(self._turns.vad)
        self._buffer_sec = 0.0
        self.frames.append(None)
        return [event("input_audio_buffer.cleared")]

    def retrieve(self, item_id: object) -> list[Event]:
        """The client asks for a turn that has ended. Raises ApiError where it is not known."""
        if not isinstance(item_id, str):
            raise ApiError("`item_id` is missing.", "item_id", "missing_required_parameter")
        item = self._items.retrieved(item_id)
        if item is None:
            words = (
                f"No item {item_id[:100]!a} is known: the latest {KNOWN_MAX} turns that have ended can be retrieved."
            )
            raise ApiError(words, "item_id", "item_retrieve_invalid_item_id")
        return [event("conversation.item.retrieved", item=item)]

    def cut(self, cut: Cut) -> list[Event]:
        """The session has cut an utterance."""
        self._items.add(cut)
        item = self._items.current
        if item is None:
            return []
        longest = COMMIT_MAX_SEC if self._turns.vad is None else TURN_MAX_SEC
        committed = self._ending is not None and cut.end >= self._ending
        too_long = cut.end - item.begin >= longest * SAMPLE_RATE_HZ
        if not (committed or too_long or cut.reason in ENDS_OF_TURNS[type(self._turns.vad)]):
            return []
        events = self._close(cut.end)
        if cut.end < self._turns.passed:
            events += self._open(cut.end)
        return events

    def message(self, message: Message) -> list[Event]:
        """The session tells of an utterance."""
        if isinstance(message, Partial):
            return self._items.partial(message)
        if isinstance(message, Result | Dropped | Error):
            return self._items.outcome(message)
        if isinstance(message, Turns | Speakers):
            return self._items.speakers(message)
        return []

    @property
    def held(self) -> str | None:
        """The turn whose end is held back for who speaks it; None: there is none."""
        return self._items.held

    def let_go(self, item_id: str) -> list[Event]:
        """That turn has been held back for long enough."""
        return self._items.let_go(item_id)

    def _take(self, part: bytes | Mark) -> list[Event]:
        if isinstance(part, bytes):
            return self._pass(part)
        if part is Mark.PAUSE or self._turns.vad is None:
            self.frames.append(b"")
        else:
            self._end()
        return []

    def _pass(self, pcm: bytes) -> list[Event]:
        """Hand `pcm` on; where nobody spoke, somebody begins."""
        if not pcm:
            return []
        begin = self._turns.passed
        self._turns.passed += len(pcm) // BYTES_PER_SAMPLE
        self.frames.extend(pcm[first : first + MAX_FRAME_BYTES] for first in range(0, len(pcm), MAX_FRAME_BYTES))
        return [] if self._items.current else self._open(begin)

    def _end(self) -> None:
        """The turn ends here. Where a first empty frame marks a pause, the second is the end."""
        self.frames.extend([b"", b""] if isinstance(self._turns.vad, SemanticVad) else [b""])
        self._ending = self._turns.passed

    def _open(self, begin: int) -> list[Event]:
        heard = self._turns.vad is not None
        item = self._items.open(begin, self.config.live, heard, self.config.speakers)
        if not heard:
            return []
        start_ms = self._turns.start_ms(begin)
        return [event("input_audio_buffer.speech_started", item_id=item.id, audio_start_ms=start_ms)]

    def _close(self, end: int) -> list[Event]:
        events: list[Event] = []
        item = self._items.current
        assert item is not None
        if item.announced:
            end_ms = self._turns.end_ms(end)
            events.append(event("input_audio_buffer.speech_stopped", item_id=item.id, audio_end_ms=end_ms))
        if self._turns.vad is None:
            item.seconds = self._buffer_sec
        before = self._items.close()
        self._buffer_sec = 0.0
        events.append(event("input_audio_buffer.committed", item_id=item.id, previous_item_id=before))
        told = {"previous_item_id": before, "item": user_item(item.id)}
        kinds = ("created",) if self.beta else ("added", "done")
        events += [event(f"conversation.item.{kind}", **told) for kind in kinds]
        return events + self._items.told()
