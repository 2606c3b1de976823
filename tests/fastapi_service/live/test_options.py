"""What a client asks for in its query reaches the speech worker; a language that was heard surely is used again."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
import redis

from contract.jobs import UtteranceJob
from harness.gateway import GatewayProcess
from tests.support.fake_pipeline import FakePipeline
from tests.support.partial_requests import take
from tests.support.raw_client import RawClient

Start = Callable[..., GatewayProcess]
SECOND = bytes(32_000)


def jobs_of(
    gateway: GatewayProcess, pipeline: FakePipeline, utterances: int = 1, query: str = ""
) -> list[UtteranceJob]:
    """The jobs of so many utterances of a session, each spoken after the outcome of the one before."""
    with RawClient(gateway.ws_url, query=query) as client:
        client.expect("session")
        for _ in range(utterances):
            client.speak(SECOND)
    return [job for job, _ in pipeline.seen]


@pytest.mark.parametrize("hints", ["Ada Lovelace, O'Brien & <b>Kubernetes</b>", "김민준, 쿠버네티스", "쿠" * 400])
def test_hints_and_word_times_reach_the_worker(gateway: GatewayProcess, pipeline: FakePipeline, hints: str) -> None:
    (job,) = jobs_of(gateway, pipeline, query=f"words=1&hints={quote(hints)}")
    assert (job.hints, job.word_times) == (hints, True)


def test_nothing_is_asked_for_by_default(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    (job,) = jobs_of(gateway, pipeline)
    assert (job.language, job.language_assumed, job.hints, job.word_times) == (None, False, "", False)


def test_partials_are_heard_with_the_hints(gateway: GatewayProcess, redis_client: redis.Redis) -> None:
    with RawClient(gateway.ws_url, query=f"hints={quote('김민준')}") as client:
        client.expect("session")
        client.send(SECOND)
        assert take(redis_client).hints == "김민준"


def test_a_language_heard_surely_three_times_is_used_until_another_is_heard(
    gateway: GatewayProcess, pipeline: FakePipeline
) -> None:
    pipeline.languages = [("ko", 0.9)] * 4 + [("en", 0.95)] * 4
    jobs = jobs_of(gateway, pipeline, 8)
    assert [(job.language, job.language_assumed) for job in jobs] == [
        *[(None, False)] * 3,
        *[("ko", True)] * 2,  # the second of them is English after all
        *[(None, False)] * 2,
        ("en", True),
    ]


def test_a_language_that_the_client_names_is_no_guess(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    pipeline.languages = [("en", 0.95)] * 4
    jobs = jobs_of(gateway, pipeline, 5, "language=ko")
    assert {(job.language, job.language_assumed) for job in jobs} == {("ko", False)}


def test_the_lock_is_a_setting(start_gateway: Start, pipeline: FakePipeline) -> None:
    gateway = start_gateway(LANGUAGE_LOCK_AFTER="1")
    pipeline.languages = [("ko", 0.8)] * 2
    jobs = jobs_of(gateway, pipeline, 2)
    assert [job.language for job in jobs] == [None, "ko"]
    pipeline.seen.clear()
    off = start_gateway(LANGUAGE_LOCK_AFTER="0")
    pipeline.languages = [("ko", 1.0)] * 4
    assert {job.language for job in jobs_of(off, pipeline, 5)} == {None}


def test_what_a_lost_connection_missed_counts_too(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    pipeline.languages = [("ko", 0.9)] * 4
    with RawClient(gateway.ws_url) as client:
        session = client.expect("session")["session"]
        for _ in range(3):
            client.speak(SECOND)
    with RawClient(gateway.ws_url, session=session, query="from=48000") as client:
        client.expect("session")
        for _ in range(3):
            client.expect("result")
        client.speak(SECOND)
    assert [job.language for job, _ in pipeline.seen] == [None, None, None, "ko"]


@pytest.mark.parametrize(
    ("written", "code"),
    [("english", "en"), ("en-US", "en"), ("zh_CN", "zh"), ("Korean", "ko"), ("iw", "he"), ("auto", None), ("", None)],
)
def test_a_language_may_be_written_as_people_do(
    gateway: GatewayProcess, pipeline: FakePipeline, written: str, code: str | None
) -> None:
    (job,) = jobs_of(gateway, pipeline, query=f"language={written}")
    assert (job.language, job.language_assumed) == (code, False)


def test_a_language_that_is_none_is_named(gateway: GatewayProcess) -> None:
    with RawClient(gateway.ws_url, query="language=xx") as client:
        assert "'xx' is no language that is known" in client.expect("error")["message"]
        assert client.close_code() == 1008
