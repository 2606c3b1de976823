"""The tables of docs/redis.md as patterns, and a look at a Redis that holds every key in it against them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any, Self, cast

import redis

from contract.queues import ANALYZER_QUEUE, FILE_QUEUE, LISTENER, SPEAKER_QUEUE, STT_QUEUE
from harness.processes import ROOT

DOCUMENT = (ROOT / "docs" / "redis.md").read_text(encoding="utf-8")
PLACES = {
    "<session>": r"[A-Za-z0-9_-]{16,128}",
    "<start>": r"\d{1,16}",
    "<file>": r"[A-Za-z0-9_-]{16,128}",
    "<content>": r"[0-9a-f]{64}",
    "<queue>": "|".join((STT_QUEUE, ANALYZER_QUEUE, FILE_QUEUE, SPEAKER_QUEUE, LISTENER)),
    "<worker>": r"[\w.-]+-\d+",  # its host and process
    "<tag>": r"[0-9a-f-]{36}",
}
TYPES = {"string": "string", "list": "list", "set": "set", "hash": "hash", "sorted set": "zset", "stream": "stream"}
UNITS_SEC = {"s": 1, "h": 3_600, "days": 86_400}
NO_TTL = "no TTL"
# What Redis calls a write, by the type that it is a write to; what is written to keys of any type is not in here.
WRITES = {
    "string": ("set", "incrby", "decrby", "setrange"),
    "list": ("lpush", "rpush", "lpop", "rpop", "lrem", "ltrim"),
    "set": ("sadd", "srem"),
    "hash": ("hset", "hincrby", "hdel"),
    "zset": ("zadd", "zrem", "zremrangebyscore", "zremrangebyrank"),
    "stream": ("xadd", "xtrim"),
}
TYPE_WRITTEN = {write: kind for kind, writes in WRITES.items() for write in writes}
SCAN_EVERY_SEC = 0.25
Table = list[list[str]]


def tables(first_column: str) -> Table:
    """The rows of all tables whose first heading is this, as cells."""
    found = re.findall(rf"^\| {first_column} \|.*\n\|[-|]+\n((?:\|.*\n)+)", DOCUMENT, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for rows in found for line in rows.splitlines()]


def quoted(cell: str) -> list[str]:
    """What is in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def expression(name: str) -> re.Pattern[str]:
    """What matches `name` with something in its places."""
    pieces = re.split(r"(<\w+>)", name)
    return re.compile("".join(f"(?:{PLACES[one]})" if one in PLACES else re.escape(one) for one in pieces))


@dataclass(frozen=True)
class Row:
    """One key: its name with places, its type as Redis says it, its fields, what the row names, how it ends."""

    name: str
    kind: str
    fields: tuple[str, ...]
    named: frozenset[str]
    ends: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What matches the key."""
        return expression(self.name)

    def longest_sec(self, settings: Mapping[str, Any]) -> float | None:
        """The longest TTL that the row states, None for none. `settings`: by their names in capitals."""
        if self.ends.startswith(NO_TTL):
            return None
        stated = re.match(r"`([A-Z_]+)`|(\d+) (s|h|days)\b", self.ends)
        assert stated, f"{self.name}: no TTL in {self.ends!r}"
        return float(settings[stated[1]]) if stated[1] else float(stated[2]) * UNITS_SEC[stated[3]]

    def field(self, name: str) -> str | None:
        """The field of the row that `name` is."""
        return next((one for one in self.fields if expression(one).fullmatch(name)), None)


def _row(cells: list[str]) -> Row:
    name, kind, value, *who, _, ends = cells
    (plain,) = quoted(name)
    has_fields = kind in ("hash", "stream")
    named = frozenset(one for cell in (*who, ends) for one in quoted(cell) if "/" in one)
    return Row(plain, TYPES[kind], tuple(quoted(value)) if has_fields else (), named, ends)


ROWS = [_row(cells) for cells in tables("key")]


def row_of(key: str) -> Row | None:
    """The one row that a key has, None where it has none."""
    found = [row for row in ROWS if row.pattern.fullmatch(key)]
    assert len(found) < 2, f"{key}: {[row.name for row in found]}"
    return found[0] if found else None


class Watch:
    """Looks at every key in the moment that it is written, and at all of them again and again.

    `met`: rows by name with the fields that were seen; `faults`: what has no row, or is not as its row says.
    """

    def __init__(self, port: int, settings: Mapping[str, Any]) -> None:
        self.client = redis.Redis(port=port, decode_responses=True)
        self.met: dict[str, set[str]] = {}
        self.faults: set[str] = set()
        self.scans = 0
        self._settings = settings
        self._before: dict[str, str] = {}
        self._writes: Any = self.client.pubsub(ignore_subscribe_messages=True)
        self._stopped = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._before = cast(dict[str, str], self.client.config_get("notify-keyspace-events"))
        self.client.config_set("notify-keyspace-events", "EA")  # its writes, by what they are
        self._writes.psubscribe("__keyevent@0__:*")
        self._writes.get_message(timeout=5)  # the confirmation
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(10)
        self._writes.close()
        self.client.config_set("notify-keyspace-events", self._before["notify-keyspace-events"])
        self.client.close()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        scanned = 0.0
        try:
            while not self._stopped.is_set():
                message = self._writes.get_message(timeout=0.05)
                if message is not None:
                    self._written(message["data"], message["channel"].partition(":")[2])
                if time.monotonic() - scanned > SCAN_EVERY_SEC:
                    for key in self.client.scan_iter(count=1_000):
                        self._look(key)
                    self.scans += 1
                    scanned = time.monotonic()
        except Exception as problem:
            self._failure = problem

    def _written(self, key: str, write: str) -> None:
        row = row_of(key)
        kind = TYPE_WRITTEN.get(write)
        if row is None:
            self.faults.add(f"{key} has no row")
        elif kind is not None:
            self._is_met(row)
            if kind != row.kind:
                self.faults.add(f"{key} is a {kind}, not a {row.kind}")
            self._look(key)

    def _look(self, key: str) -> None:
        """Hold what a key is now against its row; one that is gone again is none."""
        row = row_of(key)
        if row is None:
            self.faults.add(f"{key} has no row")
            return
        pipe = self.client.pipeline(transaction=True)
        pipe.type(key)
        pipe.pttl(key)
        kind, rest_ms = pipe.execute()
        if kind == "none":
            return
        self._is_met(row)
        if kind != row.kind:
            self.faults.add(f"{key} is a {kind}, not a {row.kind}")
            return
        longest_sec = row.longest_sec(self._settings)
        if (longest_sec is None) != (rest_ms == -1):
            self.faults.add(f"{key} has no TTL" if rest_ms == -1 else f"{key} has a TTL")
        elif longest_sec is not None and rest_ms > 1_000 * longest_sec:
            self.faults.add(f"{key} has a TTL of more than {longest_sec:g} s")
        for name in self._fields(key, kind):
            field = row.field(name)
            if field is None:
                self.faults.add(f"{key} has a field {name} that is not in its row")
            else:
                self.met[row.name].add(field)

    def _is_met(self, row: Row) -> None:
        self.met.setdefault(row.name, set())

    def _fields(self, key: str, kind: str) -> set[str]:
        if kind == "hash":
            names: Any = self.client.hkeys(key)
            return set(names)
        if kind == "stream":
            entries: Any = self.client.xrevrange(key, count=1)
            return {name for _, fields in entries for name in fields}
        return set()
