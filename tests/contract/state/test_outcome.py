"""An utterance ends exactly once, in order, durably, and leaves nothing without a time to live."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import redis

from contract.events import OutcomeEvent
from contract.jobs import UtteranceJob
from contract.keys import DEAD_LETTERS_STREAM, OUTCOMES_STREAM, analyzer_tries_key, session_outcomes_key, tries_key
from contract.messages import Result
from contract.queues import RESULT_CHANNEL
from contract.settings import ServiceSettings
from contract.state.outcome import dropped, end_utterance, end_utterance_async, failed
from runtime.redis_client import async_redis

SESSION = "Zx3kQ9rT1uVwYb7nM4pL8sDfGhJkC2aE"


def job(start: int) -> UtteranceJob:
    return UtteranceJob(session=SESSION, start=start, end=start + 16_000)


def events(client: redis.Redis, key: str) -> list[tuple[str, OutcomeEvent]]:
    entries: Any = client.xrange(key)
    return [(entry.decode(), OutcomeEvent.model_validate_json(fields[b"event"])) for entry, fields in entries]


def test_the_first_ending_counts(redis_client: redis.Redis) -> None:
    settings = ServiceSettings()
    assert end_utterance(redis_client, job(0), dropped(job(0), "no_speech"), settings) == 1
    assert end_utterance(redis_client, job(0), failed(job(0), "late", "too late"), settings) == 0
    assert end_utterance(redis_client, job(16_000), failed(job(16_000), "broken", "words"), settings) == 2
    of_session = events(redis_client, session_outcomes_key(SESSION))
    assert [(entry, e.seq, e.message.type) for entry, e in of_session] == [("1-0", 1, "dropped"), ("2-0", 2, "error")]
    assert [e.seq for _, e in events(redis_client, OUTCOMES_STREAM)] == [1, 2]


def test_many_racing_endings_give_one_outcome(redis_client: redis.Redis) -> None:
    settings = ServiceSettings()
    numbers: list[int] = []

    def race() -> None:
        for start in range(0, 50 * 16_000, 16_000):
            numbers.append(end_utterance(redis_client, job(start), dropped(job(start), "no_speech"), settings))

    racers = [threading.Thread(target=race) for _ in range(6)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(n for n in numbers if n) == list(range(1, 51))
    assert len(numbers) == 300


def test_it_is_published_with_its_number_and_exact_values(redis_client: redis.Redis) -> None:
    text = 'quotes " and \\ and \u2028 and 안녕하세요 and \x00'
    message = Result(**job(0).outcome_fields(), text=text, language="en")
    with redis_client.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(RESULT_CHANNEL)
        subscription.get_message(timeout=5)
        end_utterance(redis_client, job(0), message, ServiceSettings())
        published = None
        while published is None:
            published = subscription.get_message(timeout=5)
    body = json.loads(published["data"])
    assert body["seq"] == 1
    assert OutcomeEvent.model_validate(body).numbered() == message.model_copy(update={"seq": 1})


def test_asyncio_services_end_utterances_by_the_same_script(redis_client: redis.Redis, redis_port: int) -> None:
    settings = ServiceSettings(redis_host="127.0.0.1", redis_port=redis_port)

    async def end_twice() -> list[int]:
        async with async_redis(settings) as client:
            message = dropped(job(0), "no_speech")
            return [await end_utterance_async(client, job(0), message, settings) for _ in range(2)]

    assert asyncio.run(end_twice()) == [1, 0]
    assert end_utterance(redis_client, job(0), dropped(job(0), "no_speech"), settings) == 0


def test_every_key_expires_and_the_streams_are_bounded(redis_client: redis.Redis) -> None:
    settings = ServiceSettings(session_outcomes_max=10, outcomes_max=100)
    redis_client.set(tries_key(SESSION, 0), 2)
    for start in range(0, 1000 * 16_000, 16_000):
        end_utterance(redis_client, job(start), dropped(job(start), "no_speech"), settings)
    keys: Any = redis_client.keys("*")
    assert len(keys) == 1003
    assert all(redis_client.ttl(key) > 0 for key in keys)
    # `MAXLEN ~` trims whole nodes of up to 100 entries
    assert redis_client.xlen(session_outcomes_key(SESSION)) <= 110
    assert redis_client.xlen(OUTCOMES_STREAM) <= 200


def test_no_count_of_tries_outlives_the_outcome(redis_client: redis.Redis) -> None:
    def counted() -> list[bytes]:
        counts: Any = redis_client.keys("wta:tries:*")
        return sorted(counts)

    for start in (0, 16_000):
        redis_client.set(tries_key(SESSION, start), 2)
        redis_client.set(analyzer_tries_key(SESSION, start), 1)
    assert end_utterance(redis_client, job(0), dropped(job(0), "no_speech"), ServiceSettings()) == 1
    others = [tries_key(SESSION, 16_000), analyzer_tries_key(SESSION, 16_000)]
    assert counted() == sorted(key.encode() for key in others), "those of another utterance stay"
    assert end_utterance(redis_client, job(16_000), failed(job(16_000), "gave_up", "words"), ServiceSettings()) == 2
    assert counted() == []


def test_what_is_given_up_leaves_its_metadata_once(redis_client: redis.Redis) -> None:
    for _ in range(2):
        end_utterance(redis_client, job(0), failed(job(0), "gave_up", "It broke off."), ServiceSettings())
    end_utterance(redis_client, job(16_000), failed(job(16_000), "speech_failed", "Say it again."), ServiceSettings())
    entries: Any = redis_client.xrange(DEAD_LETTERS_STREAM)
    ((_, fields),) = entries
    record = json.loads(fields[b"utterance"])
    assert (record["code"], record["utterance"]) == ("gave_up", job(0).utterance)
    assert SESSION not in str(fields)
    assert redis_client.ttl(DEAD_LETTERS_STREAM) > 0
