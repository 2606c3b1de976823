"""Delivery straight to the queue, on a real Redis: nothing lost, nothing twice, whoever is down."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import redis

from contract.events import PartialEvent, SpeakerEvent, StatsEvent
from contract.jobs import UtteranceJob
from contract.keys import done_key, session_key, session_outcomes_key, speaker_events_key, speakers_key
from contract.messages import Accepted, Error, Partial, Result, ServerMessage, Stats, StatsBlock, Turns
from contract.queues import FINAL_STATS, RESULT_MESSAGES, STT_QUEUE
from contract.state.outcome import dropped, end_utterance
from harness.processes import free_port, start_redis
from recorder_service.client.errors import BufferFull
from recorder_service.delivery import speech_queue
from recorder_service.delivery.protocol import DeliveryError
from recorder_service.delivery.speech_queue import QueueDelivery
from recorder_service.settings import RecorderSettings
from tests.recorder_service.fakes import noise, run, until
from tests.support.fake_pipeline import FakePipeline
from tests.support.told_speakers import Teller, turn


def delivery_at(port: int, wait_when_full: bool = False, **settings: Any) -> QueueDelivery:
    chosen = RecorderSettings(redis_host="127.0.0.1", redis_port=port, **settings)
    return QueueDelivery(chosen, language="en", wait_when_full=wait_when_full)


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_queue, "POLL_SEC", 0.5)


async def heard(delivery: QueueDelivery) -> list[ServerMessage]:
    return [message async for message in delivery.messages()]


def test_utterances_arrive_whole_and_come_back(redis_port: int, redis_client: redis.Redis) -> None:
    async def story() -> None:
        with FakePipeline(redis_port) as pipeline:
            async with delivery_at(redis_port) as delivery:
                for seed in range(3):
                    for part in range(4):
                        await delivery.send(noise(0.25, 10 * seed + part))
                    await delivery.end_utterance()
                    await delivery.end_utterance()
                assert await delivery.drain(20)
                assert delivery.waiting == 0
            sent = [b"".join(noise(0.25, 10 * seed + part) for part in range(4)) for seed in range(3)]
            assert [pcm for _, pcm in pipeline.seen] == sent
            assert [(job.start, job.end) for job, _ in pipeline.seen] == [(0, 16000), (16000, 32000), (32000, 48000)]
            assert {job.language for job, _ in pipeline.seen} == {"en"}
            assert all({"endpoint", "dispatch"} <= set(job.timings_ms) for job, _ in pipeline.seen)
            messages = await heard(delivery)
            assert [message.seq for message in messages if isinstance(message, Result)] == [1, 2, 3]

    run(story)


def test_hints_and_word_times_are_asked_for(redis_port: int, redis_client: redis.Redis) -> None:
    async def story() -> None:
        settings = RecorderSettings(redis_host="127.0.0.1", redis_port=redis_port)
        with FakePipeline(redis_port) as pipeline:
            async with QueueDelivery(settings, None, False, hints="김민준", word_times=True) as delivery:
                await delivery.send(noise(0.5))
                await delivery.end_utterance()
                assert await delivery.drain(20)
        [(job, _)] = pipeline.seen
        assert (job.language, job.hints, job.word_times) == (None, "김민준", True)

    run(story)


def test_long_speech_is_cut(redis_port: int, redis_client: redis.Redis) -> None:
    async def story() -> None:
        with FakePipeline(redis_port) as pipeline:
            async with delivery_at(redis_port, utterance_max_sec=3.0) as delivery:
                await delivery.send(noise(7.0))
                assert await delivery.drain(20)
            assert b"".join(pcm for _, pcm in pipeline.seen) == noise(7.0)
            assert all(job.samples <= 3 * 16_000 for job, _ in pipeline.seen)

    run(story)


@pytest.mark.usefixtures("quick_polls")
def test_results_come_with_the_listener_down(redis_port: int, redis_client: redis.Redis) -> None:
    """Nothing is published on result_messages: the outcomes are found in the session's stream."""

    async def story() -> None:
        with FakePipeline(redis_port) as pipeline:
            pipeline.relaying = False
            begun = time.monotonic()
            async with delivery_at(redis_port) as delivery:
                for seed in range(2):
                    await delivery.send(noise(0.3, seed))
                    await delivery.end_utterance()
                assert await delivery.drain(20)
            assert time.monotonic() - begun < 10
            results = [message for message in await heard(delivery) if isinstance(message, Result)]
            assert [message.seq for message in results] == [1, 2]

    run(story)


