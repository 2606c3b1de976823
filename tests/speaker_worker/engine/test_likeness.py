"""How alike groups of pieces are."""

from __future__ import annotations

import numpy as np

from speaker_worker.engine.likeness import INSIDE_MOST, Group
from tests.speaker_worker.engine.made import MOOD, voices_of


def pieces(voice: int, count: int, seed: int) -> list[Group]:
    """Turns of 3 s."""
    rng = np.random.default_rng(seed)
    return [
        Group.of(np.asarray(heard.inside(0, 48_000)), 3.0)
        for heard in (voices_of([(voice, 3.0)], rng, mood=MOOD) for _ in range(count))
    ]


def test_a_voice_is_as_like_itself_however_many_pieces_there_are() -> None:
    known = Group.together(pieces(0, 30, 1))
    assert all(abs(known.like(Group.together(pieces(0, count, 2))) - 1) < 0.12 for count in (1, 3, 10, 40))
    assert known.like(Group.together(pieces(1, 40, 2))) < 0.65


def test_who_says_the_same_again_and_again_is_no_more_alike_in_himself_than_a_voice_is() -> None:
    known = Group.together(pieces(0, 30, 1))
    (said,) = pieces(0, 1, 3)
    again = Group.together([said] * 15)
    assert again.inside == INSIDE_MOST
    assert abs(known.like(again) - known.like(said)) < 0.04
