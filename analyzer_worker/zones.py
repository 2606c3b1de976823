"""What a model's class labels mean: positive, neutral or negative. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from contract.messages import Zone

_WORDS: dict[str, Zone] = {
    "positive": "positive",
    "pos": "positive",
    "verypositive": "positive",
    "neutral": "neutral",
    "neu": "neutral",
    "mixed": "neutral",
    "negative": "negative",
    "neg": "negative",
    "verynegative": "negative",
}
_STARS: dict[str, Zone] = {"1": "negative", "2": "negative", "3": "neutral", "4": "positive", "5": "positive"}


def zone_of_label(label: str) -> Zone | None:
    """The zone of one label; None for one that says none (`LABEL_0`: models number their classes in any order)."""
    word = re.sub(r"[\s_-]+", "", label.lower())
    if word in _WORDS:
        return _WORDS[word]
    stars = re.fullmatch(r"([1-5])stars?", word)
    return _STARS[stars[1]] if stars else None


class ZoneMap:
    """Zones of one model's classes. `unknown` are the labels that count as neutral because nothing says what
    they mean."""

    def __init__(self, labels: Sequence[str], neutral_below: float, given: Sequence[Zone] | None = None) -> None:
        """`given`: the zones of the labels in their order, where somebody knows better than their names."""
        zones = dict(zip(labels, given, strict=True)) if given else {label: zone_of_label(label) for label in labels}
        self.unknown = [label for label, zone in zones.items() if zone is None]
        self._has_neutral = "neutral" in zones.values()
        self._zones: dict[str, Zone] = {label: zone or "neutral" for label, zone in zones.items()}
        self._neutral_below = neutral_below

    def judge(self, scores: Mapping[str, float]) -> tuple[str, float, Zone]:
        """Label, score and zone: those of the zone whose classes together score highest (4 and 5 stars are both
        positive), with the strongest of its classes as the label.

        Where the model has no class of its own for neutral, a score below `neutral_below` is neutral.
        """
        totals: dict[Zone, float] = {}
        for label, score in scores.items():
            totals[self._zones[label]] = totals.get(self._zones[label], 0.0) + score
        best = max(totals, key=lambda zone: totals[zone])
        label = max((one for one in scores if self._zones[one] == best), key=lambda one: scores[one])
        weak = not self._has_neutral and totals[best] < self._neutral_below
        return label, min(1.0, round(totals[best], 6)), "neutral" if weak else best
