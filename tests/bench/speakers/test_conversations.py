"""Made conversations are what the page says they are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bench.sentences.speakers import Said
from bench.speakers.conversations import (
    GAPS_SEC,
    LEVEL_DB,
    TURNS_EACH,
    Spoken,
    conversation,
    monologue,
    room_response,
    with_guest,
)
from bench.speakers.delay import changed, delays_ms
from bench.speakers.guests import own_share
from bench.speakers.people import Take, recordings
from bench.speakers.tables import speakers_bars, speakers_tables
from bench.speakers.ways import file_pieces, live_pieces
from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from contract.messages import Result
from harness.human_voices import VOICES, HumanVoicesMissingError


def people(*voices: str) -> dict[str, list[Take]]:
    """Each says noise that comes and goes as syllables do, of mean square 1, for 2 to 4 s."""
    rng = np.random.default_rng(2)
    found: dict[str, list[Take]] = {}
    for voice in voices:
        found[voice] = []
        for sec in (2.0, 3.0, 4.0):
            count = int(sec * SAMPLE_RATE_HZ)
            samples = rng.normal(size=count) * np.sin(4 * np.pi * np.arange(count) / SAMPLE_RATE_HZ)
            samples /= np.sqrt(np.square(samples).mean())
            found[voice].append(Take(voice, samples, ((0, len(samples)),)))
    return found


def test_everybody_speaks_as_often_and_nobody_twice_in_a_row() -> None:
    made = conversation(people("en", "es", "fr", "it", "ru"), 4, 1)
    order = [one.voice for one in made.spoken]
    assert made.voices == 4
    assert {order.count(voice) for voice in order} == {TURNS_EACH}
    assert all(left != right for left, right in pairwise(order))
    assert {"en", "es"} - set(order), "the English and the Spanish prompts are one person"


def test_turns_have_gaps_and_one_level() -> None:
    made = conversation(people("en", "fr", "it"), 2, 3)
    for left, right in pairwise(made.spoken):
        assert GAPS_SEC[0] <= (right.start - left.end) / SAMPLE_RATE_HZ + 1e-3 <= GAPS_SEC[1] + 2e-3
    samples = np.frombuffer(made.pcm, "<i2") / FULL_SCALE
    for one in made.spoken:
        level = 10 * np.log10(np.square(samples[one.start : one.end]).mean())
        assert level == pytest.approx(LEVEL_DB + 10 * np.log10(np.square(room_response()).sum()), abs=0.5)


def test_noise_is_as_far_below_as_is_said() -> None:
    voices = people("en", "fr")
    silent, noisy = (conversation(voices, 2, 3, noise_db) for noise_db in (60.0, 15.0))
    difference = (np.frombuffer(noisy.pcm, "<i2").astype(float) - np.frombuffer(silent.pcm, "<i2")) / FULL_SCALE
    assert 10 * np.log10(np.square(difference).mean()) == pytest.approx(LEVEL_DB - 15.0, abs=0.5)


def test_the_pieces_of_both_ways_hold_all_that_is_said() -> None:
    made = conversation(people("en", "fr"), 2, 5)
    live, timeline = live_pieces(made.pcm)
    for pieces, where in ((file_pieces(made.pcm), int), (live, timeline.captured_at)):
        heard = np.zeros(len(made.pcm) // 2, dtype=bool)
        for piece in pieces:
            heard[where(piece.start) : where(piece.start + len(piece.pcm) // 2 - 1) + 1] = True
        assert all(heard[one.start : one.end].mean() > 0.98 for one in made.spoken)
    assert max(len(piece.pcm) for piece in live) <= 8 * 2 * SAMPLE_RATE_HZ


def test_one_person_alone_is_one() -> None:
    made = monologue(people("fr")["fr"], 20.0, 1, -30.0)
    assert made.voices == 1
    assert 20 <= len(made.pcm) / 2 / SAMPLE_RATE_HZ <= 35


@pytest.mark.parametrize("guest_sec", [5.0, 10.0])
def test_a_guest_says_as_much_as_is_said_and_somewhere_in_between(guest_sec: float) -> None:
    voices = people("fr", "it")
    voices["it"] *= 3
    made = with_guest(voices["fr"], voices["it"], 60.0, guest_sec, 1)
    of_guest = [one for one in made.spoken if one.voice == "it"]
    assert sum(one.end - one.start for one in of_guest) / SAMPLE_RATE_HZ == pytest.approx(guest_sec, abs=1.0)
    assert {made.spoken[0].voice, made.voices} == {"fr", 2}
    assert 60 <= len(made.pcm) / 2 / SAMPLE_RATE_HZ <= 60 + 2 * guest_sec + 15


def test_the_guests_own_share_is_what_is_told_as_one_who_is_not_the_host() -> None:
    spoken = [Spoken("host", 0, 100), Spoken("guest", 100, 200), Spoken("host", 200, 300)]
    assert own_share(spoken, [(1, 0, 100), (2, 100, 180), (None, 180, 200), (1, 200, 300)], "host") == 0.8
    assert own_share(spoken, [(1, 0, 300)], "host") == 0.0
    assert own_share(spoken, [(1, 0, 150), (2, 150, 170), (3, 170, 200), (1, 200, 300)], "host") == 0.3


@pytest.mark.parametrize("language", sorted(VOICES))
def test_the_halves_share_no_clip(language: str) -> None:
    try:
        tuning, measuring = (recordings(half, language) for half in ("tuning", "measuring"))
    except HumanVoicesMissingError as missing:
        pytest.skip(str(missing))
    assert len(tuning) >= 3 * TURNS_EACH
    assert len(measuring) >= 3 * TURNS_EACH
    assert not set(tuning) & set(measuring)


def result(der: float, right: int) -> dict[str, object]:
    row: dict[str, object] = {
        "missed": 0.01,
        "false": 0.01,
        "confused": 0.02,
        "conversations": 20,
        "right_number": right,
        "merged": 1,
    }
    row |= {"unsure_at_first": 0.1, "p50_ms": 50, "p95_ms": 90, "der": der, "voices": 2, "way": "live"}
    rows = [row | {"noise_db": None}, row | {"noise_db": 15.0, "der": der + 0.06}]
    alone = [{"voice": "fr", "way": "live", "level_db": level, "speakers": 1} for level in (-30.0, -12.0)]
    return {"rows": rows, "alone": alone}


@pytest.mark.parametrize(("der", "right", "met"), [(0.1, 18, [True, True]), (0.13, 17, [False, False])])
def test_bars_are_met_or_missed(der: float, right: int, met: list[bool]) -> None:
    bars = list(speakers_bars(result(der, right)))
    assert [bar[3] for bar in bars] == [*met, False, True]
    (_, conversations), (_, alone) = speakers_tables(result(der, right))
    assert f"{der:.1%}" in conversations
    assert "live, -30 dB" in alone


def test_who_says_little_has_a_table_and_no_bar() -> None:
    guests = [{"way": "live", "guest_sec": 5.0, "said_sec": 5.4, "conversations": 5, "two": 3, "own": 0.52}]
    found = result(0.05, 20)
    assert list(speakers_bars(found | {"guests": guests})) == list(speakers_bars(found))
    title, text = speakers_tables(found | {"guests": guests})[-1]
    assert "says little" in title
    assert "3 of 5" in text
    assert "52%" in text


@pytest.mark.parametrize(("late", "grown", "changed"), [(120, 5, 0), (301, 21, 2), (None, 0, 0)])
def test_what_telling_costs_is_told_and_judged(late: int | None, grown: int, changed: int) -> None:
    delay = {"sessions": 4, "texts": 40, "p50_ms": 90, "p95_ms": late, "never_told": 0, "text_p50_ms": 430 + grown}
    delay |= {"text_p50_without_ms": 430, "words": 184, "words_changed": changed, "words_changed_without": 1}
    found = result(0.05, 20) | {"delay": delay}
    met = [bar[3] for bar in speakers_bars(found)][-3:]
    assert met == [late is not None and late <= 300, grown <= 20, changed == 0]
    title, text = speakers_tables(found)[-1]
    assert "text" in title
    assert f"{changed} of 184" in text


def test_who_is_never_told_has_waited_for_ever() -> None:
    heard = Result(utterance="x-0", text="a", language="en")
    said = Said("a", 0, outcomes=[(heard, 0, 5.0), (heard, 100, 6.0), (heard, 200, 7.0)], told={0: 5.2, 100: 5.9})
    assert [round(one) for one in delays_ms([said])[:2]] == [200, 0]
    assert delays_ms([said])[2] == float("inf")
    assert changed(["one two three"], ["one too three"]) == 1
