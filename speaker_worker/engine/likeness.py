"""How likely two groups of pieces of speech are one voice.

The cosine of two mean voices grows with the number of pieces in them, because what is by chance in each averages out;
so it cannot be compared with one threshold. Here the mean cosine of all pairs across two groups is set against the
mean cosines of all pairs inside each: of one voice that is near 1, however many pieces there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

INSIDE: Final = 0.82  # mean cosine of two pieces of one voice; as if known of so much speech:
INSIDE_WEIGHT: Final = 40.0  # seconds squared: six pairs of 2.5 s
INSIDE_MOST: Final = 0.87  # no voice is more alike in itself; who seems to be says the same again and again
WHOLE_SEC: Final = 1.6  # a shorter piece is less like its own voice, by SHORT of one of 0.5 s
SHORT_SEC: Final = 0.5
SHORT: Final = 0.15
WEIGHT_SEC: Final = 4.0  # a piece weighs its seconds, and no more than this
FOLLOWS_SEC: Final = 60.0  # a group weighs no more than this: what is new goes on to matter

Row = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Group:
    """Pieces of one voice. `total`: the sum of their embeddings by weight, shape (d,). `weight`: the sum of their
    weights. `squares`: of the squares of what is in `total`. `seconds`: of speech."""

    total: Row
    weight: float
    squares: float
    seconds: float

    @classmethod
    def of(cls, embedding: Row, seconds: float) -> Self:
        """One piece: an embedding of length 1."""
        lacks = min(1.0, max(0.0, (WHOLE_SEC - seconds) / (WHOLE_SEC - SHORT_SEC)))
        weight, told = min(WEIGHT_SEC, seconds), 1 - SHORT * lacks**2
        return cls((embedding * (weight / told)).astype(np.float32), weight, (weight / told) ** 2, seconds)

    @classmethod
    def together(cls, groups: Iterable[Self]) -> Self:
        """All of `groups`, of which there is one at least."""
        parts = list(groups)
        total = np.sum([part.total for part in parts], axis=0)
        weight, squares = sum(part.weight for part in parts), sum(part.squares for part in parts)
        fade = min(1.0, FOLLOWS_SEC / weight) if weight else 1.0
        return cls(
            (total * fade).astype(np.float32),
            weight * fade,
            squares * fade**2,
            sum(part.seconds for part in parts),
        )

    @property
    def mean(self) -> Row:
        """The mean voice, of length 1."""
        return (self.total / max(1e-9, float(np.linalg.norm(self.total)))).astype(np.float32)

    @property
    def inside(self) -> float:
        """The mean cosine of two different pieces in it, within what there is of one voice."""
        pairs = float(self.total @ self.total) - self.squares
        mean = (pairs + INSIDE_WEIGHT * INSIDE) / (self.weight**2 - self.squares + INSIDE_WEIGHT)
        return min(INSIDE_MOST, max(0.3, mean))

    def like(self, other: Self) -> float:
        """How like `other` it is; about 1 of one voice."""
        across = float(self.total @ other.total) / max(1e-9, self.weight * other.weight)
        return across / float(np.sqrt(self.inside * other.inside))
