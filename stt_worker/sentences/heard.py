"""What a look at a sentence has made of an utterance up to a pause, kept in Redis for the final of the same audio."""

from __future__ import annotations

import logging
from typing import cast

import redis
from pydantic import BaseModel, Field, ValidationError

from contract.jobs import MAX_SPANS, AnalyzeJob, UtteranceJob
from contract.keys import heard_key
from contract.speech.sentences import HEARD_TTL_SEC
from runtime.logs.event import Value

logger = logging.getLogger(__name__)


class Heard(BaseModel):
    """`verdict`: what goes on to the analyzer. `notes`: what the model said of it, no text. `speech`: the stretches in
    which somebody speaks, in samples of the stream."""

    verdict: AnalyzeJob
    notes: dict[str, Value] = {}
    speech: list[tuple[int, int]] = Field(default_factory=list, max_length=MAX_SPANS)

    def keep(self, client: redis.Redis) -> None:
        """Put it where the final finds it. Raises REDIS_ERRORS."""
        key = heard_key(self.verdict.session, self.verdict.start)
        client.set(key, self.model_dump_json(), ex=HEARD_TTL_SEC)


def take_heard(client: redis.Redis, job: UtteranceJob) -> Heard | None:
    """Remove and return what is kept of the utterance, None where there is nothing or it is of another end or was asked
    for otherwise. Raises REDIS_ERRORS."""
    pipe = client.pipeline(transaction=True)  # GETDEL is not in every Redis that others run
    pipe.get(heard_key(job.session, job.start))
    pipe.delete(heard_key(job.session, job.start))
    raw = cast(bytes | None, pipe.execute()[0])
    if raw is None:
        return None
    try:
        found = Heard.model_validate_json(raw)
    except ValidationError as problem:
        logger.error("%s: what was kept of it is unusable: %d errors", job.utterance, problem.error_count())
        return None
    asked = ("session", "start", "language", "language_assumed", "word_times")
    same = all(getattr(found.verdict, name) == getattr(job, name) for name in asked)
    return found if same and found.verdict.end == (job.looked_until or job.end) else None
