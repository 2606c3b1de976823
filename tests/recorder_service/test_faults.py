"""The recorder while what it talks to is killed and started again: everything spoken comes back, once."""

from __future__ import annotations

import json
import time
from pathlib import Path

import redis

from contract.queues import STT_QUEUE
from harness.gateway import GatewayProcess
from harness.processes import answers, free_port, redis_service, wait_until
from runtime.wav import read_wav, write_wav
from tests.recorder_service.fakes import noise
from tests.recorder_service.recorder_process import PATIENCE_SEC, Recorder, environment, finished
from tests.support.fake_pipeline import FakePipeline

RATE = 16_000
NO_REDIS_PORT = 1  # with --url the recorder needs none


def test_the_gateway_is_killed_in_the_middle_of_an_utterance(
    recorder: Recorder, redis_port: int, redis_client: redis.Redis, tmp_path: Path
) -> None:
    pause_samples, word_samples = RATE, RATE * 3 // 2
    path = tmp_path / "words.wav"
    write_wav(path, b"".join(noise(1.5, seed) + bytes(2 * pause_samples) for seed in range(4)))
    gateway = GatewayProcess(redis_port, tmp_path)
    gateway.start()
    try:
        with FakePipeline(redis_port) as pipeline:
            sent = ["--file", str(path), "--url", gateway.url, "--no-sentences", "--json"]
            process = recorder.start(sent, environment(NO_REDIS_PORT))
            wait_until(lambda: len(pipeline.seen) == 1, PATIENCE_SEC, "the first utterance arrives")
            time.sleep(0.8)  # into the second word
            gateway.service.kill()
            gateway.start()
            status, out, err = finished(process)
            heard = {job.start: pcm for job, pcm in pipeline.seen}
    finally:
        gateway.service.stop()
    assert status == 0, err
    # each word comes with 0.3 s from before it, of which the first has none, and 0.5 s from behind it
    step, played = word_samples + pause_samples, read_wav(path)
    words = [
        played[2 * max(0, number * step - 4_800) : 2 * (number * step + word_samples + 8_000)] for number in range(4)
    ]
    assert [heard[start] for start in sorted(heard)] == words
    messages = [json.loads(line) for line in out.splitlines()]
    assert [message["seq"] for message in messages if message["type"] == "result"] == [1, 2, 3, 4]
    assert "no connection" in err


def test_a_gateway_that_starts_later(
    recorder: Recorder, redis_port: int, redis_client: redis.Redis, tmp_path: Path
) -> None:
    path = tmp_path / "word.wav"
    write_wav(path, noise(1.0))
    gateway = GatewayProcess(redis_port, tmp_path)
    env = environment(NO_REDIS_PORT, CONNECT_SEC="120")
    process = recorder.start(["--file", str(path), "--fast", "--url", gateway.ws_url], env)
    assert process.stderr is not None
    assert "no connection" in process.stderr.readline()
    gateway.start()
    try:
        with FakePipeline(redis_port):
            status, out, err = finished(process)
    finally:
        gateway.service.stop()
    assert status == 0, err
    assert f"{RATE} samples" in out


def test_redis_is_killed_and_started_again(recorder: Recorder, tmp_path: Path) -> None:
    port = free_port()
    path = tmp_path / "words.wav"
    write_wav(path, (noise(1.0, 1) + bytes(2 * RATE)) * 2)
    server = redis_service(port, tmp_path)
    server.start()
    try:
        wait_until(lambda: answers(port), PATIENCE_SEC, "Redis answers")
        process = recorder.start(["--file", str(path)], environment(port, RESEND_AFTER_SEC="3"))
        with redis.Redis(port=port) as client:
            wait_until(lambda: client.llen(STT_QUEUE) == 1, PATIENCE_SEC, "the first utterance is sent")
        server.kill()
        time.sleep(0.5)  # the outage itself
        server.start()
        wait_until(lambda: answers(port), PATIENCE_SEC, "Redis answers")
        with FakePipeline(port) as pipeline:
            status, out, err = finished(process)
            assert status == 0, err
            assert {job.start for job, _ in pipeline.seen} == {0, RATE * 3 // 2}
        assert out.count("samples") == 2
    finally:
        server.kill()