def test_a_missed_message_is_caught_up_in_order(
    redis_port: int, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Number 1 is never published; number 2 is, and brings both."""
    monkeypatch.setattr(speech_queue, "POLL_SEC", 60.0)

    async def story() -> None:
        with FakePipeline(redis_port) as pipeline:
            async with delivery_at(redis_port) as delivery:
                pipeline.relaying = False
                await delivery.send(noise(0.3, 1))
                await delivery.end_utterance()
                await until(lambda: redis_client.exists(done_key(delivery.session, 0)) == 1)
                pipeline.relaying = True
                await delivery.send(noise(0.3, 2))
                assert await delivery.drain(20)
            results = [message for message in await heard(delivery) if isinstance(message, Result)]
            assert [message.seq for message in results] == [1, 2]

    run(story)


@pytest.mark.usefixtures("quick_polls")
def test_a_lost_task_is_sent_again_and_shown_once(redis_port: int, redis_client: redis.Redis) -> None:
    async def story() -> None:
        async with delivery_at(redis_port, resend_after_sec=1.0) as delivery:
            await delivery.send(noise(0.5, 1))
            await delivery.end_utterance()
            await until(lambda: redis_client.llen(STT_QUEUE) == 1)
            redis_client.delete(STT_QUEUE)  # taken by a worker that died before it was recorded
            with FakePipeline(redis_port) as pipeline:
                assert await delivery.drain(20)
                assert [job.start for job, _ in pipeline.seen] == [0]
                assert pipeline.seen[0][1] == noise(0.5, 1)
        results = [message for message in await heard(delivery) if isinstance(message, Result)]
        assert len(results) == 1

    run(story)


@pytest.mark.usefixtures("quick_polls")
def test_the_same_task_run_twice_is_shown_once(redis_port: int, redis_client: redis.Redis) -> None:
    async def story() -> None:
        async with delivery_at(redis_port, resend_after_sec=1.0) as delivery:
            await delivery.send(noise(0.5, 1))
            await delivery.end_utterance()
            await until(lambda: redis_client.llen(STT_QUEUE) == 2)  # nobody answers: sent again
            with FakePipeline(redis_port) as pipeline:
                assert await delivery.drain(20)
                await until(lambda: len(pipeline.seen) == 2)
            job = pipeline.seen[0][0]
            assert job == pipeline.seen[1][0], "the very same job"
        assert redis_client.xlen(session_outcomes_key(delivery.session)) == 1
        messages = await heard(delivery)
        assert sum(isinstance(message, Result) for message in messages) == 1
        assert sum(isinstance(message, Accepted) for message in messages) == 1

    run(story)


@pytest.mark.usefixtures("quick_polls")
def test_an_utterance_that_nobody_answers_ends_as_an_error(
    redis_port: int, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_queue, "RESENDS_MAX", 1)

    async def story() -> None:
        async with delivery_at(redis_port, resend_after_sec=1.0) as delivery:
            await delivery.send(noise(0.5, 1))
            assert await delivery.drain(20)
            assert redis_client.llen(STT_QUEUE) == 2, "sent twice and not more"
        (error,) = [message for message in await heard(delivery) if isinstance(message, Error)]
        assert error.code == "no_answer"
        assert error.seq == 1
        assert redis_client.exists(done_key(delivery.session, 0)), "a late worker's result is not shown any more"

    run(story)


def test_few_utterances_are_in_the_queue_at_once(
    redis_port: int, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_queue, "IN_QUEUE_MAX", 2)

    async def story() -> None:
        async with delivery_at(redis_port) as delivery:
            for seed in range(6):
                await delivery.send(noise(0.2, seed))
                await delivery.end_utterance()
            await until(lambda: redis_client.llen(STT_QUEUE) == 2)
            await asyncio.sleep(0.5)
            assert redis_client.llen(STT_QUEUE) == 2
            assert delivery.waiting == 6
            with FakePipeline(redis_port) as pipeline:
                assert await delivery.drain(20)
                assert [pcm for _, pcm in pipeline.seen] == [noise(0.2, seed) for seed in range(6)]

    run(story)


def test_a_full_buffer_stops_a_microphone_and_slows_a_file(
    redis_port: int, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_queue, "BUFFER_SEC", 30.0)

    async def story() -> None:
        async with delivery_at(redis_port, utterance_max_sec=5.0) as delivery:
            with pytest.raises(BufferFull):
                await delivery.send(noise(60.0))
            assert 25 <= delivery.unsafe_sec <= 31
        redis_client.flushall()
        async with delivery_at(redis_port, wait_when_full=True, utterance_max_sec=5.0) as delivery:
            sending = asyncio.create_task(delivery.send(noise(60.0)))
            await until(lambda: delivery.unsafe_sec > 25)
            await asyncio.sleep(0.2)
            assert not sending.done()
            with FakePipeline(redis_port) as pipeline:
                await sending
                assert await delivery.drain(20)
                assert b"".join(pcm for _, pcm in pipeline.seen) == noise(60.0)

    run(story)


def test_messages_of_others_and_broken_ones_are_left_alone(redis_port: int, redis_client: redis.Redis) -> None:
    async def story() -> None:
        with FakePipeline(redis_port) as pipeline:
            async with delivery_at(redis_port) as delivery:
                mine, other = delivery.session, "another-session-0000"
                redis_client.publish(RESULT_MESSAGES, b"\xff\xfe not JSON")
                redis_client.publish(RESULT_MESSAGES, f'{{"session": "{mine}", "nothing": "else"}}')
                redis_client.publish(FINAL_STATS, f'{{"session": "{mine}"}}')
                for session in (other, mine):
                    job = UtteranceJob(session=session, start=0, end=16_000)
                    partial = Partial(utterance=job.utterance, text=session)
                    redis_client.publish(
                        RESULT_MESSAGES, PartialEvent(session=session, partial=partial).model_dump_json()
                    )
                    stats = StatsEvent(session=session, stats_session=StatsBlock(words=7), stats_service=StatsBlock())
                    redis_client.publish(FINAL_STATS, stats.model_dump_json())
                end_utterance(
                    pipeline.client, UtteranceJob(session=other, start=0, end=9), dropped(job, "x"), pipeline.settings
                )
                await delivery.send(noise(0.3))
                assert await delivery.drain(20)
            messages = await heard(delivery)
            assert [message.text for message in messages if isinstance(message, Partial)] == [mine]
            assert [message.session.words for message in messages if isinstance(message, Stats)] == [7]
            assert sum(isinstance(message, Result) for message in messages) == 1

    run(story)


@pytest.mark.usefixtures("quick_polls")
def test_redis_restarts_in_between(tmp_path: Path) -> None:
    """Redis dies with the task in it and comes back from its append-only file, or empty: the outcome comes anyway."""
    port = free_port()

    async def story(server: Any, empty: bool) -> None:
        async with delivery_at(port, resend_after_sec=2.0) as delivery:
            await delivery.send(noise(0.5, 1))
            await delivery.end_utterance()
            with redis.Redis(port=port) as client:
                await until(lambda: client.llen(STT_QUEUE) == 1)
                if empty:
                    client.flushall()
            server.kill()
            await delivery.send(noise(0.5, 2))
            await delivery.end_utterance()
            await asyncio.sleep(0.5)
            server.start()
            with FakePipeline(port) as pipeline:
                assert await delivery.drain(40)
                assert {job.start: pcm for job, pcm in pipeline.seen} == {0: noise(0.5, 1), 8_000: noise(0.5, 2)}
        results = [message for message in await heard(delivery) if isinstance(message, Result)]
        assert len(results) == 2

    with start_redis(port, tmp_path) as server:
        run(lambda: story(server, empty=False))
        run(lambda: story(server, empty=True))


@pytest.mark.usefixtures("quick_polls")
def test_numbers_that_begin_again_after_redis_lost_its_data(redis_port: int, redis_client: redis.Redis) -> None:
    async def story() -> None:
        with FakePipeline(redis_port) as pipeline:
            async with delivery_at(redis_port) as delivery:
                for relaying in (True, False, True, False):
                    pipeline.relaying = relaying
                    redis_client.delete(session_key(delivery.session), session_outcomes_key(delivery.session))
                    await delivery.send(noise(0.3))
                    assert await delivery.drain(20)
            results = [message for message in await heard(delivery) if isinstance(message, Result)]
            assert [message.seq for message in results] == [1, 1, 1, 1]
            assert len({message.utterance for message in results}) == 4

    run(story)


def test_no_redis_is_told_in_words() -> None:
    async def story() -> None:
        port = free_port()
        with pytest.raises(DeliveryError, match=rf"(?s)127\.0\.0\.1:{port} cannot be used.*make run.*--url"):
            async with delivery_at(port):
                pass

    run(story)


def test_a_wrong_password_is_told_in_words_and_not_shown(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        with pytest.raises(DeliveryError, match="cannot be used") as problem:
            async with delivery_at(port, redis_password="not-to-be-shown"):
                pass
        assert "not-to-be-shown" not in str(problem.value)
        async with delivery_at(port, redis_password="right") as delivery:
            await delivery.send(noise(0.3))

    with start_redis(port, tmp_path):
        with redis.Redis(port=port) as client:
            client.config_set("requirepass", "right")
        run(story)


def test_no_thread_is_left_behind(redis_port: int, redis_client: redis.Redis) -> None:
    async def story() -> None:
        async with delivery_at(redis_port) as delivery:
            await delivery.send(noise(0.3))
            assert not await delivery.drain(0.3)

    before = threading.active_count()
    run(story)
    assert threading.active_count() <= before


def test_who_speaks_comes_once_in_order_also_what_no_message_told(
    redis_port: int, redis_client: redis.Redis, quick_polls: None
) -> None:
    async def story() -> None:
        with FakePipeline(redis_port) as pipeline:
            settings = RecorderSettings(redis_host="127.0.0.1", redis_port=redis_port)
            async with QueueDelivery(settings, "en", False, speakers=True) as delivery:
                who = Teller(redis_client, delivery.session)
                await delivery.send(noise(0.5))
                assert await delivery.drain(20)
                who.turns(0, turn(1, 0.0, 0.5, 0, 12))
                redis_client.xadd(speaker_events_key(delivery.session), {"event": "nonsense"}, id="2-0")
                redis_client.xadd(speaker_events_key(delivery.session), {"event": event_of(who, 3)}, id="3-0")
                redis_client.hset(speakers_key(delivery.session), "rev", 3)
                who.state_alone()
                await delivery.send(noise(0.5))
                drained = asyncio.create_task(delivery.drain(20))
                await until(lambda: len(pipeline.seen) == 2)
                who.turns(8_000, turn(2, 0.5, 1.0, 0, 12))
                assert await drained
            assert [job.speakers for job, _ in pipeline.seen] == [True, True]
            told = [message for message in await heard(delivery) if isinstance(message, Turns)]
            assert [message.rev for message in told] == [1, 3, 5]

    run(story)


def event_of(who: Teller, rev: int) -> str:
    """Something of this revision that was told."""
    message = Turns(utterance="u", turns=[])
    return SpeakerEvent(session=who.session, rev=rev, start=1, speakers=message).model_dump_json()
