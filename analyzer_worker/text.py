"""Which text of an utterance is classified: the original if the model reads its language, else the English. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from contract.jobs import AnalyzeJob

ANY_LANGUAGE = "*"
ENGLISH = "en"


def text_to_judge(job: AnalyzeJob, read: Sequence[str]) -> tuple[str, str]:
    """The text, with single spaces, or an empty one and the reason in words. `read`: codes of the languages that the
    model reads, or ANY_LANGUAGE."""
    if job.spoken_language != ENGLISH and _reads(job.spoken_language, read):
        text: str | None = job.text
    elif not _reads(ENGLISH, read):
        return "", "The sentiment model does not read this language."
    else:
        text = job.sentiment_text
    if text is None:
        return "", job.sentiment_reason or "There is no English text to judge."
    text = " ".join(text.split())
    return text, "" if text else "The text is empty."


def _reads(language: str, read: Sequence[str]) -> bool:
    return ANY_LANGUAGE in read or language in read
