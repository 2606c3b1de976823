"""The language of a session: the one its client names, or the one that its utterances were surely in lately.

Detecting a language goes wrong most with short utterances ("okay", a name). After some in a row that were surely in
one language the next are taken for that, and it is given up when one does badly under it or is in another, so that
somebody who speaks two languages is not held to one (the speech worker then decodes that utterance in the other).
"""

from __future__ import annotations

from contract.messages import Dropped, Result, UtteranceOutcome

DOING_BADLY = frozenset({"low_confidence", "repetition"})  # to drop or to doubt what is heard in a wrong language


class LanguageLock:
    """Of one session. `language`: of its next utterance, None to have it detected. `assumed`: it is a guess."""

    def __init__(self, named: str | None, after: int, probability: float) -> None:
        """`named`: what the client named, which always holds. `after`: how many in a row it takes, 0 for never;
        `probability`: how sure each must be."""
        self._named = named
        self._after = after if named is None else 0
        self._probability = probability
        self._latest: str | None = None
        self._count = 0

    @property
    def language(self) -> str | None:
        """The code of the language, or None."""
        return self._latest if self.assumed else self._named

    @property
    def assumed(self) -> bool:
        """Whether `language` comes from earlier utterances."""
        return 0 < self._after <= self._count

    def heard(self, outcome: UtteranceOutcome) -> None:
        """Learn from an utterance that has ended."""
        if isinstance(outcome, Dropped | Result) and _doubt(outcome) in DOING_BADLY:
            self._count = 0
        elif isinstance(outcome, Result) and outcome.language_probability is not None:
            drawn = bool(outcome.temperature)  # no text at temperature 0 would do
            if self.assumed and (drawn or outcome.language != self._latest):
                self._count = 0
            if outcome.language != self._latest:
                self._latest, self._count = outcome.language, 0
            if outcome.language_probability >= self._probability:
                self._count += not drawn
            elif not self.assumed:
                self._count = 0


def _doubt(outcome: Dropped | Result) -> str | None:
    return outcome.reason if isinstance(outcome, Dropped) else outcome.doubtful_reason
