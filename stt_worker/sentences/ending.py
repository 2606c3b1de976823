"""How speech ends at a pause: with a sentence, perhaps with one, or in the middle of one. Pure."""

from __future__ import annotations

from contract.events import Ending
from contract.jobs import AnalyzeJob

# By 56 English prompts (numbers 60 to 119), as they are and up to the quietest place of their middle third: 91 of 100
# finished ones are SURE or above and 95 LIKELY or above; of what goes on 29 and 46, half of which are sentences to the
# eye ("Press 1 to accept this call", and after a pause "or 2 to reject it"). French, Italian and Spanish (25 each, cut
# anywhere) are like it, Russian is not: a third of what goes on is above SURE there.
SURE = 0.6  # probability from which a sentence has surely ended
SURE_IN = {"ru": 0.85}
LIKELY = 0.4  # below it the speaker is in the middle of one
# By the sound (English prompts, numbers 60 to 238, a voice that the training never heard): of what is open by its text
# 18 of 20 finished ones fall as at a phrase's end, and 5 of 252 that break off; of what is likely 1 of 16 finished ones
# sounds unfinished, and 40 of 57; of what is SURE none of 134 finished ones sounds like the middle of a phrase, and 15
# of 74.
FALLS = 0.55
UNFINISHED = 0.4
MIDDLE = 0.25
CONFIDENT = -0.6  # mean log-probability: what is less sure says nothing about its end


def ending_of(verdict: AnalyzeJob, sentence_end: float | None, phrase_end: float | None = None) -> Ending:
    """`sentence_end`: how probable the model finds the end of a sentence after the text; `phrase_end`: that a phrase
    has ended by its sound. None where it did not look."""
    whole = verdict.doubtful_reason is None and not verdict.gaps
    confident = verdict.avg_logprob is not None and verdict.avg_logprob >= CONFIDENT
    if sentence_end is None or not (whole and confident):
        return "likely"
    if sentence_end >= SURE_IN.get(verdict.spoken_language, SURE):
        return "likely" if phrase_end is not None and phrase_end < MIDDLE else "sentence"
    if sentence_end >= LIKELY:
        return "open" if phrase_end is not None and phrase_end < UNFINISHED else "likely"
    return "likely" if phrase_end is not None and phrase_end >= FALLS else "open"
