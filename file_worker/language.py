"""Which language a file is in, from what its segments were heard in. Pure.

Detection goes wrong most with short segments, and a file is mostly in one language. So the first segments are each
detected, and written down only once the file's language is found: after `enough_sec` of speech that agree, or from the
first ENOUGH_RESULTS. Those that were heard in another, and not surely for long, are heard again in the file's. Later
segments are told the language: a short one for certain, a long one as assumed, so that the speech worker takes another
where it is sure of it. Where two languages have about as much speech the file has none, and each segment is detected.
"""

from __future__ import annotations

from collections import defaultdict

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Dropped, Result, UtteranceOutcome
from contract.speech.language_lock import DOING_BADLY, SURE

ENOUGH_RESULTS = 6
HELD_MAX = 8  # segments with an outcome that are kept from being written down
LEADS = 2.0  # times as much speech as in the next, by length and probability: less is no language of the file
AGREED = 0.8
LONG_SEC = 8.0  # of a segment
DOUBTFUL = 0.2
DOUBT_SEC = 15.0  # of speech that is hardly the file's language: short segments are then asked as long ones are
CHANGED_SEC = 60.0  # of speech surely in one other language: it is the file's from there on


class FileLanguage:
    """Of one file. `found`: its language, None while or where it has none. `decided`: nothing is waited for."""

    def __init__(self, named: str | None, enough_sec: float) -> None:
        """`named`: by the sender, which always holds; `enough_sec`: 0 turns all of this off."""
        self._named = named
        self._enough_sec = enough_sec
        self.found: str | None = None
        self.decided = named is not None or not enough_sec
        self._weights: defaultdict[str, float] = defaultdict(float)  # seconds by probability
        self._results = 0
        self._doubt_sec = 0.0
        self._other: defaultdict[str, float] = defaultdict(
            float
        )  # seconds surely in others, since the file's was heard

    def known(self, language: str | None) -> None:
        """Take what an earlier worker has found, if it did."""
        if language is not None and not self.decided:
            self.found, self.decided = language, True

    def asked(self, samples: int) -> tuple[str | None, bool]:
        """The language that a segment of so many samples is sent with, and whether that is an assumption."""
        if self._named is not None or self.found is None:
            return self._named, False
        return self.found, samples >= LONG_SEC * SAMPLE_RATE_HZ or self._doubt_sec >= DOUBT_SEC

    def holds(self, outcome: UtteranceOutcome) -> bool:
        """Whether an outcome has to wait for the decision."""
        return not self.decided and (isinstance(outcome, Result) or _did_badly(outcome))

    def again(self, samples: int, outcome: UtteranceOutcome) -> bool:
        """Whether a segment with this outcome is to be heard again, in the file's language."""
        if not self.decided or self.found is None:
            return False
        if not isinstance(outcome, Result):
            return _did_badly(outcome)
        return outcome.language != self.found and not _surely_for_long(samples, outcome)

    def heard(self, samples: int, outcome: UtteranceOutcome) -> None:
        """Learn from a segment that has its outcome."""
        if self._named is not None or not isinstance(outcome, Result):
            return
        seconds, probability = samples / SAMPLE_RATE_HZ, outcome.language_probability
        if not self.decided:
            if probability is None:  # the model knows one language
                self.decided = True
                return
            self._results += 1
            self._weights[outcome.language] += seconds * probability
        elif self.found is not None and probability is not None:
            self._follow(outcome.language, seconds, probability)

    def decide(self, held: int, all_heard: bool) -> None:
        """Find the language if there is enough to go by. `held`: how many segments wait for it; `all_heard`: no more
        will come."""
        if self.decided:
            return
        whole = sum(self._weights.values())
        language = max(self._weights, key=lambda code: self._weights[code], default=None)
        weight = self._weights[language] if language is not None else 0.0
        agreed = weight >= self._enough_sec and weight >= AGREED * whole
        self.decided = agreed or self._results >= ENOUGH_RESULTS or held >= HELD_MAX or all_heard
        others = (other for code, other in self._weights.items() if code != language)
        if self.decided and weight >= LEADS * max(others, default=0.0):
            self.found = language

    def _follow(self, language: str, seconds: float, probability: float) -> None:
        if language == self.found and probability > DOUBTFUL:
            self._doubt_sec = 0.0
            self._other.clear()
            return
        self._doubt_sec += seconds
        if language != self.found and probability >= SURE:
            self._other[language] += seconds
            if self._other[language] >= CHANGED_SEC:
                self.found = language
                self._doubt_sec = 0.0
                self._other.clear()


def _did_badly(outcome: UtteranceOutcome) -> bool:
    return isinstance(outcome, Dropped) and outcome.reason in DOING_BADLY


def _surely_for_long(samples: int, outcome: Result) -> bool:
    return samples >= LONG_SEC * SAMPLE_RATE_HZ and (outcome.language_probability or 0.0) >= SURE
