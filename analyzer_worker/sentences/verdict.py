"""How an utterance felt, put together from the model's sentiments of its text and of its sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer_worker.text import Words
from contract.messages import SentenceSentiment, Sentiment


@dataclass(frozen=True)
class Verdict:
    """How an utterance felt and each of its sentences did; without a sentiment the reason why there is none."""

    sentiment: Sentiment | None
    reason: str | None = None
    sentences: Sequence[SentenceSentiment] = ()


def verdict_of(words: Words, whole: Sentiment, judged: Sequence[Sentiment]) -> Verdict:
    """`judged`: the model's sentiment of each sentence of `words`; empty where it could not tell them.

    A splinter is neutral, and so is a text of nothing but splinters.
    """
    reasons = words.neutral_reasons
    own = neutral(whole, reasons[0]) if all(reasons) else whole
    sentences = [
        SentenceSentiment(text=text, sentiment=neutral(sentiment, reason))
        for text, sentiment, reason in zip(words.sentences, judged, reasons, strict=False)
    ]
    return Verdict(own, None, sentences)


def neutral(sentiment: Sentiment, reason: str | None) -> Sentiment:
    """`sentiment` as neutral for `reason`; unchanged without one."""
    if reason is None:
        return sentiment
    return sentiment.model_copy(update={"zone": "neutral", "neutral_reason": reason})
