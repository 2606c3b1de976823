"""Reads the durable stream of outcomes in order, counts each exactly once and relays it.

The position in the stream, the statistics and the messages to the gateway change in one transaction. A process that
is killed at any moment has done either all of that for an outcome or nothing, and the next one continues from there.
Two listeners on one Redis slow each other down but count no outcome twice: the slower one's transaction fails.
"""

from __future__ import annotations

import json
import logging
import math
from collections import OrderedDict
from typing import cast

import redis
from pydantic import ValidationError
from redis.client import Pipeline

from contract.events import OutcomeEvent, SpeakerEvent, StatsEvent
from contract.ids import session_tag
from contract.jobs import now_ms
from contract.keys import LISTENER_STATE_KEY, OUTCOMES_STREAM, session_outcomes_key, shown_stats_key, stats_key
from contract.messages import Result, Speakers
from contract.queues import FINAL_STATS, RESULT_MESSAGES
from listener_service.counts import Statistics, load_statistics
from listener_service.lines import console_line, speakers_console_line
from listener_service.metrics import ListenerMetrics
from listener_service.result_log import ResultLog
from listener_service.settings import ListenerSettings

logger = logging.getLogger(__name__)

START = "0-0"
LATEST_MS = 1e14  # in the year 5138
STATE_TTL_SEC = 30 * 86_400  # of the statistics over all, unused: a service may rest for weeks
SESSIONS_CACHED = 1_000  # whose statistics are held in memory; the rest are in Redis
Entry = tuple[bytes, dict[bytes, bytes]]
Utterance = tuple[str, int]  # session and first sample


