"""The recorder's command line."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from contract.jobs import plain_line
from contract.speech.spoken_language import language_code
from contract.websocket import HINTS_MAX_CHARS
from recorder_service.client.connection import websocket_url
from recorder_service.upload import upload_url

DESCRIPTION = """\
Speak (or send a WAV file) and see what was said and how it felt, utterance by utterance.
Speech goes straight into the queue in Redis (REDIS_HOST, REDIS_PORT, REDIS_PASSWORD or REDIS_URL), or with --url
through the gateway's WebSocket. An utterance ends with a sentence there, where the gateway looks for that; straight
into the queue, after a silence. With --upload a file of any common format goes to the gateway as a whole, and is
cut and transcribed there. Ctrl-C stops recording and waits for the results; a second one gives them up."""
EPILOG = """\
exit status: 0 every utterance has its result (or was dropped as not speech); 1 some have none, or recording broke
off; 2 it could not begin (no microphone, no server, a wrong option)

examples:
  python -m recorder_service
  python -m recorder_service --device usb --language en --save talk.wav
  python -m recorder_service --file talk.wav --fast --json | jq -r 'select(.type=="result").text'
  python -m recorder_service --file talk.mp3 --upload https://localhost/v1 --insecure
  python -m recorder_service --url ws://localhost:8000/ws     (provisional text while you speak)
  python -m recorder_service --url wss://localhost/ws --insecure
  python -m recorder_service --url ws://localhost:8000/ws --device interface --channels 2     (a microphone each)"""


@dataclass(frozen=True)
class Options:
    """What was asked for. None: the setting of the same name decides."""

    list_devices: bool
    device: str | None
    channels: int
    file: Path | None
    fast: bool
    seconds: float | None
    save: Path | None
    threshold: float | None
    hangover_ms: int | None
    follow_noise: bool | None
    gate: bool
    sentences: bool
    url: str | None
    upload: str | None
    insecure: bool
    token_file: Path | None
    language: str | None
    hints: str
    words: bool
    partials: bool
    speakers: bool
    wait_sec: float | None
    json: bool


