"""Few pieces of speech to voices, by average linkage (a few hundred at most; whole_file.py has many)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from speaker_worker.engine.likeness import Group

APART = 0.23  # mean cosine distance from which two groups are two people
SAME = 0.93  # likeness from which two groups are one


def clusters_of(groups: Sequence[Group]) -> list[list[int]]:
    """Which of `groups` are one voice, as indices: the two whose pieces are most alike become one, again and again,
    until the pieces of no two are nearer than APART; then those that are the SAME."""
    found = [[at] for at in range(len(groups))]
    if not found:
        return found
    totals = np.stack([group.total for group in groups]).astype(np.float64)
    weights = np.array([group.weight for group in groups])
    across = totals @ totals.T
    while len(found) > 1:
        mean = across / np.outer(weights, weights)
        np.fill_diagonal(mean, -1.0)
        one, two = sorted(divmod(int(mean.argmax()), len(found)))
        if mean[one, two] < 1 - APART:
            break
        across[one] += across[two]
        across[:, one] += across[:, two]
        across = np.delete(np.delete(across, two, 0), two, 1)
        weights[one] += weights[two]
        weights = np.delete(weights, two)
        found[one] += found.pop(two)
    return _alike(groups, found)


def _alike(groups: Sequence[Group], found: list[list[int]]) -> list[list[int]]:
    """`found` with those that are the SAME as one."""
    together = [Group.together(groups[at] for at in members) for members in found]
    while len(found) > 1:
        pairs = [
            (one.like(two), at, other) for at, one in enumerate(together) for other, two in enumerate(together[:at])
        ]
        likeness, at, other = max(pairs)
        if likeness < SAME:
            break
        together[other] = Group.together((together[other], together.pop(at)))
        found[other] = found[other] + found.pop(at)
    return found
