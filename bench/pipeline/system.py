"""The whole system as processes, and what each of them takes of the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from bench.machine import TICKS_PER_SEC
from contract.keys import workers_key
from contract.queues import ANALYZER_QUEUE, SPEAKER_QUEUE, STT_QUEUE
from harness.processes import (
    Service,
    answers,
    free_port,
    python_service,
    redis_service,
    wait_until,
)
from harness.stack import Stack

WORKER_OPTIONS = "--loglevel=warning --concurrency=1 --pool=solo --without-gossip --without-mingle --without-heartbeat"
PEOPLE = "people"  # human voices on official weights
TWO_WORKERS = "people, two workers"
# A model of random weights says the same again and again and is never sure: let that pass, so that each utterance
# costs one pass through the model, as one that is understood does.
RANDOM_WEIGHTS = {
    "LOGPROB_THRESHOLD": "-10",
    "COMPRESSION_RATIO_THRESHOLD": "100",
    "LOOP_MIN_REPEATS": "100",
    "WHISPER_TEMPERATURES": "0",
}


@dataclass(frozen=True)
class Workload:
    """Which models run, in how many speech workers, and who speaks."""

    name: str
    settings: dict[str, str]
    words: bool = True  # whether what is heard can be compared with what was said
    people: bool = False  # human speakers, else synthetic ones
    speech_workers: int = 1
    voices: bool = False  # whether a speaker worker runs


@contextmanager
def running(load: Workload, folder: Path, **settings: str) -> Iterator[Stack]:
    """Everything that `load` needs, ready; ended afterwards."""
    port, redis_port = free_port(), free_port()
    environment = {
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis_port),
        "GATEWAY_PORT": str(port),
        "SENTIMENT_MODEL": "demo",
        "LOG_LEVEL": "WARNING",
        **load.settings,
        **settings,
    }

    def worker(name: str, app: str, queue: str) -> Service:
        arguments = ["-m", "celery", "-A", f"{app}:celery", "worker", "-Q", queue, *WORKER_OPTIONS.split()]
        return python_service(name, arguments, environment, folder)

    def service(name: str, package: str) -> Service:
        return python_service(name, ["-m", package], environment, folder)

    services = {
        "redis": redis_service(redis_port, folder),
        "gateway": service("gateway", "fastapi_service"),
        **{name: worker(name, "stt_worker", STT_QUEUE) for name in speech_workers(load.speech_workers)},
        "analyzer_worker": worker("analyzer_worker", "analyzer_worker", ANALYZER_QUEUE),
        "listener": service("listener", "listener_service"),
    }
    if load.voices:
        services["speaker_worker"] = worker("speaker_worker", "speaker_worker", SPEAKER_QUEUE)
    stack = Stack(port, redis_port, services, folder)
    try:
        services["redis"].start()
        wait_until(lambda: answers(redis_port), 15, "Redis answers")
        for one in list(services.values())[1:]:
            one.start()
        stack.wait_ready()
        with redis.Redis(port=redis_port) as client:
            wait_until(lambda: client.hlen(workers_key(STT_QUEUE)) == load.speech_workers, 60, "all have registered")
        yield stack
    finally:
        for one in reversed(services.values()):
            one.kill() if one.name == "redis" else one.stop()


def speech_workers(count: int) -> list[str]:
    """Their names."""
    return ["stt_worker", *(f"stt_worker_{number}" for number in range(2, count + 1))]


def cpu_sec(pid: int) -> float:
    """CPU seconds that a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SEC


def memory_kib(pid: int) -> int:
    """Memory of a process that is in use (resident)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def cpu_of(stack: Stack) -> dict[str, float]:
    """CPU seconds of every process so far, and of this one, the speakers."""
    found = {name: cpu_sec(one.process.pid) for name, one in stack.services.items() if one.process is not None}
    return found | {"speakers": cpu_sec(os.getpid())}


def waiting(client: redis.Redis) -> int:
    """Utterances that wait for speech recognition."""
    return int(client.llen(STT_QUEUE))
