"""How speech ends at a pause: with a sentence, perhaps with one, or in the middle of one. Pure."""

from __future__ import annotations

from contract.events import Ending
from contract.jobs import AnalyzeJob

SURE = 0.55  # probability from which a sentence has surely ended: 90 of 100 finished prompts, 5 of 100 that go on
LIKELY = 0.25  # below it the speaker is in the middle of one: none of those, 75 of these (English, clips 60 to 119)
CONFIDENT = -0.6  # mean log-probability: what is less sure says nothing about its end


def ending_of(verdict: AnalyzeJob, sentence_end: float | None) -> Ending:
    """`sentence_end`: how probable the model finds the end of a sentence after the text, None where it did not look."""
    whole = verdict.doubtful_reason is None and not verdict.gaps
    confident = verdict.avg_logprob is not None and verdict.avg_logprob >= CONFIDENT
    if sentence_end is None or not (whole and confident):
        return "likely"
    if sentence_end >= SURE:
        return "sentence"
    return "likely" if sentence_end >= LIKELY else "open"
