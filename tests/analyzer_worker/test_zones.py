"""Labels of usual models and their zones."""

from __future__ import annotations

import pytest

from analyzer_worker.zones import ZoneMap, zone_of_label
from contract.messages import Zone


@pytest.mark.parametrize(
    ("label", "zone"),
    [
        ("POSITIVE", "positive"),
        ("NEGATIVE", "negative"),
        ("neutral", "neutral"),
        ("POS", "positive"),
        ("NEU", "neutral"),
        ("neg", "negative"),
        ("Very Negative", "negative"),
        ("very_positive", "positive"),
        ("1 star", "negative"),
        ("3 stars", "neutral"),
        ("5 stars", "positive"),
        ("LABEL_0", None),
        ("LABEL_1", None),
        ("anger", None),
        ("6 stars", None),
    ],
)
def test_labels(label: str, zone: Zone | None) -> None:
    assert zone_of_label(label) == zone


@pytest.mark.parametrize(
    ("positive", "label", "zone"),
    [
        (0.99, "POSITIVE", "positive"),
        (0.65, "POSITIVE", "positive"),
        (0.649, "POSITIVE", "neutral"),
        (0.4, "NEGATIVE", "neutral"),
        (0.3, "NEGATIVE", "negative"),
    ],
)
def test_two_classes_that_are_close_are_neutral(positive: float, label: str, zone: Zone) -> None:
    zones = ZoneMap(["NEGATIVE", "POSITIVE"], neutral_below=0.65)
    found_label, score, found_zone = zones.judge({"POSITIVE": positive, "NEGATIVE": 1 - positive})
    assert (found_label, found_zone) == (label, zone)
    assert score == pytest.approx(max(positive, 1 - positive))
    assert zones.unknown == []


def test_a_model_that_knows_neutral_decides_itself() -> None:
    zones = ZoneMap(["NEG", "NEU", "POS"], neutral_below=0.65)
    assert zones.judge({"NEG": 0.2, "NEU": 0.35, "POS": 0.45}) == ("POS", 0.45, "positive")
    assert zones.judge({"NEG": 0.2, "NEU": 0.45, "POS": 0.35}) == ("NEU", 0.45, "neutral")


def test_stars_of_one_side_count_together() -> None:
    zones = ZoneMap([f"{n} star{'s' if n > 1 else ''}" for n in range(1, 6)], neutral_below=0.65)
    scores = {"1 star": 0.02, "2 stars": 0.03, "3 stars": 0.38, "4 stars": 0.32, "5 stars": 0.25}
    assert zones.judge(scores) == ("4 stars", 0.57, "positive")


def test_names_that_say_nothing_are_told_what_they_mean() -> None:
    labels = ["LABEL_0", "LABEL_1", "LABEL_2"]
    assert ZoneMap(labels, 0.65).unknown == labels
    zones = ZoneMap(labels, 0.65, ("positive", "neutral", "negative"))
    assert zones.unknown == []
    assert zones.judge({"LABEL_0": 0.1, "LABEL_1": 0.2, "LABEL_2": 0.7}) == ("LABEL_2", 0.7, "negative")


def test_unknown_labels_are_named_and_neutral() -> None:
    zones = ZoneMap(["joy", "POSITIVE", "NEGATIVE"], neutral_below=0.65)
    assert zones.unknown == ["joy"]
    assert zones.judge({"joy": 0.9, "POSITIVE": 0.06, "NEGATIVE": 0.04}) == ("joy", 0.9, "neutral")
    assert zones.judge({"joy": 0.1, "POSITIVE": 0.86, "NEGATIVE": 0.04}) == ("POSITIVE", 0.86, "positive")