class OutcomeCounter:
    """The statistics and the position of one listener. Redis holds the truth; what is here is a copy."""

    def __init__(
        self,
        client: redis.Redis,
        settings: ListenerSettings,
        log: ResultLog,
        metrics: ListenerMetrics | None = None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._log = log
        self._metrics = metrics or ListenerMetrics()
        self._saved: bytes | None = b""  # what Redis holds, as far as is known; b"" for unknown
        self._position = START
        self._service = Statistics()
        self._sessions: OrderedDict[str, Statistics] = OrderedDict()

    def step(self) -> int:
        """Handle the next entries of the stream, `batch` of them at most; returns how many there were.

        Raises redis.RedisError; the same entries come again with the next call.
        """
        try:
            return self._step()
        except redis.WatchError:
            self._saved = b""
            logger.warning("another listener works on the same Redis: reading its statistics")
            return 1
        except BaseException:
            self._saved = b""
            raise

    def _step(self) -> int:
        with self._client.pipeline(transaction=True) as pipe:
            pipe.watch(LISTENER_STATE_KEY)
            saved = cast("bytes | None", pipe.get(LISTENER_STATE_KEY))
            if saved != self._saved:
                self._adopt(pipe, saved)
            entries = cast(
                list[Entry], pipe.xrange(OUTCOMES_STREAM, _next(self._position), count=self._settings.listener_batch)
            )
            if not entries:
                return 0
            events = [event for event in map(_parse, entries) if event is not None]
            counted = {event.session for event in events if isinstance(event, SpeakerEvent) or not event.repetition}
            self._load_sessions(pipe, counted)
            results = self._awaited(events)
            pipe.multi()
            relayed: list[OutcomeEvent] = []
            told: list[SpeakerEvent] = []
            for event in events:
                if isinstance(event, OutcomeEvent):
                    relayed.append(self._count(pipe, event))
                elif self._count_speakers(pipe, event, results):
                    told.append(event)
            for session in counted:
                state = json.dumps(self._sessions[session].to_json())
                pipe.set(stats_key(session), state, ex=self._settings.session_ttl_sec)
            self._position = entries[-1][0].decode()
            self._saved = json.dumps({"position": self._position, "statistics": self._service.to_json()}).encode()
            pipe.set(LISTENER_STATE_KEY, self._saved, ex=STATE_TTL_SEC)
            for outcome in relayed:
                self._log.write(outcome)
            for one in told:
                self._log.write_speakers(one)
            pipe.execute()
        self._metrics.counted(relayed)
        for outcome in relayed:
            logger.info(console_line(outcome, self._settings.console_text))
        for one in told:
            self._metrics.told(one, self._sessions[one.session].speakers.numbers)
            logger.info(speakers_console_line(one))
        while len(self._sessions) > SESSIONS_CACHED:
            self._sessions.popitem(last=False)
        return len(entries)

    def _count(self, pipe: Pipeline, event: OutcomeEvent) -> OutcomeEvent:
        """Count `event`, unless it is a repetition, and queue its messages; returns it as it is relayed."""
        event = _relayed(event)
        pipe.publish(RESULT_MESSAGES, event.model_dump_json())
        # The first hearing is the one that counts: it has been counted by now, and what is counted is never taken back.
        if event.repetition:
            return event
        session = self._sessions[event.session]
        self._service.add(event.message)
        if event.seq > session.last_seq:
            if missed := event.seq - session.last_seq - 1:
                logger.warning("session %s: %d outcomes were never seen", session_tag(event.session), missed)
            session.add(event.message)
            session.last_seq = event.seq
            if isinstance(event.message, Result):
                session.speakers.add_result(event.start, event.seq, event.message)
        else:
            logger.warning("%s: counted before in its session", event.message.utterance)
        self._tell(pipe, event.session)
        return event

    def _count_speakers(self, pipe: Pipeline, event: SpeakerEvent, results: dict[Utterance, Result]) -> bool:
        """Count what was found out about who speaks; whether it is new."""
        speakers = self._sessions[event.session].speakers
        if event.rev <= speakers.last_rev:
            logger.warning("session %s: speakers' revision %d came before", session_tag(event.session), event.rev)
            return False
        speakers.last_rev = event.rev
        if isinstance(event.speakers, Speakers):
            speakers.note(event.speakers.speakers)
        elif event.start is not None:
            speakers.add_turns(event.start, event.speakers.turns, results.get((event.session, event.start)))
        self._tell(pipe, event.session)
        return True

    def _tell(self, pipe: Pipeline, session: str) -> None:
        """Queue the statistics for those who listen to `session`."""
        block = self._sessions[session].block()
        told = StatsEvent(session=session, stats_session=block, stats_service=self._service.block()).model_dump_json()
        pipe.set(shown_stats_key(session), told, ex=self._settings.session_ttl_sec)
        pipe.publish(FINAL_STATS, told)

    def _awaited(self, events: list[OutcomeEvent | SpeakerEvent]) -> dict[Utterance, Result]:
        """The results of which these events tell who speaks them: of this batch, or counted before and read again."""
        found: dict[Utterance, Result] = {}
        needed: dict[Utterance, int] = {}
        for event in events:
            if isinstance(event, OutcomeEvent):
                if isinstance(event.message, Result) and not event.repetition:
                    found[event.session, event.start] = event.message
            elif event.start is not None:
                seq = self._sessions[event.session].speakers.awaited(event.start)
                if seq is not None:
                    needed[event.session, event.start] = seq
        needed = {utterance: seq for utterance, seq in needed.items() if utterance not in found}
        if needed:
            pipe = self._client.pipeline(transaction=False)
            for (session, _), seq in needed.items():
                pipe.xrange(session_outcomes_key(session), f"{seq}-0", f"{seq}-0")
            for utterance, entries in zip(needed, cast("list[list[Entry]]", pipe.execute()), strict=True):
                again = _parse(entries[0]) if entries else None
                if isinstance(again, OutcomeEvent) and isinstance(again.message, Result):
                    found[utterance] = again.message
        return found

    def _load_sessions(self, pipe: Pipeline, sessions: set[str]) -> None:
        """Load the statistics of `sessions`, as the most recently used."""
        absent = [session for session in sessions if session not in self._sessions]
        states = cast("list[bytes | None]", pipe.mget([stats_key(session) for session in absent])) if absent else []
        for session, state in zip(absent, states, strict=True):
            statistics = load_statistics(state)
            if statistics is None and state is not None:
                logger.error("session %s: its statistics cannot be read and begin anew", session_tag(session))
            self._sessions[session] = statistics or Statistics()
        for session in sessions:
            self._sessions.move_to_end(session)

    def _adopt(self, pipe: Pipeline, saved: bytes | None) -> None:
        """Load position and statistics from Redis; those in memory are outdated."""
        self._sessions.clear()
        self._position, self._service = START, Statistics()
        if saved is not None:
            try:
                state = json.loads(saved)
                milliseconds, number = str(state["position"]).split("-")
                service = Statistics.from_json(state["statistics"])
                self._position, self._service = f"{int(milliseconds)}-{int(number)}", service
            except (ValueError, KeyError, TypeError, AttributeError):
                logger.error("the saved statistics cannot be read: counting again from the stream's first outcome")
        self._saved = saved
        self._look_for_gap(pipe)

    def _look_for_gap(self, pipe: Pipeline) -> None:
        """Log it when the stream has lost outcomes that were not counted, or was replaced."""
        first = cast(list[Entry], pipe.xrange(OUTCOMES_STREAM, count=1))
        if not first or self._position == START:
            return
        info = pipe.xinfo_stream(OUTCOMES_STREAM)
        if _order(info["last-generated-id"]) < _order(self._position):
            logger.warning("the stream of outcomes began anew: counting from its first outcome")
            self._position = START
            return
        if "entries-added" in info:
            trimmed = info["entries-added"] > info["length"]
        else:  # Redis before 7 does not tell; it trims only what is at its bound
            trimmed = info["length"] >= self._settings.outcomes_max
        if trimmed and _order(first[0][0]) > _order(self._position):
            gap = f"{self._position} and {first[0][0].decode()}"
            logger.warning("the stream was trimmed beyond the last position: outcomes between %s may be lost", gap)


def _next(entry_id: str) -> str:
    """The lowest id above this one: a range that leaves its first entry out is not in every Redis that others run."""
    milliseconds, number = _order(entry_id)
    return f"{milliseconds}-{number + 1}"


def _order(entry_id: bytes | str) -> tuple[int, int]:
    text = entry_id.decode() if isinstance(entry_id, bytes) else entry_id
    milliseconds, number = text.split("-")
    return int(milliseconds), int(number)


def _parse(entry: Entry) -> OutcomeEvent | SpeakerEvent | None:
    """The event of one stream entry, or None (logged) for one that is none. What it holds is not logged."""
    entry_id, fields = entry
    try:
        if b"speakers" in fields:
            told = SpeakerEvent.model_validate_json(fields[b"speakers"])
            if told.rev > 0:
                return told
            fault = "it has no revision"
        else:
            event = OutcomeEvent.model_validate_json(fields[b"event"])
            fault = _implausible(event)
            if not fault:
                return event
    except KeyError:
        fault = "it has no field `event`"
    except ValidationError as problem:
        fault = ", ".join(one["type"] for one in problem.errors()[:3])
    logger.error("stream entry %s skipped: %s", entry_id.decode(), fault)
    return None


def _implausible(event: OutcomeEvent) -> str:
    """What is wrong with the numbers of an event that is well formed; empty when nothing is."""
    if event.seq < 1:
        return "it has no number"
    if not 0 <= event.ended_ms < LATEST_MS:
        return "its time is out of range"
    numbers = (event.message.start_sec, event.message.duration_sec, *event.message.timings_ms.values())
    return "" if all(map(math.isfinite, numbers)) else "a number is not finite"


def _relayed(event: OutcomeEvent) -> OutcomeEvent:
    """The event as the gateway gets it: numbered, and a result with the time it took to get here."""
    message = event.numbered()
    if isinstance(message, Result):
        relay = round(max(0.0, now_ms() - event.ended_ms), 1)
        message = message.model_copy(update={"timings_ms": {**message.timings_ms, "relay": relay}})
    return event.model_copy(update={"message": message})
