"""A worker process for the recorder's tests: takes stt_queue as stt_worker does, keeps what came, and ends it.

Run as `python -m tests.recorder_service.fake_worker FOLDER`; each utterance is written to FOLDER/<start>.raw,
atomically.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from contract.jobs import UtteranceJob
from contract.messages import Result, Sentiment
from contract.queues import STT_QUEUE, TRANSCRIBE_TASK
from contract.settings import ServiceSettings
from contract.state.outcome import end_utterance
from runtime.broker.app import make_celery
from runtime.redis_client import sync_redis


def main() -> None:
    """Work until told to stop."""
    folder = Path(sys.argv[1])
    settings = ServiceSettings()
    celery = make_celery("recorder_fake_worker", settings, STT_QUEUE)
    client = sync_redis(settings)

    @celery.task(name=TRANSCRIBE_TASK)  # type: ignore[untyped-decorator]
    def transcribe_audio(pcm: bytes, header: dict[str, Any]) -> None:
        job = UtteranceJob.model_validate(header)
        assert len(pcm) == 2 * job.samples
        part = folder / f"{job.start}.part"
        part.write_bytes(pcm)
        part.rename(folder / f"{job.start}.raw")
        job.stamp("queue")
        sentiment = Sentiment(label="POSITIVE", score=0.9, scores={"POSITIVE": 0.9, "NEGATIVE": 0.1}, zone="positive")
        text = f"heard {job.samples} samples"
        end_utterance(
            client, job, Result(**job.outcome_fields(), text=text, language="en", sentiment=sentiment), settings
        )

    options = ["--loglevel=warning", "--concurrency=1", "--pool=solo"]
    celery.worker_main(["worker", "-Q", STT_QUEUE, *options, "--without-gossip", "--without-mingle"])


if __name__ == "__main__":
    main()
