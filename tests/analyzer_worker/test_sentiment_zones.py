"""Labels of usual models and their zones."""

from __future__ import annotations

import pytest
from sentiment_zones import ZoneMap, zone_of_label

from contract.messages import Zone


@pytest.mark.parametrize(
    ("label", "classes", "zone"),
    [
        ("POSITIVE", 2, "positive"),
        ("NEGATIVE", 2, "negative"),
        ("neutral", 3, "neutral"),
        ("POS", 3, "positive"),
        ("NEU", 3, "neutral"),
        ("Very Negative", 5, "negative"),
        ("very_positive", 5, "positive"),
        ("LABEL_0", 2, "negative"),
        ("LABEL_1", 2, "positive"),
        ("LABEL_1", 3, "neutral"),
        ("LABEL_2", 3, "positive"),
        ("LABEL_3", 5, "positive"),
        ("1 star", 5, "negative"),
        ("3 stars", 5, "neutral"),
        ("5 stars", 5, "positive"),
        ("LABEL_1", 28, None),
        ("LABEL_7", 5, None),
        ("anger", 6, None),
        ("6 stars", 6, None),
    ],
)
def test_labels(label: str, classes: int, zone: Zone | None) -> None:
    assert zone_of_label(label, classes) == zone


@pytest.mark.parametrize(
    ("positive", "zone"),
    [(0.99, "positive"), (0.65, "positive"), (0.649, "neutral"), (0.4, "neutral"), (0.3, "negative")],
)
def test_two_classes_that_are_close_are_neutral(positive: float, zone: Zone) -> None:
    zones = ZoneMap(["NEGATIVE", "POSITIVE"], neutral_below=0.65)
    assert zones.zone({"POSITIVE": positive, "NEGATIVE": 1 - positive}) == zone
    assert zones.unknown == []


def test_a_model_that_knows_neutral_decides_itself() -> None:
    zones = ZoneMap(["LABEL_0", "LABEL_1", "LABEL_2"], neutral_below=0.65)
    assert zones.zone({"LABEL_0": 0.2, "LABEL_1": 0.35, "LABEL_2": 0.45}) == "positive"
    assert zones.zone({"LABEL_0": 0.2, "LABEL_1": 0.45, "LABEL_2": 0.35}) == "neutral"


def test_stars_of_one_side_count_together() -> None:
    zones = ZoneMap([f"{n} star{'s' if n > 1 else ''}" for n in range(1, 6)], neutral_below=0.65)
    scores = {"1 star": 0.02, "2 stars": 0.03, "3 stars": 0.38, "4 stars": 0.32, "5 stars": 0.25}
    assert zones.zone(scores) == "positive"


def test_unknown_labels_are_named_and_neutral() -> None:
    zones = ZoneMap(["joy", "POSITIVE", "NEGATIVE"], neutral_below=0.65)
    assert zones.unknown == ["joy"]
    assert zones.zone({"joy": 0.9, "POSITIVE": 0.06, "NEGATIVE": 0.04}) == "neutral"
    assert zones.zone({"joy": 0.1, "POSITIVE": 0.86, "NEGATIVE": 0.04}) == "positive"
