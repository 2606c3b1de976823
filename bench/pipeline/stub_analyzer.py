"""The analyzer with a model that answers at once: `celery -A bench.pipeline.stub_analyzer:celery`; benchmark only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer_worker import analyzer_worker, celery
from contract.messages import Sentiment

__all__ = ["celery"]

FELT = Sentiment(label="POSITIVE", score=0.9, scores={"POSITIVE": 0.9, "NEGATIVE": 0.1}, zone="positive")


class StubModel:
    """Feels the same about everything."""

    name = "stub"
    demo = False

    def __init__(self, found: Any, settings: Any) -> None:
        """Takes what the real one takes."""

    def judge(self, text: str) -> Sentiment:
        """At once."""
        return FELT

    def judge_all(self, texts: Sequence[str]) -> list[Sentiment]:
        """At once."""
        return [FELT] * len(texts)


vars(analyzer_worker).update(find_model=lambda settings: None, SentimentModel=StubModel)
