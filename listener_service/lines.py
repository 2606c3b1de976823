"""One outcome as a line: for result_listener.log (JSON, with the text) and for the console (without it). Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from contract.events import OutcomeEvent, SpeakerEvent
from contract.ids import session_tag
from contract.jobs import now_ms
from contract.messages import Dropped, Result, Speakers, reason_of
from contract.text.words import count_words
from listener_service.counts import latency_ms
from runtime.logs.event import Event

# json escapes what is below a space. Not the rest that a terminal or a reader may take for a line's end or a command:
# DEL and C1 (NEL, CSI), line and paragraph separator, invisible and direction marks; lone surrogates are no UTF-8.
_UNSAFE = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def log_line(event: OutcomeEvent) -> str:
    """The outcome as one line of JSON, every control character in it escaped.

    A repetition has a line as well: its text is the one that its file keeps.
    """
    message = event.message
    text = language = translation = sentiment = sentences = reason = detail = speaker = None
    if isinstance(message, Result):
        text, language, translation = message.text, message.language, message.translation
        sentiment = None if message.sentiment is None else message.sentiment.model_dump()
        sentences = [sentence.model_dump() for sentence in message.sentences]
        reason, speaker = message.sentiment_reason, message.speaker
    elif isinstance(message, Dropped):
        reason, detail = message.reason, message.detail
    else:
        reason, detail = message.code, message.message
    line: dict[str, Any] = {
        "time": _time(event.ended_ms),
        "session": session_tag(event.session),
        "seq": event.seq,
        "utterance": message.utterance,
        "type": message.type,
        "text": text,
        "speaker": speaker,
        "language": language,
        "translation": translation,
        "sentiment": sentiment,
        "sentences": sentences,
        "reason": reason,
        "detail": detail,
        "duration_sec": message.duration_sec,
        "timings_ms": message.timings_ms,
        "repetition": event.repetition,
    }
    return _plain(line)


def speakers_log_line(event: SpeakerEvent) -> str:
    """What was found out about who speaks as one line of JSON: numbers and seconds, no name."""
    told = event.speakers
    line: dict[str, Any] = {
        "time": _time(now_ms()),
        "session": session_tag(event.session),
        "rev": event.rev,
        "type": "speakers",
    }
    if isinstance(told, Speakers):
        line["speakers"] = [one.model_dump(include={"speaker", "same_as"}) for one in told.speakers]
    else:
        line["utterance"] = told.utterance
        line["turns"] = [turn.model_dump(include={"speaker", "start_sec", "end_sec"}) for turn in told.turns]
    return _plain(line)


def console_line(event: OutcomeEvent, with_text: bool) -> Event:
    """The outcome for the console: `counted utterance=5f1d7c0a-48000 seq=4 outcome=result words=4 total_ms=153`.

    `with_text`: what was said and how it felt as well. A repetition is `repeated`, not `counted`.
    """
    message = event.message
    text = zone = score = words = None
    if isinstance(message, Result):
        words = count_words(message.text)
        if with_text:
            text = message.text
            if message.sentiment is not None:
                zone, score = message.sentiment.zone, message.sentiment.score
    return Event(
        "repeated" if event.repetition else "counted",
        utterance=message.utterance,
        seq=event.seq,
        outcome=message.type,
        reason=reason_of(message),
        words=words,
        total_ms=latency_ms(message) if words is not None else None,
        speaker=message.speaker if isinstance(message, Result) else None,
        zone=zone,
        score=score,
        text=text,
    )


def speakers_console_line(event: SpeakerEvent) -> Event:
    """The same for the console: `speakers utterance=5f1d7c0a-48000 rev=7 turns=1:2.1,?:0.8`, or how many there are."""
    told = event.speakers
    if isinstance(told, Speakers):
        numbers = [one for one in told.speakers if one.same_as is None]
        return Event("speakers", session=session_tag(event.session), rev=event.rev, speakers=len(numbers))
    turns = ",".join(f"{turn.speaker or '?'}:{turn.end_sec - turn.start_sec:.1f}" for turn in told.turns)
    return Event("speakers", utterance=told.utterance, rev=event.rev, turns=turns)


def _time(at_ms: float) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _plain(line: dict[str, Any]) -> str:
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(line, ensure_ascii=False))
