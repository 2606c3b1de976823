"""A file's segments in English, for `POST /v1/audio/translations`. Pure."""

from __future__ import annotations

from contract.messages import Error, Result
from contract.speech.spoken_language import LANGUAGES
from contract.state.files import FileSegment

NO_ENGLISH = "no_translation"
ENGLISH = "en"


def in_english(segment: FileSegment) -> FileSegment:
    """`segment` with the translation as its text; an error, which says why, where it has none.

    The times of words are those of the language that was spoken, so the translation has none.
    """
    said = segment.outcome
    if not isinstance(said, Result) or said.language == ENGLISH or not said.text.strip():
        return segment
    outcome: Result | Error
    if (said.translation or "").strip():
        outcome = said.model_copy(update={"text": said.translation, "language": ENGLISH, "words": None})
    else:
        outcome = Error(utterance=said.utterance, code=NO_ENGLISH, message=_why_not(said))
    return segment.model_copy(update={"outcome": outcome})


def _why_not(said: Result) -> str:
    spoken = LANGUAGES.get(said.language, said.language).title()
    reason = f" {said.sentiment_reason}" if said.sentiment_reason else ""
    return f"The speech model gave no English translation of what was said in {spoken}.{reason}"
