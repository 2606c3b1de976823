"""What is shown: every kind of message, nothing that a terminal would obey, and JSON that a program can read."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from rich.text import Text

from contract.messages import (
    Dropped,
    Error,
    Partial,
    Result,
    SentenceSentiment,
    Sentiment,
    ServerMessage,
    Session,
    Zone,
)
from recorder_service.live_line import Status, live_view, status_line
from recorder_service.output import (
    JsonOutput,
    Moment,
    OutputHandler,
    PipeConsole,
    TextOutput,
    plain_line,
)

ADAPTER: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)
EXAMPLES: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "contract" / "examples.json").read_text(encoding="utf-8")
)
MOMENT = Moment(3.0, 65.04)


def example(kind: str) -> ServerMessage:
    return ADAPTER.validate_python(EXAMPLES[kind])


def terminal(width: int = 100) -> PipeConsole:
    return PipeConsole(file=io.StringIO(), force_terminal=True, width=width, highlight=False, color_system="standard")


def pipe() -> PipeConsole:
    return PipeConsole(file=io.StringIO(), highlight=False)


def text_of(console: PipeConsole) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_a_result_on_one_line() -> None:
    assert plain_line(example("result"), MOMENT).plain == (
        "0:03.0 - 1:05.0  I love this movie.  positive 1.00  en  153 ms"
    )


def test_a_translation_stands_underneath() -> None:
    result = example("result")
    assert isinstance(result, Result)
    korean = result.model_copy(update={"text": "정말 좋아요", "language": "ko", "translation": "I really like it."})
    first, second = plain_line(korean, MOMENT).plain.split("\n")
    assert "정말 좋아요" in first
    assert second.strip() == "in English: I really like it."


def test_why_there_is_no_sentiment() -> None:
    result = example("result")
    assert isinstance(result, Result)
    without = result.model_copy(update={"sentiment": None, "sentiment_reason": "this model cannot translate"})
    assert "no sentiment: this model cannot translate" in plain_line(without, MOMENT).plain


def felt(zone: Zone, neutral_reason: str | None = None) -> Sentiment:
    scores = {"POSITIVE": 0.96, "NEGATIVE": 0.04}
    return Sentiment(label="POSITIVE", score=0.96, scores=scores, zone=zone, neutral_reason=neutral_reason)


def test_each_of_several_sentences_stands_underneath() -> None:
    result = example("result")
    assert isinstance(result, Result)
    sentences = [
        SentenceSentiment(text="I love it.", sentiment=felt("positive")),
        SentenceSentiment(text="is not.", sentiment=felt("neutral", "too_short")),
        SentenceSentiment(text="And then they", sentiment=felt("neutral", "cut")),
    ]
    lines = plain_line(result.model_copy(update={"sentences": sentences}), MOMENT).plain.split("\n")
    assert [line.strip() for line in lines[1:]] == [
        "I love it.  positive 0.96",
        "is not.  neutral (too short to tell)",
        "And then they  neutral (cut off by the length limit)",
    ]


def test_a_splinter_says_why_it_is_neutral() -> None:
    result = example("result")
    assert isinstance(result, Result)
    for reason, words in (("no_verb", "no sentence"), ("later\x1b[2J", "later")):
        line = plain_line(result.model_copy(update={"sentiment": felt("neutral", reason)}), MOMENT).plain
        assert f"neutral ({words}" in line
        assert "0.96" not in line
        assert "\x1b" not in line


def test_zones_have_a_word_and_a_colour() -> None:
    result = example("result")
    assert isinstance(result, Result)
    assert result.sentiment is not None
    for zone, colour in (("positive", "\x1b[1;32m"), ("neutral", "\x1b[1;33m"), ("negative", "\x1b[1;31m")):
        console = terminal()
        sentiment = result.sentiment.model_copy(update={"zone": zone})
        TextOutput(console, console).message(result.model_copy(update={"sentiment": sentiment}), MOMENT)
        assert f"{colour}{zone} 1.00" in text_of(console)


def test_dropped_is_faint_with_its_reason() -> None:
    console = terminal()
    TextOutput(console, console).message(example("dropped"), MOMENT)
    assert "\x1b[2m0:03.0 - 1:05.0  dropped: no_speech (speech probability 0.03 is below 0.50)" in text_of(console)


@pytest.mark.parametrize(
    "evil", ["\x1b[2J\x1b]0;owned\x07", "[bold red]x[/]", "a\rb\nc", "\u202etxet", ":smile: \x9b31m"]
)
def test_speech_cannot_command_the_terminal(evil: str) -> None:
    result = example("result")
    assert isinstance(result, Result)
    messages: list[ServerMessage] = [
        result.model_copy(update={"text": evil, "translation": evil, "language": evil, "sentiment": None}),
        Dropped(utterance="a-1", reason=evil, detail=evil),
        Error(utterance="a-1", seq=1, code=evil, message=evil),
        Error(code=evil, message=evil),
    ]
    console = PipeConsole(file=io.StringIO(), force_terminal=True, width=300, highlight=False, color_system=None)
    output = TextOutput(console, console)
    for message in messages:
        output.message(message, MOMENT)
    output.note(evil)
    shown = text_of(console)
    assert not set(shown) & set("\x1b\x07\r\x9b\u202e"), repr(shown)
    if "[bold" in evil or ":smile:" in evil:
        assert evil.split(maxsplit=1)[0] in shown, "markup is text"
    said = Partial(utterance="a-1", text=evil, settled=2)
    partial, line = live_view(Status(True, (0.0,), False, 1.0, 0, 0, evil), [said], 300).plain.split("\n")
    assert not set(partial + line) & set("\x1b\x07\r\x9b\u202e")


@pytest.mark.parametrize("evil", ["\x1b[2Jx", "a\x9b31mb", "\u202etxet", "a\u2028b", "a\x7fb", "\U000e0041", "\ud800"])
def test_json_cannot_command_a_terminal_either(evil: str) -> None:
    console = pipe()
    JsonOutput(console, pipe()).message(Dropped(utterance="a-1", seq=1, reason="no_speech", detail=evil), MOMENT)
    (line, end) = text_of(console).split("\n")
    assert line.isprintable(), repr(line)
    assert end == ""
    assert json.loads(line)["detail"] == evil


def test_a_pipe_gets_no_colours_and_whole_lines() -> None:
    console, notes = pipe(), pipe()
    output = TextOutput(console, notes)
    result = example("result")
    assert isinstance(result, Result)
    long = result.model_copy(update={"text": "word " * 100})
    output.message(example("session"), None)
    output.message(long, MOMENT)
    output.message(example("busy"), None)
    with output.live(lambda: Status(True, (0.1,), True, 1.0, 0, 0, "")):
        pass
    assert text_of(console).count("\n") == 1
    assert "\x1b" not in text_of(console)
    assert "demo models" in text_of(notes)
    assert "Too many utterances" in text_of(notes)


def test_json_is_one_line_per_message_and_keeps_the_secret() -> None:
    console, notes = pipe(), pipe()
    output = JsonOutput(console, notes)
    for kind in EXAMPLES:
        output.message(example(kind), MOMENT if kind in ("result", "dropped") else None)
    output.note("a note")
    lines = text_of(console).splitlines()
    assert len(lines) == len(EXAMPLES)
    parsed = {fields["type"]: fields for fields in map(json.loads, lines)}
    assert set(parsed) == set(EXAMPLES)
    assert parsed["result"]["text"] == "I love this movie."
    assert parsed["result"]["captured_start_sec"] == 3.0
    session = example("session")
    assert isinstance(session, Session)
    assert session.session not in text_of(console)
    assert "a note" in text_of(notes)
    assert output.counts == {"result": 1, "dropped": 1, "error": 1}


def test_the_live_line_shows_level_and_trouble() -> None:
    loud = live_view(Status(True, (0.1,), True, 61.0, 2, 3, "no connection"), [saying("I love")], 200).plain
    assert "-10 dB" in loud
    assert "speech" in loud
    assert "1:01.0" in loud
    assert "2 utterances waiting" in loud
    assert "sound lost 3 times" in loud
    assert "no connection" in loud
    assert loud.startswith("I love\n")
    silent = live_view(Status(True, (0.0,), False, 0.0, 0, 0, ""), [saying("")], 200).plain
    assert "\n" not in silent
    assert silent.count("·") == 24
    assert loud.count("█") == 20
    assert len(status_line(Status(True, (0.1,), True, 61.0, 2, 3, "words " * 50), 60).plain) < 60
    assert status_line(Status(False, (0.1,), True, 1.0, 1, 0, ""), 90).plain == (
        "recording is over  1 utterance waiting"
    )


def test_two_channels_have_a_meter_and_a_partial_each() -> None:
    said = [Partial(utterance=f"a-{channel}", text=f"from {channel}", channel=channel) for channel in (2, 1)]
    shown = live_view(Status(True, (0.1, 0.0001), True, 1.0, 0, 0, ""), said, 200).plain
    assert shown.split("\n")[:2] == ["Speaker 1: from 1", "Speaker 2: from 2"]
    assert "1 ██████████··  -10 dB 2 ████········  -40 dB speech" in shown
    long = live_view(Status(True, (0.1, 0.1), True, 1.0, 0, 0, ""), [_of(2, "early " * 100 + "late")], 40).plain
    partial, _ = long.split("\n")
    assert partial.startswith("Speaker 2: …")
    assert partial.endswith("late")
    assert len(partial) < 3 * 40


def test_an_outcome_takes_its_own_channels_partial_away() -> None:
    console = terminal()
    output = TextOutput(console, console)
    result = example("result")
    assert isinstance(result, Result)
    with output.live(lambda: Status(True, (0.1, 0.1), True, 1.0, 0, 0, "")) as live:
        output.message(_of(1, "I lo"), None)
        output.message(_of(2, "You ha"), None)
        output.message(result.model_copy(update={"channel": 1, "speaker": 1}), MOMENT)
        before = len(text_of(console))
        live.refresh()  # type: ignore[attr-defined]
    rest = text_of(console)[before:]
    assert "You ha" in rest
    assert "I lo" not in rest


def test_each_line_of_two_channels_has_its_speaker() -> None:
    console = pipe()
    output = TextOutput(console, pipe())
    result = example("result")
    assert isinstance(result, Result)
    output.message(result.model_copy(update={"channel": 2, "speaker": 2}), MOMENT)
    output.message(Dropped(utterance="a-1", seq=1, reason="no_speech", channel=1), MOMENT)
    output.message(Error(utterance="a-2", seq=2, code="gave_up", message="No.", channel=2), MOMENT)
    assert text_of(console).splitlines() == [
        "0:03.0 - 1:05.0  Speaker 2: I love this movie.  positive 1.00  en  153 ms",
        "0:03.0 - 1:05.0  Speaker 1: dropped: no_speech",
        "0:03.0 - 1:05.0  Speaker 2: No. (gave_up)",
    ]


def _of(channel: int, text: str) -> Partial:
    return Partial(utterance=f"a-{channel}", text=text, channel=channel)


def test_of_a_long_partial_the_end_is_shown() -> None:
    status = Status(True, (0.1,), True, 1.0, 0, 0, "")
    partial, line = live_view(status, [saying("early " * 100 + "late")], 40).plain.split("\n")
    assert partial.startswith("…")
    assert partial.endswith("late")
    assert len(partial) < 3 * 40
    assert len(line) < 40


def test_what_is_settled_is_not_faint() -> None:
    status = Status(True, (0.1,), True, 1.0, 0, 0, "")
    shown = live_view(status, [saying("I love 사랑 this", settled=9)], 200)
    assert faint_of(shown) == " this"
    long = live_view(status, [saying("early " * 100 + "late", settled=600)], 40)
    assert long.plain.startswith("…")
    assert faint_of(long) == "…late"
    assert faint_of(live_view(status, [saying("late")], 40)) == "late"


def saying(text: str, settled: int = 0) -> Partial:
    return Partial(utterance="a-1", text=text, settled=settled)


def faint_of(shown: Text) -> str:
    """What of the words of a partial is faint."""
    words = shown.plain.index("\n")
    return "".join(shown.plain[span.start : min(span.end, words)] for span in shown.spans if "dim" in str(span.style))


def test_partials_and_the_meter_live_on_a_terminal() -> None:
    console = terminal()
    output = TextOutput(console, console)
    with output.live(lambda: Status(True, (0.1,), True, 1.0, 0, 0, "")) as live:
        output.message(Partial(utterance="a-1", text="I lo"), None)
        live.refresh()  # type: ignore[attr-defined]
        output.message(example("result"), MOMENT)
    assert "I lo" in text_of(console)
    assert "I love this movie." in text_of(console)


def test_the_log_goes_through_the_output() -> None:
    console, notes = pipe(), pipe()
    handler = OutputHandler(TextOutput(console, notes))
    handler.emit(logging.LogRecord("x", logging.WARNING, "", 0, "Redis is gone\x1b[2J", None, None))
    assert "Redis is gone\\x1b[2J" in text_of(notes)
    assert text_of(console) == ""


@pytest.mark.parametrize(
    ("moment", "words"),
    [(Moment(0, 59.96), "0:00.0 - 1:00.0"), (Moment(3_599.96, 3_725.5), "1:00:00.0 - 1:02:05.5")],
)
def test_times(moment: Moment, words: str) -> None:
    assert str(moment) == words
