"""The command line: what it takes, and what it refuses in words and with status 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from recorder_service.app import marks_pauses
from recorder_service.options import parse_options
from recorder_service.settings import RecorderSettings


def test_nothing_given_is_the_microphone_straight_to_the_queue() -> None:
    options = parse_options([])
    assert (options.file, options.device, options.url, options.seconds) == (None, None, None, None)
    assert options.gate
    assert options.sentences
    assert not (options.fast or options.json or options.list_devices)
    assert (options.threshold, options.hangover_ms, options.wait_sec) == (None, None, None)
    assert (options.hints, options.words, options.speakers) == ("", False, True)
    assert options.channels == 1
    assert not parse_options(["--no-speakers"]).speakers
    assert parse_options(["--channels", "2", "--url", "ws://host"]).channels == 2


def test_everything_that_goes_together() -> None:
    line = "--file a.wav --fast --seconds 2.5 --save b.wav --threshold 0.001 --hangover-ms 700"
    options = parse_options(f"{line} --url wss://host --insecure --language ko --wait 5 --json".split())
    assert (options.file, options.save) == (Path("a.wav"), Path("b.wav"))
    assert (options.seconds, options.threshold, options.hangover_ms, options.wait_sec) == (2.5, 0.001, 700, 5.0)
    assert (options.url, options.language) == ("wss://host/ws", "ko")


@pytest.mark.parametrize(
    "url", ["http://host:8000", "http://host:8000/", "http://host:8000/v1", "http://host:8000/v1/"]
)
def test_a_file_is_uploaded_to_the_api_of_a_host(url: str) -> None:
    options = parse_options(["--file", "a.mp3", "--upload", url])
    assert options.upload == "http://host:8000/v1/audio/transcriptions"


def test_hints_are_one_line_of_any_script() -> None:
    options = parse_options(["--hints", "김민준, O'Brien", "--words"])
    assert (options.hints, options.words) == ("김민준, O'Brien", True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"--hints {'x' * 401}", "at most 400 characters"),
        ("--hints a\x1bb", "one line"),
        ("--fast", "--fast needs --file"),
        ("--upload http://host", "--upload needs --file"),
        ("--upload ws://host --file a.mp3", "no http:// or https:// address"),
        ("--upload http://host/other --file a.mp3", "ends with the host"),
        ("--upload http://host --file a.mp3 --fast", "--upload sends the file as it is"),
        ("--upload http://host --file a.mp3 --no-sentences", "--upload sends the file as it is"),
        ("--upload http://host --file a.mp3 --url ws://host", "--upload sends the file as it is"),
        ("--upload http://host --file a.mp3 --insecure", "--insecure needs --upload https://"),
        ("--file a.wav --device 1", "exclude each other"),
        ("--insecure", "--insecure needs --url wss://"),
        ("--insecure --url ws://host", "--insecure needs --url wss://"),
        ("--no-gate --threshold 0.1", "leaves nothing for --threshold"),
        ("--no-gate --no-follow-noise", "leaves nothing for --threshold"),
        ("--upload http://host --file a.mp3 --no-follow-noise", "--upload sends the file as it is"),
        ("--file a.wav --save ./a.wav", "would overwrite"),
        ("--channels 2", "--channels 2 needs --url"),
        ("--channels 3 --url ws://host", "invalid choice: 3"),
        ("--channels 2 --url ws://host --hangover-ms 500", "the gateway finds the pauses of each channel"),
        ("--upload http://host --file a.mp3 --channels 2", "--upload sends the file as it is"),
        ("--url localhost:8000", "no WebSocket address"),
        ("--language Englisch", "'Englisch' is no language that is known"),
        ("--seconds 0", "not a number above 0"),
        ("--seconds nan", "not a number above 0"),
        ("--threshold 2", "not a number from 0 to 1"),
        ("--hangover-ms soon", "not a number of milliseconds"),
        ("--wait -1", "not a number of seconds"),
    ],
)
def test_what_cannot_be_is_refused_in_words(line: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(line.split())
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("text", "code"), [("Korean", "ko"), ("en-US", "en"), ("auto", None)])
def test_a_language_may_be_written_as_people_do(text: str, code: str | None) -> None:
    assert parse_options(["--language", text]).language == code


@pytest.mark.parametrize(
    ("line", "hangover_ms", "marked"),
    [
        ("", None, True),
        ("--file a.wav --fast", None, True),
        ("--no-sentences", None, False),
        ("--hangover-ms 500", None, False),
        ("", "500", False),
        ("--no-gate", None, False),
    ],
)
def test_pauses_are_marked_unless_it_is_said_what_ends_an_utterance(
    line: str, hangover_ms: str | None, marked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATE_HANGOVER_MS", raising=False)
    if hangover_ms is not None:
        monkeypatch.setenv("GATE_HANGOVER_MS", hangover_ms)
    assert marks_pauses(parse_options(["--url", "ws://host", *line.split()]), RecorderSettings()) is marked
