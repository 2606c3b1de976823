"""One outcome as a line: for result_listener.log (JSON, with the text) and for the console (without it). Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from listener_statistics import count_words, latency_ms

from contract.envelopes import OutcomeEvent
from contract.logging_setup import printable
from contract.messages import Dropped, Result
from contract.names import session_tag

# json escapes what is below a space. Not the rest that a terminal or a reader may take for a line's end or a command:
# DEL and C1 (NEL, CSI), line and paragraph separator, invisible and direction marks; lone surrogates are no UTF-8.
_UNSAFE = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def log_line(event: OutcomeEvent) -> str:
    """The outcome as one line of JSON, every control character in it escaped."""
    message = event.message
    text = language = translation = sentiment = reason = detail = None
    if isinstance(message, Result):
        text, language, translation = message.text, message.language, message.translation
        sentiment = None if message.sentiment is None else message.sentiment.model_dump()
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
        "reason": reason,
        "detail": detail,
        "duration_sec": message.duration_sec,
        "timings_ms": message.timings_ms,
    }
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(line, ensure_ascii=False))


def console_line(event: OutcomeEvent, with_text: bool) -> str:
    """The outcome for people: `5f1d7c0a-48000 #4 positive 0.998, 4 words, 153 ms`."""
    message = event.message
    head = f"{message.utterance} #{event.seq}"
    if isinstance(message, Dropped):
        return f"{head} dropped: {message.reason}"
    if not isinstance(message, Result):
        return f"{head} error: {message.code}"
    feeling = "no sentiment" if message.sentiment is None else f"{message.sentiment.zone} {message.sentiment.score:.3f}"
    words = count_words(message.text)
    line = f"{head} {feeling}, {words} {'word' if words == 1 else 'words'}, {latency_ms(message):.0f} ms"
    return f'{line}: "{printable(message.text)}"' if with_text else line
