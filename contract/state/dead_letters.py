"""What is kept of an utterance that was given up: where and when it broke off, no audio and no text.

`python -m runtime.dead_letters` shows it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from contract.ids import session_tag
from contract.jobs import UtteranceJob
from contract.messages import Error, UtteranceOutcome

GIVEN_UP_CODES: Final = frozenset({"gave_up", "analyzer_failed", "no_answer"})
DEAD_LETTERS_MAX: Final = 1_000  # utterances; the oldest go first
DEAD_LETTERS_TTL_SEC: Final = 30 * 86_400  # after the latest of them


def dead_letter(job: UtteranceJob, message: UtteranceOutcome) -> str:
    """The record of `job` as JSON, empty where `message` does not give it up. The session's secret is not in it."""
    if not isinstance(message, Error) or message.code not in GIVEN_UP_CODES:
        return ""
    record = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "utterance": message.utterance,
        "session": session_tag(job.session),
        "code": message.code,
        "message": message.message,
        "start_sec": message.start_sec,
        "duration_sec": message.duration_sec,
        "language": job.language,
        "timings_ms": message.timings_ms,
    }
    return json.dumps(record)
