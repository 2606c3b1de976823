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
# Models without label names, by number of classes: the order in which the usual data sets number them
# (SST-2 and IMDb: negative, positive; TweetEval: negative, neutral, positive; review data sets: one to five stars).
_NUMBERED: dict[int, tuple[Zone, ...]] = {
    2: ("negative", "positive"),
    3: ("negative", "neutral", "positive"),
    5: ("negative", "negative", "neutral", "positive", "positive"),
}


def zone_of_label(label: str, classes: int) -> Zone | None:
    """The zone of one label of a model with `classes` classes, or None for a label that says neither."""
    word = re.sub(r"[\s_-]+", "", label.lower())
    if word in _WORDS:
        return _WORDS[word]
    if stars := re.fullmatch(r"([1-5])stars?", word):
        return _STARS[stars[1]]
    if (numbered := re.fullmatch(r"label(\d)", word)) and classes in _NUMBERED:
        number = int(numbered[1])
        return _NUMBERED[classes][number] if number < classes else None
    return None


class ZoneMap:
    """Zones of one model's classes. `unknown` are the labels that count as neutral because nothing says what
    they mean."""

    def __init__(self, labels: Sequence[str], neutral_below: float) -> None:
        zones = {label: zone_of_label(label, len(labels)) for label in labels}
        self.unknown = [label for label, zone in zones.items() if zone is None]
        self._has_neutral = "neutral" in zones.values()
        self._zones: dict[str, Zone] = {label: zone or "neutral" for label, zone in zones.items()}
        self._neutral_below = neutral_below

    def zone(self, scores: Mapping[str, float]) -> Zone:
        """The zone whose classes together score highest (4 and 5 stars are both positive).

        Where the model has no class of its own for neutral, a score below `neutral_below` is neutral.
        """
        totals: dict[Zone, float] = {}
        for label, score in scores.items():
            zone = self._zones.get(label, "neutral")
            totals[zone] = totals.get(zone, 0.0) + score
        best = max(totals, key=lambda zone: totals[zone])
        weak = not self._has_neutral and totals[best] < self._neutral_below
        return "neutral" if weak else best
