"""How speech ends at a pause: with a sentence, perhaps with one, or in the middle of one. Pure."""

from __future__ import annotations

from contract.events import Ending
from contract.jobs import AnalyzeJob

# By 60 English prompts (numbers 60 to 119), whole and cut in the middle: 84 of 100 finished ones are SURE or above and
# 97 LIKELY or above, of those that go on 2 and 11. French, Italian and Spanish (25 each) are like it, Russian is not.
SURE = 0.65  # probability from which a sentence has surely ended
SURE_IN = {"ru": 0.85}  # a third of what goes on is above SURE there, of whole ones a quarter between the two
LIKELY = 0.4  # below it the speaker is in the middle of one
CONFIDENT = -0.6  # mean log-probability: what is less sure says nothing about its end


def ending_of(verdict: AnalyzeJob, sentence_end: float | None) -> tuple[Ending, float]:
    """How it ends and how sure that is (as in PartialEvent). `sentence_end`: how probable the model finds the end of a
    sentence after the text, None where it did not look."""
    whole = verdict.doubtful_reason is None and not verdict.gaps
    confident = verdict.avg_logprob is not None and verdict.avg_logprob >= CONFIDENT
    if sentence_end is None or not (whole and confident):
        return "likely", 0.0
    sure = SURE_IN.get(verdict.spoken_language, SURE)
    if sentence_end >= sure:
        return "sentence", 1.0
    return ("open", 0.0) if sentence_end < LIKELY else ("likely", (sentence_end - LIKELY) / (sure - LIKELY))
