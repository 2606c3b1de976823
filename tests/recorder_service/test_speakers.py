"""Who speaks, for people and for programs: under its text, before it, and nothing while there is one voice."""

from __future__ import annotations

import io
import json
from typing import Any

from contract.messages import Result, SentenceSentiment, Sentiment, Speaker, Speakers, Turn, Turns
from recorder_service.output import JsonOutput, Moment, PipeConsole, TextOutput
from recorder_service.who import KEPT_MAX, WhoSpeaks

TEXT = "I love this. I hate that!"


def feeling(zone: Any, score: float) -> Sentiment:
    return Sentiment(label=zone, score=score, scores={}, zone=zone)


def result(number: int, **changes: Any) -> Result:
    sentences = [
        SentenceSentiment(text="I love this.", sentiment=feeling("positive", 0.9)),
        SentenceSentiment(text="I hate that!", sentiment=feeling("negative", 0.8)),
    ]
    fields: dict[str, Any] = {"utterance": f"tag-{number}", "seq": number, "text": TEXT, "language": "en"}
    return Result(**fields | {"duration_sec": 2.0, "sentences": sentences} | changes)


def turns(number: int, *speakers: int | None) -> Turns:
    """Of the whole text, or of its two sentences."""
    places = [(0, len(TEXT))] if len(speakers) == 1 else [(0, 13), (13, len(TEXT))]
    told = [
        Turn(speaker=speaker, start_sec=place, end_sec=place + 1, first_char=first, end_char=end)
        for place, (speaker, (first, end)) in enumerate(zip(speakers, places, strict=True))
    ]
    return Turns(rev=number, utterance=f"tag-{number}", turns=told)


def shown(*messages: Result | Turns | Speakers) -> list[str]:
    """The lines for a person, without those of sentences alone."""
    console = PipeConsole(file=io.StringIO(), highlight=False)
    output = TextOutput(console, PipeConsole(file=io.StringIO(), highlight=False))
    for message in messages:
        output.message(message, Moment(0.0, 2.0) if isinstance(message, Result) else None)
    file = console.file
    assert isinstance(file, io.StringIO)
    return [line.strip() for line in file.getvalue().splitlines()]


def labels(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(("Speaker", "Anna")) or "Anna: " in line]


def test_one_voice_alone_is_not_told_of() -> None:
    lines = shown(result(1), Speakers(speakers=[Speaker(speaker=1)]), turns(1, 1), result(2), turns(2, 1))
    assert labels(lines) == []


def test_from_the_second_voice_on_it_is_told_under_the_text() -> None:
    lines = shown(result(1), turns(1, 1), result(2), turns(2, 2), result(3), turns(3, 1))
    assert labels(lines) == ["Speaker 2", "Speaker 1"]
    assert lines.index("Speaker 2") < lines.index("Speaker 1") == len(lines) - 1


def test_a_name_is_worth_a_line() -> None:
    lines = shown(result(1), Speakers(speakers=[Speaker(speaker=1, name="Anna")]), turns(1, 1))
    assert labels(lines) == ["Anna"]


def test_two_in_one_utterance_have_their_parts() -> None:
    lines = shown(result(1), turns(1, 1, None))
    assert labels(lines) == ["Speaker 1: I love this.  positive 0.90", "Speaker ?: I hate that!  negative 0.80"]


def test_who_is_known_before_the_text_stands_before_it() -> None:
    lines = shown(turns(1, 1), result(1), turns(2, 2), result(2), result(3, speaker=1, channel=1))
    assert [line for line in lines if "Speaker" in line and TEXT in line] == [
        line for line in lines if line.startswith("0:00.0 - 0:02.0  Speaker")
    ]
    assert [line.partition("Speaker ")[2][:2] for line in lines if "Speaker" in line] == ["2:", "1:"]


def test_of_an_earlier_text_it_says_of_which() -> None:
    lines = shown(result(1), turns(1, 1), result(2), result(3), turns(2, 2))
    assert lines[-2:] == [TEXT, "Speaker 2"]


def test_two_who_are_one_have_one_name() -> None:
    known = Speakers(speakers=[Speaker(speaker=1, name="Anna"), Speaker(speaker=2, same_as=1)])
    assert labels(shown(known, result(1), turns(1, 2))) == ["Anna"]


def test_a_name_obeys_nobody() -> None:
    console = PipeConsole(file=io.StringIO(), highlight=False)
    output = TextOutput(console, console)
    output.message(Speakers(speakers=[Speaker(speaker=1, name="An\x1b[2Jna [red]")]), None)
    output.message(result(1), Moment(0.0, 2.0))
    output.message(turns(1, 1), None)
    file = console.file
    assert isinstance(file, io.StringIO)
    assert "\x1b[2J" not in file.getvalue()
    assert "[red]" in file.getvalue()


def test_what_is_kept_has_a_bound() -> None:
    who = WhoSpeaks()
    for number in range(KEPT_MAX + 1):
        who.known(result(number))
        who.result_of(turns(2 * KEPT_MAX + number, 1))
    assert who.result_of(turns(0, 1)) is None
    assert who.result_of(turns(KEPT_MAX, 1)) is not None
    assert len(who._results) == len(who._early) == KEPT_MAX


def test_programs_get_every_message_as_it_is() -> None:
    console = PipeConsole(file=io.StringIO(), highlight=False)
    output = JsonOutput(console, PipeConsole(file=io.StringIO()))
    messages: list[Result | Turns | Speakers] = [
        result(1, speaker=2, turns=turns(1, 2).turns),
        turns(1, 1, 2),
        Speakers(speakers=[Speaker(speaker=1)]),
    ]
    for message in messages:
        output.message(message, None)
    file = console.file
    assert isinstance(file, io.StringIO)
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [line["type"] for line in lines] == ["result", "turns", "speakers"]
    assert lines[0]["speaker"] == lines[0]["turns"][0]["speaker"] == 2
    assert [one["speaker"] for one in lines[1]["turns"]] == [1, 2]
