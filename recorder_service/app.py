"""Puts a recording together from options and settings, runs it, and turns its end into an exit status."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console
from rich.text import Text

from recorder_service.access_token import access_token
from recorder_service.audio.microphone import NO_MICROPHONE, Microphone, find_device, list_devices, load_sounddevice
from recorder_service.audio.sources import FileSource, Source, SourceError
from recorder_service.audio.stereo import StereoGate
from recorder_service.client.client import ConnectionState, StreamClient
from recorder_service.client.errors import StreamError
from recorder_service.delivery.protocol import DeliveryError
from recorder_service.delivery.speech_queue import QueueDelivery
from recorder_service.live_line import counted
from recorder_service.options import Options, parse_options
from recorder_service.output import JsonOutput, Output, OutputHandler, PipeConsole, TextOutput
from recorder_service.recording import Recording, WavWriter
from recorder_service.settings import RecorderSettings
from recorder_service.upload import send_file
from runtime.audio.gate import HANGOVER_MS, VoiceGate
from runtime.logs.setup import printable

OK, INCOMPLETE, NOT_BEGUN = 0, 1, 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def run(arguments: list[str]) -> int:
    """The whole program; returns its exit status."""
    options = parse_options(arguments)
    console, notes = PipeConsole(highlight=False), PipeConsole(stderr=True, highlight=False)
    output: Output = (JsonOutput if options.json else TextOutput)(console, notes)
    try:
        settings = RecorderSettings()
        _log_to(output, settings.log_level)
        if options.list_devices:
            return _show_devices(console, output)
        if options.upload is not None:
            return _upload(options, settings, output)
        return asyncio.run(_record(options, settings, output))
    except ValidationError as problem:
        wrong = "\n".join(f"  {_named(error)}" for error in problem.errors())
        output.problem(f"A setting in the environment cannot be used:\n{wrong}")
    except (SourceError, DeliveryError, StreamError) as problem:
        output.problem(str(problem))
    except BrokenPipeError:  # the reader of the pipe has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (KeyboardInterrupt, asyncio.CancelledError):
        return INTERRUPTED
    return NOT_BEGUN


def _named(error: ErrorDetails) -> str:
    """What is wrong with which setting; where it takes several, the message names them."""
    words = error["msg"].removeprefix("Value error, ")
    return f"{str(error['loc'][0]).upper()}: {words}" if error["loc"] else words


def _upload(options: Options, settings: RecorderSettings, output: Output) -> int:
    assert options.file is not None
    assert options.upload is not None
    fields = {"language": options.language, "prompt": options.hints or None}
    fields |= {"speakers": "true" if options.speakers else None}
    token = access_token(options.token_file, settings, output.note)
    failed, complete = send_file(options.file, options.upload, output, fields, token, options.insecure)
    return OK if complete and not failed else INCOMPLETE


async def _record(options: Options, settings: RecorderSettings, output: Output) -> int:
    task = asyncio.current_task()
    assert task is not None
    stopper = _Stopper(task.cancel)
    source = _open_source(options)
    gate = _make_gate(options, settings)
    connection = _Connection(output)
    async with _open_delivery(options, settings, output, connection) as delivery:
        if isinstance(delivery, QueueDelivery):
            output.note(await delivery.workers_status())
        writer = None if options.save is None else _open_writer(options.save, output, options.channels)
        recording = Recording(source, gate, delivery, output, writer, options.seconds, connection.words)
        stopper.on_first = source.stop
        output.note(f"Sending {source.name}. Ctrl-C stops.")
        showing = asyncio.create_task(recording.show())
        showing.add_done_callback(stopper.output_ended)
        with output.live(recording.status):
            await recording.capture()
            stopper.asked = True
            wait_sec = settings.wait_sec if options.wait_sec is None else options.wait_sec
            missing = await recording.finish(wait_sec, stopper.insisted)
    await showing
    return _sum_up(output, missing, recording.failed, delivery.unsafe_sec if options.url is not None else 0.0)


def _sum_up(output: Output, missing: int, failed: bool, unsafe_sec: float) -> int:
    counts = output.counts
    output.note(
        f"{counted(counts['result'], 'result')}, {counts['dropped']} dropped, {counted(counts['error'], 'error')}."
    )
    if missing:
        words = f"Without a result: {counted(missing, 'utterance')}"
        output.problem(f"{words}, {unsafe_sec:.1f} s of speech not taken over." if unsafe_sec else f"{words}.")
    return INCOMPLETE if missing or failed or counts["error"] else OK


class _Stopper:
    """SIGINT and SIGTERM: the first one calls `on_first`, any later one sets `insisted`."""

    def __init__(self, on_first: Callable[[], object]) -> None:
        self.on_first = on_first
        self.asked = False
        self.insisted = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._stop))

    def output_ended(self, showing: asyncio.Task[None]) -> None:
        """Nobody can see results any more (a closed pipe): stop, and wait for none."""
        if not showing.cancelled() and showing.exception() is not None:
            self._stop()
            self.insisted.set()

    def _stop(self) -> None:
        if self.asked:
            self.insisted.set()
        self.asked = True
        self.on_first()


class _Connection:
    """Shows a lost connection, once as a note and while it lasts in the live line."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._words = ""

    def __call__(self, state: ConnectionState) -> None:
        self._words = ""
        if state.state == "waiting":
            self._words = f"no connection: {state.words}; trying again in {state.retry_in_sec:.0f} s"
            self._output.note(self._words)

    def words(self) -> str:
        """What is wrong now; empty while all is well."""
        return self._words


