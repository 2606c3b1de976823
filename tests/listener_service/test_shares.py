"""Statistics per speaker: results and turns in any order, told again, found to be one. No Redis here."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.messages import MAX_SPEAKERS, Result, SentenceSentiment, Speaker, Turn
from listener_service.counts import Statistics, load_statistics
from listener_service.shares import EARLY_MAX, HELD_MAX, UNASKED_MAX, SpeakerShares
from tests.listener_service.conftest import sentiment
from tests.support.told_speakers import turn

TEXT = "I love this. I hate that!"
HALVES = (13, 25)


def result(start: int = 0, **changes: Any) -> Result:
    sentences = [
        SentenceSentiment(text="I love this.", sentiment=sentiment("positive", 0.9)),
        SentenceSentiment(text="I hate that!", sentiment=sentiment("negative", 0.8)),
    ]
    fields: dict[str, Any] = {"utterance": f"u-{start}", "start_sec": start / 16_000, "duration_sec": 2.0}
    fields |= {"text": TEXT, "language": "en", "sentiment": sentiment(), "sentences": sentences}
    return Result(**fields | changes)


def halves(first: int | None, second: int | None) -> list[Turn]:
    return [turn(first, 0.0, 1.5, 0, HALVES[0]), turn(second, 1.5, 2.0, *HALVES)]


def whole(speaker: int | None) -> list[Turn]:
    return [turn(speaker, 0.0, 2.0, 0, len(TEXT))]


def read_again(shares: SpeakerShares) -> SpeakerShares:
    return SpeakerShares.from_json(json.loads(json.dumps(shares.to_json())))


def test_a_result_is_divided_among_its_speakers() -> None:
    shares = SpeakerShares()
    shares.add_result(0, 1, result())
    assert shares.block() == {}
    assert shares.awaited(0) == 1
    shares.add_turns(0, halves(1, 2), result())
    block = shares.block()
    assert [(number, one.words, one.audio_sec, one.share) for number, one in block.items()] == [
        ("1", 3, 1.5, 0.75),
        ("2", 3, 0.5, 0.25),
    ]
    assert {zone: (one.count, one.share, one.mean_score) for zone, one in block["1"].sentiment.items()} == {
        "positive": (1, 1.0, 0.9)
    }
    assert list(block["2"].sentiment) == ["negative"]


def test_turns_may_come_before_their_result() -> None:
    early, late = SpeakerShares(), SpeakerShares()
    early.add_turns(0, halves(1, 2), None)
    assert early.block() == {}
    early = read_again(early)
    early.add_result(0, 1, result())
    late.add_result(0, 1, result())
    late.add_turns(0, halves(1, 2), result())
    assert early.block() == late.block() != {}


def test_turns_that_come_again_replace_what_was_counted() -> None:
    shares = SpeakerShares(last_rev=1)
    shares.add_result(0, 1, result())
    shares.add_turns(0, halves(1, None), result())
    assert list(shares.block()) == ["1"]
    shares = read_again(shares)
    shares.add_turns(0, whole(1), result())
    assert [(one.words, one.audio_sec) for one in shares.block().values()] == [(6, 2.0)]
    shares.add_turns(0, whole(1), result())  # a task that ran twice
    assert [(one.words, one.audio_sec) for one in shares.block().values()] == [(6, 2.0)]
    assert {zone: one.count for zone, one in shares.block()["1"].sentiment.items()} == {"positive": 1, "negative": 1}
    shares.add_turns(0, whole(None), result())
    assert shares.block() == {}


def test_a_result_that_is_gone_stays_as_it_was_counted() -> None:
    shares = SpeakerShares()
    shares.add_result(0, 1, result())
    shares.add_turns(0, whole(1), result())
    shares.add_turns(0, whole(2), None)
    assert list(shares.block()) == ["1"]


def test_a_channel_is_its_speaker() -> None:
    shares = SpeakerShares()
    shares.add_result(0, 1, result(channel=2, speaker=2))
    assert [(number, one.words, one.audio_sec) for number, one in shares.block().items()] == [("2", 6, 2.0)]
    assert shares.awaited(0) is None


def test_two_who_are_one_are_added_up() -> None:
    shares = SpeakerShares()
    for start, speaker in enumerate((1, 2, 3)):
        shares.add_result(start, start + 1, result(start))
        shares.add_turns(start, whole(speaker), result(start))
    shares.note([Speaker(speaker=1), Speaker(speaker=2), Speaker(speaker=3, same_as=1)])
    shares = read_again(shares)
    assert [(number, one.words, one.share) for number, one in shares.block().items()] == [
        ("1", 12, 0.6667),
        ("2", 6, 0.3333),
    ]
    assert shares.block()["1"].sentiment["positive"].count == 2
    assert shares.numbers == 2
    shares.add_turns(2, whole(2), result(2))  # what is taken back is taken from whom it was given
    assert [one.words for one in shares.block().values()] == [6, 12]


def test_everything_has_a_bound() -> None:
    shares = SpeakerShares()
    for start in range(1_000):
        shares.add_result(start, start + 1, result(start))
    assert len(shares.held) == UNASKED_MAX
    shares.last_rev = 1
    for start in range(1_000, 2_000):
        shares.add_turns(10_000 + start, whole(1), None)
        shares.add_result(start, start + 1, result(start))
        shares.add_turns(start, whole(start), result(start))
    assert (len(shares.held), len(shares.early), len(shares.figures)) == (HELD_MAX, EARLY_MAX, MAX_SPEAKERS)
    assert len(json.dumps(shares.to_json())) < 20_000
    shares.note([Speaker(speaker=number, same_as=number + 1) for number in range(1, 1_000)])
    assert len(shares.same_as) == MAX_SPEAKERS


def test_what_is_too_old_is_not_counted_twice() -> None:
    shares = SpeakerShares(last_rev=1)
    for start in range(HELD_MAX + 1):
        shares.add_result(start, start + 1, result(start))
        shares.add_turns(start, whole(1), result(start))
    before = shares.block()
    shares.add_turns(0, whole(2), None)
    assert shares.block() == before


@given(
    st.lists(st.lists(st.sampled_from([None, 1, 2, 3]), min_size=1, max_size=3), min_size=1, max_size=5), st.randoms()
)
def test_any_order_gives_the_same(told: list[list[int | None]], dice: Any) -> None:
    """`told`: of each utterance the speakers that its turns name, told again and again; the last of them counts."""
    steps = [(start, number) for start, names in enumerate(told) for number in range(-1, len(names))]
    dice.shuffle(steps)
    after: dict[int, list[int]] = {}
    for start, number in steps:
        if number >= 0:
            after.setdefault(start, []).append(number)
    order = {start: iter(sorted(numbers)) for start, numbers in after.items()}  # turns of one come in their order
    shares = SpeakerShares(last_rev=1)
    for start, number in steps:
        if number < 0:
            shares.add_result(start, start + 1, result(start))
        else:
            known = result(start) if shares.awaited(start) else None
            shares.add_turns(start, whole(told[start][next(order[start])]), known)
        shares = read_again(shares)
    last = [names[-1] for names in told]
    expected = {str(name): 6 * last.count(name) for name in sorted({name for name in last if name})}
    assert {number: one.words for number, one in shares.block().items()} == expected


def test_a_state_of_before_has_no_speakers() -> None:
    statistics = Statistics(results=1)
    state = statistics.to_json()
    assert "speakers" not in state  # as an older listener wrote it
    read = load_statistics(json.dumps(state))
    assert read is not None
    assert read.block().speakers == {}


@pytest.mark.parametrize("place", range(6))
def test_a_state_that_cannot_be_is_refused(place: int) -> None:
    statistics = Statistics()
    statistics.speakers.add_result(0, 1, result())
    statistics.speakers.add_turns(0, whole(1), result())
    statistics.speakers.add_turns(9, whole(1), None)
    state = statistics.to_json()
    read = load_statistics(json.dumps(state))
    assert read is not None
    assert read.speakers == statistics.speakers
    damage: list[dict[str, Any]] = [
        {"figures": [[1, [0, 0, {"happy": [1, 1.0]}]]]},
        {"figures": [[1]]},
        {"held": [[0, 1]]},
        {"early": [[0, [{"speaker": -1}]]]},
        {"same_as": [1]},
        {"rev": "x"},
    ]
    state["speakers"] |= damage[place]
    assert load_statistics(json.dumps(state)) is None
