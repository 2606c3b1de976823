"""How speech ends at a pause: with a sentence, perhaps with one, or in the middle of one. Pure."""

from __future__ import annotations

from math import log

from contract.events import Ending
from contract.jobs import AnalyzeJob

# The log odds of a sentence's end by the text and of a phrase's end by the sound, added. Chosen with prompts of five
# people (English 60 to 238, others 60 to 140), as they are and up to the quietest place of their middle third: of
# finished ones en 85, fr 84, it 79, es 83 and ru 86 in 100 are above, of what goes on 17, 11, 11, 15 and 8. By the
# text, and the sound only where it is far on one side, it was 86, 86, 79, 74 and 70, and 18, 20, 14, 22 and 12; of what
# was looked at in live English (60 to 110) it is 79 and 20 instead of 79 and 33: with less quiet behind it, it sounds
# less finished there. Much of what goes on and is above is a sentence to the eye ("Press 1 to accept this call", a
# pause, "or 2 to reject it"), in Russian most. `python -m bench.sentences.endings` measures it.
BOTH = 2.0
BOTH_IN = {"ru": 3.0}
LEAST = 1e-4  # a probability beyond it counts as this
# By the text alone, for models whose sound nobody has learnt (56 of these English prompts, 60 to 119): of 100 finished
# ones 91 are SURE or above and 95 LIKELY or above, of what goes on 29 and 46.
SURE = 0.6  # probability from which a sentence has surely ended
SURE_IN = {"ru": 0.85}
LIKELY = 0.4  # below it the speaker is in the middle of one
# By the sound (English prompts, numbers 60 to 238, a voice that the training never heard): of what is open by its text
# 18 of 20 finished ones fall as at a phrase's end, and 5 of 252 that break off; of what is likely 1 of 16 finished ones
# sounds unfinished, and 40 of 57.
FALLS = 0.55
UNFINISHED = 0.4
CONFIDENT = -0.6  # mean log-probability: what is less sure says nothing about its end


def ending_of(verdict: AnalyzeJob, sentence_end: float | None, phrase_end: float | None = None) -> Ending:
    """`sentence_end`: how probable the model finds the end of a sentence after the text; `phrase_end`: that a phrase
    has ended by its sound. None where it did not look."""
    whole = verdict.doubtful_reason is None and not verdict.gaps
    confident = verdict.avg_logprob is not None and verdict.avg_logprob >= CONFIDENT
    if sentence_end is None or not (whole and confident):
        return "likely"
    if _has_ended(verdict.spoken_language, sentence_end, phrase_end):
        return "sentence"
    if sentence_end >= LIKELY:
        breaks_off = phrase_end is not None and phrase_end < UNFINISHED and sentence_end < SURE
        return "open" if breaks_off else "likely"
    return "likely" if phrase_end is not None and phrase_end >= FALLS else "open"


def _has_ended(language: str, sentence_end: float, phrase_end: float | None) -> bool:
    if phrase_end is None:
        return sentence_end >= SURE_IN.get(language, SURE)
    return _log_odds(sentence_end) + _log_odds(phrase_end) >= BOTH_IN.get(language, BOTH)


def _log_odds(probability: float) -> float:
    within = min(max(probability, LEAST), 1.0 - LEAST)
    return log(within / (1.0 - within))
