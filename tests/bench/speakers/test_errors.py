"""Diarization error rate against figures of pyannote.metrics."""

from __future__ import annotations

import pytest

from bench.speakers.errors import Errors, Span, diarization_errors

# DiarizationErrorRate(collar=0.5), which is 0.25 s on both sides, of pyannote.metrics: reference and hypothesis as
# (who, start, end) in hundredths of a second; then seconds spoken, missed, false, confused
Stretch = tuple[str, int, int]
PYANNOTE: list[tuple[list[Stretch], list[Stretch], list[float]]] = [
    (
        [("a", 100, 400), ("b", 450, 800), ("a", 820, 1200), ("c", 1250, 1500)],
        [("1", 50, 420), ("2", 460, 700), ("1", 820, 1100), ("2", 1100, 1540)],
        [10.8, 0.75, 0.4, 2.75],
    ),
    (
        [
            ("b", 10, 323),
            ("d", 353, 814),
            ("a", 964, 1034),
            ("b", 1114, 1273),
            ("d", 1283, 1781),
            ("d", 1931, 2356),
            ("b", 2436, 2770),
            ("d", 2780, 3112),
            ("a", 3112, 3461),
            ("a", 3471, 3860),
            ("c", 3890, 4289),
            ("d", 4369, 4683),
        ],
        [
            ("3", 70, 258),
            ("1", 308, 695),
            ("1", 715, 799),
            ("3", 849, 975),
            ("2", 1025, 1348),
            ("2", 1398, 1626),
            ("2", 1646, 1883),
            ("3", 1883, 2249),
            ("3", 2249, 2599),
            ("2", 2599, 2894),
            ("1", 2894, 3194),
            ("1", 3214, 3364),
            ("2", 3414, 3763),
            ("1", 3763, 3933),
        ],
        [34.43, 8.5, 2.5, 13.94],
    ),
    (
        [
            ("a", 80, 533),
            ("d", 563, 799),
            ("a", 799, 859),
            ("c", 939, 1309),
            ("c", 1459, 1904),
            ("a", 2054, 2203),
            ("a", 2233, 2276),
            ("b", 2426, 2712),
            ("c", 2792, 2966),
            ("c", 2976, 3333),
            ("b", 3363, 3569),
            ("d", 3649, 3862),
        ],
        [
            ("3", 20, 287),
            ("3", 307, 508),
            ("2", 508, 886),
            ("3", 906, 1138),
            ("2", 1158, 1212),
            ("3", 1232, 1289),
            ("3", 1289, 1360),
            ("3", 1380, 1593),
            ("2", 1613, 1876),
            ("1", 1926, 1984),
            ("2", 1984, 2371),
            ("3", 2421, 2576),
            ("1", 2596, 2708),
            ("3", 2728, 3043),
        ],
        [23.99, 6.87, 3.25, 9.21],
    ),
    (
        [
            ("c", 80, 470),
            ("d", 550, 1027),
            ("b", 1107, 1155),
            ("a", 1305, 1469),
            ("b", 1549, 1692),
            ("c", 1692, 2163),
            ("c", 2313, 2717),
            ("a", 2717, 2971),
            ("a", 3121, 3526),
            ("a", 3556, 3855),
            ("d", 4005, 4375),
            ("d", 4385, 4534),
        ],
        [
            ("3", 20, 255),
            ("2", 255, 536),
            ("2", 536, 873),
            ("1", 873, 932),
            ("2", 982, 1325),
            ("1", 1345, 1675),
            ("3", 1675, 1762),
            ("1", 1762, 2139),
            ("1", 2159, 2513),
            ("1", 2513, 2648),
            ("3", 2648, 2857),
            ("3", 2907, 3046),
            ("3", 3096, 3475),
            ("2", 3525, 3913),
        ],
        [29.76, 5.6, 4.08, 9.29],
    ),
]


def samples(stretches: list[Stretch]) -> list[tuple[str, int, int]]:
    return [(who, start * 160, end * 160) for who, start, end in stretches]


@pytest.mark.parametrize(("wanted", "got", "figures"), PYANNOTE)
def test_the_errors_are_pyannotes(wanted: list[Stretch], got: list[Stretch], figures: list[float]) -> None:
    heard: list[Span] = [(int(who), start, end) for who, start, end in samples(got)]
    found = diarization_errors(samples(wanted), heard)
    assert [found.spoken, found.missed, found.false, found.confused] == pytest.approx(figures, abs=0.02)
    assert found.rate == pytest.approx(sum(figures[1:]) / figures[0], abs=0.001)


def test_who_is_not_known_is_missed() -> None:
    wanted = [("anna", 0, 160_000)]
    assert diarization_errors(wanted, [(None, 0, 160_000)]).missed == pytest.approx(9.5)
    assert diarization_errors(wanted, [(4, 0, 160_000)]) == Errors(9.5, 0.0, 0.0, 0.0)
    assert diarization_errors(wanted, []).rate == 1.0


def test_errors_add_up() -> None:
    assert (Errors(10, 1, 2, 3) + Errors(10, 1, 0, 0)).figures() == {
        "der": 0.35,
        "missed": 0.1,
        "false": 0.1,
        "confused": 0.15,
    }
