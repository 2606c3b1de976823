"""What is kept of an utterance that was given up: where and when it broke off, no audio and no text.

`python -m contract.given_up` shows it, a line of JSON each, oldest first; `make given-up` does so for `make run`, and
`docker-compose exec gateway python -m contract.given_up` for the containers.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Final, cast

import redis

from contract.envelopes import UtteranceJob
from contract.logging_setup import printable
from contract.messages import Error, UtteranceOutcome
from contract.names import GIVEN_UP_STREAM, session_tag
from contract.redis_client import sync_redis
from contract.settings_base import ServiceSettings

GIVEN_UP_CODES: Final = frozenset({"gave_up", "analyzer_failed", "no_answer"})
GIVEN_UP_MAX: Final = 1_000  # utterances; the oldest go first
GIVEN_UP_TTL_SEC: Final = 30 * 86_400  # after the latest of them


def given_up_record(job: UtteranceJob, message: UtteranceOutcome) -> str:
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


def main() -> str:
    """Print all records; what went wrong, in words, empty when nothing did."""
    try:
        with sync_redis(ServiceSettings()) as client:
            entries = cast(list[tuple[bytes, dict[bytes, bytes]]], client.xrange(GIVEN_UP_STREAM))
    except redis.RedisError as problem:
        return f"Redis: {problem}"
    for _, fields in entries:
        sys.stdout.write(printable(fields[b"utterance"].decode(errors="replace")) + "\n")
    return ""


if __name__ == "__main__":
    sys.exit(main() or 0)
