"""Partials of a real worker process: shown when it is idle, given up for a final, no burden to its end."""

from __future__ import annotations

import redis

from contract.events import PartialEvent
from contract.keys import PARTIALS
from contract.queues import RESULT_MESSAGES
from harness.processes import wait_until
from tests.stt_worker.conftest import Say
from tests.stt_worker.worker_processes import (
    SESSION,
    SPOKEN,
    TEXT,
    WORK_SEC,
    Held,
    MakeWorker,
    handed_on,
    heartbeats,
    send,
    sender,
    wait_ready,
)
from tests.support.dummy_speech import dummy_text
from tests.support.partial_requests import put


def test_an_idle_worker_says_what_it_hears(
    make_worker: MakeWorker, redis_port: int, redis_client: redis.Redis, say: Say
) -> None:
    worker = make_worker(redis_port, "dummy", LOG_LEVEL="DEBUG")
    wait_ready(redis_client, worker)
    with redis_client.pubsub(ignore_subscribe_messages=True) as bus:
        bus.subscribe(RESULT_MESSAGES)
        bus.get_message(timeout=5)
        pcm = say(SPOKEN)
        text = dummy_text(pcm)
        request = put(redis_client, SESSION, 7, pcm)
        message = bus.get_message(timeout=WORK_SEC)
    assert message is not None, worker.tail()
    assert PartialEvent.model_validate_json(message["data"]) == request.answer(text)
    assert handed_on(redis_client) == [], "no sentiment, no outcome"
    send(sender(redis_port), pcm)
    wait_until(lambda: [w.tasks_done for w in heartbeats(redis_client)] == [1], WORK_SEC, "finals alone are counted")
    assert worker.stop() == 0
    log = worker.log.read_text(errors="replace")
    assert "a partial of" in log
    assert " ".join(text.split()[-3:-1]) not in log
    assert SESSION not in log


def test_a_final_begins_in_the_middle_of_a_partial(
    held: Held, redis_port: int, redis_client: redis.Redis, say: Say
) -> None:
    """The held engine's partials never end by themselves."""
    worker = held.start_worker(redis_port)
    wait_ready(redis_client, worker)
    pcm = say(SPOKEN)
    put(redis_client, SESSION, 7, pcm)
    held.wait_partial(under_way=True)
    for start in range(4):
        put(redis_client, SESSION, 100 + start, pcm)  # and more of them wait
    job = send(sender(redis_port), pcm)
    held.wait_working()
    held.wait_partial(under_way=False)
    assert redis_client.llen(PARTIALS) == 4, "none is taken while the final is worked on"
    held.let_go()
    wait_until(lambda: len(handed_on(redis_client)) == 1, WORK_SEC, f"the final is handed on:\n{worker.tail()}")
    [(analyze, _)] = handed_on(redis_client)
    assert (analyze.utterance, analyze.text) == (job.utterance, TEXT)
    held.wait_partial(under_way=True)
    assert worker.stop() == 0, "nor does a partial hold up the end"


def test_a_worker_without_partials_takes_none(held: Held, redis_port: int, redis_client: redis.Redis, say: Say) -> None:
    worker = held.start_worker(redis_port, PARTIALS_ENABLED="false")
    wait_ready(redis_client, worker)
    put(redis_client, SESSION, 7, say(SPOKEN))
    held.let_go()
    send(sender(redis_port), say(SPOKEN))
    wait_until(lambda: len(handed_on(redis_client)) == 1, WORK_SEC, f"finals are worked on:\n{worker.tail()}")
    assert redis_client.llen(PARTIALS) == 1
    assert worker.stop() == 0
