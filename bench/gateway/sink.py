"""Stands in for workers and listener at the least cost: takes tasks off the speech queue and ends each as a result.

Run as a process of its own, `python -m bench.gateway.sink REDIS_PORT`, until it is ended. It answers requests for
partials too.
"""

from __future__ import annotations

import base64
import json
import sys

import msgpack
import redis

from contract.events import OutcomeEvent, PartialEvent
from contract.jobs import UtteranceJob
from contract.keys import PARTIALS
from contract.messages import Partial, Result
from contract.queues import RESULT_MESSAGES, STT_QUEUE
from contract.settings import ServiceSettings
from contract.speech.partials import PartialRequest
from contract.state.outcome import end_utterance

WORDS = "I love this movie."


def main() -> None:
    """End everything that comes."""
    client = redis.Redis(port=int(sys.argv[1]))
    settings = ServiceSettings(redis_host="127.0.0.1", redis_port=int(sys.argv[1]))
    while True:
        popped = client.brpop([STT_QUEUE, PARTIALS])
        assert isinstance(popped, list | tuple)
        key, raw = popped
        if key == PARTIALS.encode():
            asked = PartialRequest.model_validate_json(raw)
            partial = Partial(utterance=asked.utterance, text=WORDS)
            event = PartialEvent(session=asked.session, partial=partial, asked=asked.end)
            client.publish(RESULT_MESSAGES, event.model_dump_json())
            continue
        (_, header), _, _ = msgpack.unpackb(base64.b64decode(json.loads(raw)["body"]))
        job = UtteranceJob.model_validate(header)
        message = Result(**job.outcome_fields(), text=WORDS, language="en")
        seq = end_utterance(client, job, message, settings)
        outcome = OutcomeEvent(session=job.session, start=job.start, seq=seq, message=message)
        client.publish(RESULT_MESSAGES, outcome.model_dump_json())


if __name__ == "__main__":
    main()
