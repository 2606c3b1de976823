"""The language of a session: the one its client names, or the one confidently detected in recent utterances.

Detection is least reliable with short utterances ("okay", a name). After some in a row that were confidently in one
language the next are assumed to be in it. The assumption ends when an utterance does badly under it or is in another
language, so that somebody may speak two (the speech worker then decodes that utterance in the other).
"""

from __future__ import annotations

from contract.messages import Dropped, Result, UtteranceOutcome

SURE = 0.8  # probability from which a language is taken to be detected for certain
DOING_BADLY = frozenset({"low_confidence", "repetition"})  # what a text in the wrong language is dropped or doubted for


class LanguageLock:
    """Of one session. `language`: of its next utterance, None: detect it. `assumed`: likely, not certain."""

    def __init__(self, named: str | None, after: int) -> None:
        """`named`: by the client, which always wins. `after`: how many in a row it takes, 0: never assume one."""
        self._named = named
        self._after_unnamed = after
        self._latest: str | None = None
        self._count = 0

    @property
    def _after(self) -> int:
        return self._after_unnamed if self._named is None else 0

    def name(self, named: str | None) -> None:
        """The client names another language, or none any more."""
        self._named = named

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
            if outcome.language_probability >= SURE:
                self._count += not drawn
            elif not self.assumed:
                self._count = 0


def _doubt(outcome: Dropped | Result) -> str | None:
    return outcome.reason if isinstance(outcome, Dropped) else outcome.doubtful_reason
