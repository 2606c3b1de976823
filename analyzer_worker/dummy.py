"""No model at all: a sentiment that depends on the text alone, at once, without torch and transformers.

SENTIMENT_MODEL=dummy runs the whole system so, for tests of what is around the models and for measuring it. The same
text always feels the same.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

from analyzer_worker.models import DUMMY
from analyzer_worker.zones import ZoneMap
from contract.messages import Sentiment

logger = logging.getLogger(__name__)

LABELS = ("NEGATIVE", "NEUTRAL", "POSITIVE")
ZONES = ZoneMap(LABELS, neutral_below=0.0)  # with a class for neutral nothing else is


class DummyModel:
    """Feels something about every text."""

    name = DUMMY
    demo = True

    def judge(self, text: str) -> Sentiment:
        """See `SentimentJudge.judge`."""
        return sentiment_of(text)

    def judge_all(self, texts: Sequence[str]) -> list[Sentiment]:
        """See `SentimentJudge.judge_all`."""
        return [sentiment_of(text) for text in texts]


def dummy_model() -> DummyModel:
    """It needs no warming up."""
    logger.warning("this is the DUMMY sentiment model, which reads nothing: its sentiments are made up")
    return DummyModel()


def sentiment_of(text: str) -> Sentiment:
    """The sentiment of `text`: one class gets more than half, which one and how much its hash decides."""
    digest = hashlib.sha256(text.encode()).digest()
    best, much = digest[0] % len(LABELS), 0.55 + 0.4 * digest[1] / 255
    rest = (1 - much) / (len(LABELS) - 1)
    scores = {label: round(much if number == best else rest, 6) for number, label in enumerate(LABELS)}
    label, score, zone = ZONES.judge(scores)
    return Sentiment(label=label, score=score, scores=scores, zone=zone)
