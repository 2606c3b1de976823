"""Shows what is kept of utterances that were given up: a line of JSON each, oldest first.

`python -m runtime.dead_letters`; `make dead-letters` does so for `make run`, and
`docker-compose exec gateway python -m runtime.dead_letters` for the containers.
"""

from __future__ import annotations

import sys
from typing import cast

import redis

from contract.keys import DEAD_LETTERS_STREAM
from contract.settings import ServiceSettings
from runtime.logs.setup import printable
from runtime.redis_client import sync_redis


def main() -> str:
    """Print all records; returns what went wrong, empty when nothing did."""
    try:
        with sync_redis(ServiceSettings()) as client:
            entries = cast(list[tuple[bytes, dict[bytes, bytes]]], client.xrange(DEAD_LETTERS_STREAM))
    except redis.RedisError as problem:
        return f"Redis: {problem}"
    for _, fields in entries:
        sys.stdout.write(printable(fields[b"utterance"].decode(errors="replace")) + "\n")
    return ""


if __name__ == "__main__":
    sys.exit(main() or 0)
