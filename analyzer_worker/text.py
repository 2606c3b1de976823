"""Which text of an utterance is classified: the original if the model reads its language, else the English. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer_worker.sentences.splinters import NeutralReason, neutral_reasons
from contract.jobs import AnalyzeJob
from contract.text.sentences import sentences_of

ANY_LANGUAGE = "*"
ENGLISH = "en"


@dataclass(frozen=True)
class Words:
    """What is classified, with single spaces: the whole text, and its sentences with why each counts as neutral
    whatever the model says."""

    text: str
    sentences: tuple[str, ...]
    neutral_reasons: tuple[NeutralReason | None, ...]


def words_to_judge(job: AnalyzeJob, read: Sequence[str]) -> Words | str:
    """What to classify, or the reason in words why there is nothing. `read`: codes of the languages that the model
    reads, or ANY_LANGUAGE."""
    language = job.spoken_language
    if language != ENGLISH and _reads(language, read):
        text: str | None = job.text
    elif not _reads(ENGLISH, read):
        return "The sentiment model does not read this language."
    else:
        text, language = job.sentiment_text, ENGLISH
    if text is None:
        return job.sentiment_reason or "There is no English text to judge."
    text = " ".join(text.split())
    if not text:
        return "The text is empty."
    sentences = tuple(sentence.strip() for sentence in sentences_of(text, language))
    return Words(text, sentences, tuple(neutral_reasons(sentences, language, job.cut_at_start, job.cut_at_end)))


def _reads(language: str, read: Sequence[str]) -> bool:
    return ANY_LANGUAGE in read or language in read