def parse_options(arguments: list[str]) -> Options:
    """Read the command line; a wrong one ends the program with status 2 and words, as argparse does."""
    parser = argparse.ArgumentParser(
        prog="python -m recorder_service",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_argument_group("what is sent")
    source.add_argument("--list-devices", action="store_true", help="list the microphones and end")
    source.add_argument("--device", metavar="NAME", help="microphone: its number, or part of its name")
    source.add_argument(
        "--channels",
        type=int,
        choices=(1, 2),
        default=1,
        help="2 (with --url): a speaker on each channel of a stereo device or file, heard and shown by itself",
    )
    source.add_argument("--file", type=Path, metavar="WAV", help="send this WAV (any rate, any channels) instead")
    source.add_argument("--fast", action="store_true", help="send the file as fast as it goes, not as if spoken now")
    source.add_argument("--seconds", type=_positive, metavar="N", help="stop after so many seconds of sound")
    source.add_argument("--save", type=Path, metavar="WAV", help="write what was captured, silence too, at 16 kHz")
    gate = parser.add_argument_group("voice gate")
    gate.add_argument("--threshold", type=_share, metavar="X", help="mean square that is speech (0.0005)")
    gate.add_argument("--hangover-ms", type=_milliseconds, metavar="MS", help="silence that ends an utterance (500)")
    gate.add_argument(
        "--no-follow-noise",
        dest="follow_noise",
        action="store_const",
        const=False,
        help="leave the threshold as it is in a loud room; else it rises above the room's noise",
    )
    gate.add_argument(
        "--no-sentences",
        dest="sentences",
        action="store_false",
        help="with --url too, end utterances after that silence, as a given --hangover-ms does, and not with sentences",
    )
    gate.add_argument("--no-gate", dest="gate", action="store_false", help="send everything, silence too")
    way = parser.add_argument_group("delivery")
    way.add_argument("--url", type=_url, metavar="URL", help="ws:// or wss:// address of the gateway, instead of Redis")
    way.add_argument("--upload", type=_upload, metavar="URL", help="http(s):// address to upload --file to")
    way.add_argument("--insecure", action="store_true", help="take any certificate (a self-signed one)")
    way.add_argument("--token-file", type=Path, metavar="FILE", help="holds the gateway's access token (ACCESS_TOKEN)")
    way.add_argument(
        "--language", type=_language, metavar="NAME", help="language that is spoken: en, en-US, korean, auto"
    )
    way.add_argument("--hints", type=_hints, default="", metavar="TEXT", help="names and words that may come")
    way.add_argument("--words", action="store_true", help="ask for the times of the words (shown with --json)")
    way.add_argument("--no-partials", dest="partials", action="store_false", help="no provisional text (with --url)")
    way.add_argument("--no-speakers", dest="speakers", action="store_false", help="do not tell who speaks")
    way.add_argument("--wait", dest="wait_sec", type=_not_negative, metavar="N", help="seconds for late results (60)")
    parser.add_argument("--json", action="store_true", help="one JSON object per message on standard output")
    options = Options(**vars(parser.parse_args(arguments)))
    problem = _contradiction(options)
    if problem:
        parser.error(problem)
    return options


def _contradiction(options: Options) -> str | None:
    if options.upload is not None:
        return _upload_contradiction(options)
    if options.fast and options.file is None:
        return "--fast needs --file: a microphone cannot be faster than speech"
    if options.file is not None and options.device is not None:
        return "--file and --device exclude each other"
    if options.insecure and (options.url is None or not options.url.startswith("wss:")):
        return "--insecure needs --url wss://...: nothing else has a certificate"
    if options.token_file is not None and options.url is None:
        return "--token-file needs --url: Redis has a password of its own"
    if options.channels > 1 and options.url is None:
        return "--channels 2 needs --url: straight into Redis goes one channel, the gateway hears each of two by itself"
    if options.channels > 1 and options.hangover_ms is not None:
        return "--channels 2 leaves nothing for --hangover-ms to do: the gateway finds the pauses of each channel"
    if not options.gate and (options.threshold, options.hangover_ms, options.follow_noise) != (None, None, None):
        return "--no-gate leaves nothing for --threshold, --hangover-ms and --no-follow-noise to do"
    if options.save is not None and options.file is not None and options.save.resolve() == options.file.resolve():
        return "--save would overwrite the file that is sent"
    return None


def _upload_contradiction(options: Options) -> str | None:
    if options.file is None:
        return "--upload needs --file"
    gate = (options.threshold, options.hangover_ms, options.follow_noise)
    live = (options.device, options.url, options.seconds, options.save, *gate)
    usual = options.channels == 1 and options.gate and options.sentences and not (options.fast or options.words)
    if not usual or any(option is not None for option in live):
        return (
            "--upload sends the file as it is: only --file, --insecure, --token-file, --language, --hints, "
            "--no-speakers, --json"
        )
    if options.insecure and not str(options.upload).startswith("https:"):
        return "--insecure needs --upload https://...: nothing else has a certificate"
    return None


def _upload(text: str) -> str:
    try:
        return upload_url(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _url(text: str) -> str:
    try:
        return websocket_url(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _language(text: str) -> str | None:
    try:
        return language_code(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _hints(text: str) -> str:
    try:
        if len(text) <= HINTS_MAX_CHARS:
            return plain_line(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"hints are one line of at most {HINTS_MAX_CHARS} characters")


def _number(text: str, lowest: float, highest: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not lowest <= value <= highest:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return value


def _positive(text: str) -> float:
    return _number(text, 0.001, 1e9, "a number above 0")


def _not_negative(text: str) -> float:
    return _number(text, 0.0, 86_400.0, "a number of seconds from 0 to 86400")


def _share(text: str) -> float:
    return _number(text, 0.0, 1.0, "a number from 0 to 1")


def _milliseconds(text: str) -> int:
    return round(_number(text, 20.0, 10_000.0, "a number of milliseconds from 20 to 10000"))
