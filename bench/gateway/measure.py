"""The gateway alone: live speakers a core, memory a session, calls to Redis an utterance, and the cost of the broker.

    python -m bench.gateway.measure [--speakers 100 300 500] [--seconds 10]

Real gateway and Redis. The speakers (bench.gateway.frames) and what ends the utterances (bench.gateway.sink) are
processes of their own; where there are two cores, the gateway has one for itself and all others share the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from bench.files import say, write_result
from bench.gateway.broker import broker_rows
from bench.gateway.frames import FRAME_SEC
from bench.machine import Run
from bench.pipeline.system import cpu_sec, memory_kib
from bench.tables import gateway_tables
from harness.processes import ROOT, Service, answers, free_port, python_service, redis_service, wait_until

UTTERANCE_SEC = 5.0
BUFFER_SEC = 5.0  # of audio in hand when the memory of speaking sessions is measured
IDLE_SESSIONS = 500
CALL_SESSIONS, CALL_SEC = 10, 15.0
SETTLE_SEC = 2.0
SETTINGS = {
    "CONNECTIONS_MAX": "10000",
    "ADDRESS_CONNECTIONS_MAX": "0",
    "QUEUE_MAX": "100000",
    "OUTSTANDING_MAX": "64",
    "LOG_LEVEL": "WARNING",
}


@dataclass
class Bench:
    """A running gateway and its Redis."""

    port: int
    redis_port: int
    gateway: Service
    redis: Service

    @property
    def pid(self) -> int:
        """The gateway's process."""
        assert self.gateway.process is not None
        return self.gateway.process.pid

    @property
    def redis_pid(self) -> int:
        """Redis's process."""
        assert self.redis.process is not None
        return self.redis.process.pid


@contextmanager
def gateway_alone(folder: Path, sink: bool, **settings: str) -> Iterator[Bench]:
    """A gateway and a Redis, and what ends the utterances where `sink` says so."""
    port, redis_port = free_port(), free_port()
    environment = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis_port), "GATEWAY_PORT": str(port), **SETTINGS}
    gateway = python_service("gateway", ["-m", "fastapi_service"], environment | settings, folder)
    server = redis_service(redis_port, folder)
    ender = python_service("sink", ["-m", "bench.gateway.sink", str(redis_port)], {}, folder)
    try:
        server.start()
        wait_until(lambda: answers(redis_port), 15, "Redis answers")
        gateway.start()
        if sink:
            ender.start()
        wait_until(lambda: _listens(port), 30, "the gateway listens")
        bench = Bench(port, redis_port, gateway, server)
        _apart(bench.pid, [server.process, ender.process])
        yield bench
    finally:
        ender.kill()
        gateway.stop()
        server.kill()


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _apart(gateway: int, others: list[subprocess.Popen[bytes] | None]) -> None:
    """Give the gateway the first core and `others` the rest, where there is a rest."""
    first, rest = _cores()
    if rest:
        os.sched_setaffinity(gateway, first)
        for other in others:
            if other is not None:
                os.sched_setaffinity(other.pid, rest)


def _cores() -> tuple[set[int], set[int]]:
    cores = sorted(os.sched_getaffinity(0))
    return {cores[0]}, set(cores[1:])


