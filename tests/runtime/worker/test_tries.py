"""The count of tries: once per begin, gone with the end, and no neighbour's try is used up by one that kills."""

from __future__ import annotations

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from contract.jobs import TRIES_MAX, UtteranceJob
from contract.keys import done_key, tries_key
from contract.messages import Dropped
from contract.settings import ServiceSettings
from contract.state.outcome import end_utterance
from harness.processes import free_port
from runtime.redis_retry import RedisRetry, RedisUnavailableError
from runtime.worker.tries import Tries

SESSION = "A" * 24


def job(start: int = 0) -> UtteranceJob:
    return UtteranceJob(session=SESSION, start=start, end=start + 1_600)


def make(client: redis.Redis, deadline_sec: float = 0.0) -> Tries:
    return Tries(client, tries_key, 60, RedisRetry(deadline_sec))


def counted(client: redis.Redis, start: int = 0) -> int:
    return int(client.get(tries_key(SESSION, start)) or 0)


def test_each_begin_counts_and_the_one_after_the_last_is_too_many(redis_client: redis.Redis) -> None:
    tries = make(redis_client)
    found = [tries.begin(job()) for _ in range(TRIES_MAX + 1)]
    assert found == list(range(1, TRIES_MAX + 2))
    assert [tries.used_up(number) for number in found] == [False] * TRIES_MAX + [True]
    assert 0 < redis_client.ttl(tries_key(SESSION, 0)) <= 60


def test_what_came_through_counts_from_one_again(redis_client: redis.Redis) -> None:
    tries = make(redis_client)
    tries.begin(job())
    tries.forget(job())
    assert tries.begin(job()) == 1


def test_what_has_ended_is_not_begun_and_leaves_no_counter(redis_client: redis.Redis) -> None:
    tries = make(redis_client)
    tries.begin(job())
    message = Dropped(**job().outcome_fields(), reason="no_speech", detail="")
    assert end_utterance(redis_client, job(), message, ServiceSettings()) == 1
    assert redis_client.exists(done_key(SESSION, 0))
    assert tries.begin(job()) == 0
    assert not redis_client.exists(tries_key(SESSION, 0))


def test_a_suspect_is_done_alone_and_counted_only_meanwhile(redis_client: redis.Redis) -> None:
    tries = make(redis_client)
    for start, times in ((0, 1), (1, 2), (2, 1), (3, 3)):
        for _ in range(times):
            count = tries.begin(job(start))
        assert count == times
    begun = {start: (job(start), counted(redis_client, start)) for start in range(4)}
    seen = []
    for turn in tries.turns(begun):
        seen.append((turn, [counted(redis_client, start) for start in range(4)]))
    assert seen == [
        ([0, 2], [1, 1, 1, 2]),  # both suspects stand aside
        ([1], [1, 2, 1, 2]),
        ([3], [1, 2, 1, 3]),
    ]


def test_a_suspect_by_itself_stays_counted(redis_client: redis.Redis) -> None:
    tries = make(redis_client)
    tries.begin(job())
    begun = {0: (job(), tries.begin(job()))}
    assert [(turn, counted(redis_client)) for turn in tries.turns(begun)] == [([0], 2)]


def test_no_redis_is_said_and_a_count_that_fails_stops_nothing() -> None:
    tries = make(redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)))
    with pytest.raises(RedisUnavailableError):
        tries.begin(job())
    begun = {0: (job(), 2), 1: (job(1), 1)}
    assert list(tries.turns(begun)) == [[1], [0]]
