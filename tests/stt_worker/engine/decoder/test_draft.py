"""A draft is followed where the text parts from it, by what a text does to it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from stt_worker.engine.decoder.draft import Draft

DRAFT = tuple(range(10, 40))
MOST = 100


def steps(draft: Sequence[int], text: Sequence[int]) -> int:
    """How many steps a decoder takes that says `text` and then ends."""
    followed, said, count = Draft(draft), 0, 0
    end = -1
    while True:
        ahead = followed.ahead(MOST)
        rest = [*text[said:], end]
        agreed = next((at for at, token in enumerate(ahead) if rest[at] != token), len(ahead))
        count += 1
        said += agreed
        if rest[agreed] == end:
            return count
        followed.came(agreed, rest[agreed])
        said += 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (DRAFT, 1),
        ((*DRAFT, 1, 2, 3), 4),  # it goes on: one by one
        ((*DRAFT[:9], 1, *DRAFT[9:]), 3),  # a comma more
        ((*DRAFT[:9], *DRAFT[10:]), 2),  # one less
        ((*DRAFT[:9], 1, *DRAFT[10:]), 3),  # a capital letter
        ((*DRAFT[:9], 1, 2, 3, *DRAFT[11:]), 5),  # three tokens instead of two
        ((1, *DRAFT[1:20], 2, *DRAFT[21:]), 5),  # two places
        (DRAFT[:5], 1),  # it ends sooner
    ],
)
def test_the_rest_is_a_draft_again(text: Sequence[int], wanted: int) -> None:
    assert steps(DRAFT, text) == wanted


def test_another_text_is_found_one_by_one() -> None:
    text = tuple(range(50, 70))
    assert steps(DRAFT, text) == len(text) + 1
    assert steps((), text) == len(text) + 1


def test_what_comes_back_by_chance_is_left_again() -> None:
    """A token that stands near in the draft, with another one behind it; the text's own rest comes later."""
    text = (1, DRAFT[3], 2, *DRAFT[1:])
    assert steps(DRAFT, text) == 5


def test_no_more_than_asked_for() -> None:
    followed = Draft(DRAFT)
    assert followed.ahead(3) == DRAFT[:3]
    assert followed.ahead(0) == followed.ahead(-1) == ()