@contextmanager
def speakers(port: int, count: int, seconds: float, utterance_sec: float, partials: bool) -> Iterator[dict[str, Any]]:
    """`count` connected speakers, who begin at once; at the context's end how it went is in what is given."""
    frames = [sys.executable, "-m", "bench.gateway.frames"]
    numbers = [str(port), str(count), str(seconds), str(utterance_sec), str(int(partials))]
    _, rest = _cores()
    went: dict[str, Any] = {}
    with subprocess.Popen([*frames, *numbers], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        if rest:
            os.sched_setaffinity(process.pid, rest)
        assert process.stdout is not None
        process.stdout.readline()  # connected
        yield went
        went.update(json.loads(process.stdout.readline()))


def speaking(count: int, seconds: float, partials: bool) -> dict[str, Any]:
    """The cost of `count` speakers who never pause, in utterances of UTTERANCE_SEC."""
    with (
        tempfile.TemporaryDirectory() as folder,
        gateway_alone(Path(folder), sink=True) as bench,
        speakers(bench.port, count, seconds, UTTERANCE_SEC, partials) as went,
    ):
        time.sleep(SETTLE_SEC)
        began, gateway, server = time.monotonic(), cpu_sec(bench.pid), cpu_sec(bench.redis_pid)
        time.sleep(seconds - 2 * SETTLE_SEC)
        took = time.monotonic() - began
        gateway, server = cpu_sec(bench.pid) - gateway, cpu_sec(bench.redis_pid) - server
        memory = memory_kib(bench.pid)
    core = gateway / took
    return {
        "speakers": count,
        "partials": partials,
        "gateway_cores": round(core, 3),
        "redis_cores": round(server / took, 3),
        "cpu_ms_a_speaker_second": round(1000 * core / count, 3),
        "speakers_a_core": round(count / core) if core else None,
        "memory_mib": round(memory / 1024, 1),
        **went,
    }


def frames_only(count: int, seconds: float) -> dict[str, Any]:
    """The cost of frames without utterances: nobody ends one, so until the longest allowed there is only audio."""
    with (
        tempfile.TemporaryDirectory() as folder,
        gateway_alone(Path(folder), sink=False, UTTERANCE_MAX_SEC="30") as bench,
        speakers(bench.port, count, seconds, 10_000.0, partials=False) as went,
    ):
        time.sleep(SETTLE_SEC)
        before = calls(bench.redis_port)
        began, used = time.monotonic(), cpu_sec(bench.pid)
        time.sleep(seconds - 2 * SETTLE_SEC)
        took, used = time.monotonic() - began, cpu_sec(bench.pid) - used
        made = calls(bench.redis_port) - before
    frames = count * took / FRAME_SEC
    return {
        "speakers": count,
        "cpu_us_a_frame": round(1e6 * used / frames, 1),
        "speakers_a_core": round(count * took / used) if used else None,
        "redis_calls_a_sec": round(made / took, 1),
        **went,
    }


def memory_of_sessions() -> dict[str, Any]:
    """Memory of sessions that are only open, and of those with BUFFER_SEC of audio in hand."""
    with tempfile.TemporaryDirectory() as folder, gateway_alone(Path(folder), sink=False) as bench:
        with speakers(bench.port, 50, 1.0, 0.0, partials=True):
            pass  # what the first connections bring for all that follow
        time.sleep(SETTLE_SEC)
        empty = memory_kib(bench.pid)
        with speakers(bench.port, IDLE_SESSIONS, SETTLE_SEC + 6, 0.0, partials=True):
            time.sleep(SETTLE_SEC)
            idle = memory_kib(bench.pid)
            began, used = time.monotonic(), cpu_sec(bench.pid)
            time.sleep(4)
            idle_cores = (cpu_sec(bench.pid) - used) / (time.monotonic() - began)
    with tempfile.TemporaryDirectory() as folder, gateway_alone(Path(folder), sink=False) as bench:
        with speakers(bench.port, 50, 1.0, 0.0, partials=True):
            pass
        time.sleep(SETTLE_SEC)
        before = memory_kib(bench.pid)
        with speakers(bench.port, IDLE_SESSIONS // 2, BUFFER_SEC + 1, 10_000.0, partials=False):
            time.sleep(BUFFER_SEC)
            buffered = memory_kib(bench.pid)
    each = (buffered - before) / (IDLE_SESSIONS // 2)
    return {
        "idle_sessions": IDLE_SESSIONS,
        "kib_a_session": round((idle - empty) / IDLE_SESSIONS, 1),
        "idle_cores": round(idle_cores, 4),
        "buffer_sec": BUFFER_SEC,
        "kib_a_session_with_buffer": round(each, 1),
        "buffer_kib": round(BUFFER_SEC * 32000 / 1024, 1),
    }


def calls_an_utterance() -> dict[str, Any]:
    """What the gateway asks of Redis for an utterance, and in any case: while people speak and while they do not."""
    speaking, took, accepted = _calls_seen(UTTERANCE_SEC)
    silent, silent_took, _ = _calls_seen(0.0)
    a_sec = sum(silent.values()) / silent_took
    utterances = speaking["LPUSH"]
    return {
        "utterances": utterances,
        "calls": dict(speaking.most_common()),
        "calls_while_silent": dict(silent.most_common()),
        "calls_a_sec_while_silent": round(a_sec, 2),
        "calls_an_utterance": round((sum(speaking.values()) - a_sec * took) / max(1, utterances), 2),
        "accepted": accepted,
    }


def _calls_seen(utterance_sec: float) -> tuple[Counter[str], float, int]:
    """Commands by name, seen by MONITOR while nothing else uses that Redis; for how long, and utterances accepted."""
    never = {"RESEND_AFTER_SEC": "3600"}  # nothing ends here, so nothing need be looked for
    seen: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        gateway_alone(Path(folder), sink=False, **never) as bench,
        redis.Redis(port=bench.redis_port, socket_timeout=2) as client,
        speakers(bench.port, CALL_SESSIONS, CALL_SEC, utterance_sec, partials=False) as went,
        client.monitor() as monitor,
    ):
        begun = time.monotonic()
        counts_from, ends = begun + UTTERANCE_SEC + 1, begun + CALL_SEC - 1  # the first open connections to Redis
        while time.monotonic() < ends:
            with suppress(redis.TimeoutError):
                command = monitor.next_command()
                if time.monotonic() > counts_from:
                    seen.append(command)
    names = Counter(one["command"].split(" ", 1)[0].upper() for one in seen if one["client_type"] != "lua")
    return names, ends - counts_from, went["accepted"]


def calls(port: int) -> int:
    """Commands that this Redis has processed."""
    with redis.Redis(port=port) as client:
        found: dict[str, Any] = client.info("stats")
    return int(found["total_commands_processed"])


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speakers", nargs="+", type=int, default=[100, 300, 500])
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--no-write", action="store_true", help="leave bench/results as it is")
    args = parser.parse_args()
    run = Run("gateway")
    body: dict[str, Any] = {"utterance_sec": UTTERANCE_SEC, "calls": calls_an_utterance()}
    say(f"calls: {body['calls']}")
    body["frames"] = frames_only(max(args.speakers), args.seconds)
    say(f"frames: {body['frames']}")
    body["speaking"] = [
        speaking(count, args.seconds, partials) for count in args.speakers for partials in (False, True)
    ]
    for row in body["speaking"]:
        say(str(row))
    body["memory"] = memory_of_sessions()
    say(f"memory: {body['memory']}")
    body["broker"] = broker_rows()
    head = run.head()
    for title, text in gateway_tables({"head": head, **body}):
        say(f"\n{title}\n{text}")
    if not args.no_write:
        say(f"\nwritten: {write_result('gateway', head, body)}")


if __name__ == "__main__":
    main()
