"""One outcome as a line: for result_listener.log (JSON, with the text) and for the console (without it). Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from contract.events import OutcomeEvent
from contract.ids import session_tag
from contract.messages import Dropped, Result, reason_of
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
    text = language = translation = sentiment = sentences = reason = detail = None
    if isinstance(message, Result):
        text, language, translation = message.text, message.language, message.translation
        sentiment = None if message.sentiment is None else message.sentiment.model_dump()
        sentences = [sentence.model_dump() for sentence in message.sentences]
        reason = message.sentiment_reason
    elif isinstance(message, Dropped):
        reason, detail = message.reason, message.detail
    else:
        reason, detail = message.code, message.message
    line: dict[str, Any] = {
        "time": datetime.fromtimestamp(event.ended_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "session": session_tag(event.session),
        "seq": event.seq,
        "utterance": message.utterance,
        "type": message.type,
        "text": text,
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
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(line, ensure_ascii=False))


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
        zone=zone,
        score=score,
        text=text,
    )
