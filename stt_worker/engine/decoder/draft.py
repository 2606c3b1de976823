"""A draft: what a text probably says, from an earlier look at the same audio, followed while the text is decoded."""

from __future__ import annotations

from collections.abc import Sequence

NEAR = 6  # tokens of the draft in which the text is looked for where it has left it


class Draft:
    """`tokens`, and how far the text has followed them.

    Where they part, most often at a mark or a capital letter, the rest is still a draft of what comes: it is taken up
    again behind the first token that stands in both.
    """

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens = tuple(tokens)
        self._place = 0  # up to which it was followed
        self._from = 0  # where `ahead` begins
        self._followed = True

    def ahead(self, most: int) -> tuple[int, ...]:
        """At most so many tokens that probably come next."""
        return self._tokens[self._from :][: max(0, most)] if self._followed else ()

    def came(self, agreed: int, token: int) -> None:
        """`agreed` of those ahead came, and then `token`."""
        if agreed:
            self._place = self._from + agreed
        near = self._tokens[self._place : self._place + NEAR]
        self._followed = token in near
        if self._followed:
            self._from = self._place + near.index(token) + 1