def _make_gate(options: Options, settings: RecorderSettings) -> VoiceGate | StereoGate:
    threshold = settings.gate_threshold if options.threshold is None else options.threshold
    follows_noise = settings.gate_follows_noise if options.follow_noise is None else options.follow_noise
    if options.channels > 1:
        return StereoGate(threshold, enabled=options.gate, follows_noise=follows_noise)
    hangover_ms = options.hangover_ms or settings.gate_hangover_ms or HANGOVER_MS
    return VoiceGate(threshold, hangover_ms=hangover_ms, enabled=options.gate, follows_noise=follows_noise)


def _open_source(options: Options) -> Source:
    if options.file is not None:
        return FileSource(options.file, options.fast, options.channels)
    sound = load_sounddevice()
    return Microphone(sound, find_device(list_devices(sound), options.device), options.channels)


def _open_delivery(
    options: Options, settings: RecorderSettings, output: Output, on_state: Callable[[ConnectionState], None]
) -> QueueDelivery | StreamClient:
    waits = options.file is not None  # a file can wait; a microphone must stop, visibly
    if options.url is None:
        asked = {"hints": options.hints, "word_times": options.words, "speakers": options.speakers}
        return QueueDelivery(settings, options.language, waits, **asked)
    return StreamClient(
        options.url,
        language=options.language,
        hints=options.hints,
        words=options.words,
        partials=options.partials,
        sentences=marks_pauses(options, settings),
        speakers=options.speakers,
        channels=options.channels,
        token=access_token(options.token_file, settings, output.note),
        insecure=options.insecure,
        wait_when_full=waits,
        open_timeout_sec=settings.connect_sec,
        on_state=on_state,
    )


def marks_pauses(options: Options, settings: RecorderSettings) -> bool:
    """Whether utterances may end with sentences: not where somebody has said how much quiet ends one, nor gateless."""
    asked = options.hangover_ms or settings.gate_hangover_ms
    return options.sentences and options.gate and asked is None


def _open_writer(path: Path, output: Output, channels: int) -> WavWriter:
    try:
        return WavWriter(path, output, channels)
    except OSError as problem:
        raise SourceError(f"{path}: cannot be written ({problem.strerror or problem})") from problem


def _show_devices(console: Console, output: Output) -> int:
    devices = list_devices(load_sounddevice())
    if not devices:
        raise SourceError(NO_MICROPHONE)
    for device in devices:
        mark = "*" if device.is_default else " "
        words = f"{mark} {device.index:>3}  {printable(device.name)}  ({device.channels} channels, {device.rate_hz} Hz)"
        console.print(Text(words), soft_wrap=True)
    output.note("* is used when no --device is given.")
    return OK


def _log_to(output: Output, level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [OutputHandler(output)]
    root.setLevel(level)
    logging.captureWarnings(True)  # scipy's, about a WAV file that is not quite right
