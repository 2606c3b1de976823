"""A question whether a sentence has ended: asked by the gateway where a speaker pauses, answered by a speech worker.

A request goes the way of a partial's (contract.speech.partials) by a list of its own, `wta:sentences`, which a worker
that has no final to do serves before partials. The worker recognises the utterance up to the pause as its final would
be, keeps what it finds under `wta:heard:<session>:<start>`, and answers with a PartialEvent that has an `ending`. Where
the utterance is then cut at that pause, its final is what is kept: nothing is computed twice. Like a partial's, a
request that is lost, late or refused costs nothing but the look: the gateway then ends the utterance as if it had not
asked.
"""

from __future__ import annotations

from typing import Final

from contract.speech.partials import PartialRequest

REQUESTS_MAX: Final = 2  # fewer than partials': under load the look at sentences stops first
HEARD_TTL_SEC: Final = 60  # longer than an utterance waits for its cut and its task for a worker


class SentenceRequest(PartialRequest):
    """Asks whether samples `start` to `end` end a sentence. `end` is a pause, or the quiet in which one may become
    (UtteranceJob's `looked_until`); the audio key may hold more by then.
    The fields are those of the task that follows where the utterance ends there."""

    word_times: bool = False
