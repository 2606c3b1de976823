"""The sentiment model of one worker process, loaded: a real one on torch, or the dummy without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from analyzer_worker.settings import AnalyzerSettings
from contract.messages import Sentiment

DUMMY = "dummy"
WARM_UP_TEXT = "I love this movie."


class SentimentJudge(Protocol):
    """What the task needs of a model. The real one is model.SentimentModel; the cheapest is dummy."""

    name: str
    demo: bool

    def judge(self, text: str) -> Sentiment:
        """The sentiment of `text`, which is not empty. Raises what the model raises."""

    def judge_all(self, texts: Sequence[str]) -> list[Sentiment]:
        """The sentiments of `texts`, none of which is empty. Raises what the model raises."""


LoadModel = Callable[[AnalyzerSettings], SentimentJudge]


def load_model(settings: AnalyzerSettings) -> SentimentJudge:
    """What SENTIMENT_MODEL names, warm. Raises ModelError."""
    if settings.sentiment_model.strip() == DUMMY:
        from analyzer_worker.dummy import dummy_model

        return dummy_model()
    from analyzer_worker.find_model import find_model
    from analyzer_worker.model import SentimentModel
    from analyzer_worker.sentences import english

    english.warm_up()
    return SentimentModel(find_model(settings), settings)
