"""Microphones through PortAudio: which there are, how one is opened, and its audio at 16 kHz, mono or of
two channels.

A thread reads, blocking, and waits when its bounded queue is full. A device that paces itself then overflows inside
PortAudio, which says so, and that is counted; a virtual device that is faster than real time is simply slowed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from contract.audio import SAMPLE_RATE_HZ
from recorder_service.audio.sources import BLOCK_MS, SourceError
from recorder_service.audio.stereo import StereoConverter
from runtime.audio.resample import Converter

logger = logging.getLogger(__name__)

QUEUE_BLOCKS = 250  # 10 s
LATENCY_SEC = 0.25  # what PortAudio buffers: no other thread of this process holds the reader up for so long
SILENT_AFTER_SEC = 5.0
CLOSE_SEC = 2.0
MOST_CHANNELS = 32  # a virtual device may offer hundreds; nobody averages those

NO_PORTAUDIO = """PortAudio is missing, which microphones are read through. Install it, then start again:
  Debian, Ubuntu:  sudo apt-get install libportaudio2
  Fedora:          sudo dnf install portaudio
  Arch:            sudo pacman -S portaudio
  macOS:           brew install portaudio
Without a microphone, --file speech.wav sends a recording."""
NO_MICROPHONE = """No microphone was found. Plug one in, or let this program use it:
  Linux:           sudo apt-get install libasound2-plugins   (sound servers are reached through them)
                   and be in the group `audio`:  sudo usermod -aG audio "$USER"
  a container:     docker run --device /dev/snd ...
  macOS, Windows:  allow the terminal to use the microphone, in the privacy settings
Without a microphone, --file speech.wav sends a recording."""


@dataclass(frozen=True)
class Device:
    """An input device. `rate_hz`: its own rate."""

    index: int
    name: str
    channels: int
    rate_hz: int
    is_default: bool


def load_sounddevice() -> Any:
    """The sounddevice module. Raises SourceError, with the fix, where PortAudio is missing."""
    try:
        with _quiet_libraries():
            import sounddevice
    except OSError as problem:
        raise SourceError(NO_PORTAUDIO) from problem
    return sounddevice


def list_devices(sound: Any) -> list[Device]:
    """Every input device. `sound` is the sounddevice module, or what stands in for it."""
    devices = []
    for index, info in enumerate(sound.query_devices()):
        channels, rate_hz = int(info["max_input_channels"]), round(info["default_samplerate"])
        if channels > 0:
            devices.append(Device(index, str(info["name"]), channels, rate_hz, index == sound.default.device[0]))
    return devices


def find_device(devices: list[Device], wanted: str | None) -> Device:
    """The device with the index or the part of a name `wanted`; without it the default one. Raises SourceError."""
    if not devices:
        raise SourceError(NO_MICROPHONE)
    if wanted is None:
        return next((device for device in devices if device.is_default), devices[0])
    if wanted.isdecimal():
        found = [device for device in devices if device.index == int(wanted)]
    else:
        found = [device for device in devices if wanted.casefold() in device.name.casefold()]
        exact = [device for device in found if device.name.casefold() == wanted.casefold()]
        found = exact or found
    if len(found) == 1:
        return found[0]
    words = "several microphones are" if found else "no microphone is"
    listed = "\n".join(f"  {device.index}: {device.name}" for device in found or devices)
    raise SourceError(f"{words} called {wanted!r}:\n{listed}")


class Microphone:
    """An open input device. The constructor opens it, `blocks` starts it, and leaving `blocks` closes it."""

    def __init__(self, sound: Any, device: Device, channels: int = 1) -> None:
        """`channels`: 1 mixes all that the device has; 2 are its first two. Raises SourceError when the device cannot
        be opened, or has not two."""
        self.name = device.name
        self.overflows = 0
        self._stopped = False
        self.rate_hz, self.channels = _format(sound, device, channels)
        self._converter = _converter(self.rate_hz, self.channels, channels)
        self._broken: type[Exception] = sound.PortAudioError
        try:
            with _quiet_libraries():
                self._stream = sound.RawInputStream(
                    samplerate=self.rate_hz,
                    channels=self.channels,
                    dtype="int16",
                    device=device.index,
                    latency=LATENCY_SEC,
                )
        except sound.PortAudioError as problem:
            raise SourceError(f"the microphone {device.name!r} cannot be opened: {problem}") from problem

    def stop(self) -> None:
        """End `blocks` behind what has been read."""
        self._stopped = True

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """What is spoken, in blocks of about 40 ms. Raises SourceError when the device breaks."""
        queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(QUEUE_BLOCKS)
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._read, args=(loop, queue), name="microphone", daemon=True)
        thread.start()
        try:
            while True:
                try:
                    async with asyncio.timeout(1.0 if self._stopped else SILENT_AFTER_SEC):
                        item = await queue.get()
                except TimeoutError:
                    if self._stopped:
                        return
                    logger.warning("no sound comes from %r", self.name)
                    continue
                if item is None:
                    break
                if isinstance(item, Exception):
                    raise SourceError(f"the microphone {self.name!r} has failed: {item}") from item
                yield item if self._converter is None else self._converter.feed(item)
            if self._converter is not None:
                yield self._converter.flush()
        finally:
            await self._finish(thread, queue)

    async def _finish(self, thread: threading.Thread, queue: asyncio.Queue[bytes | Exception | None]) -> None:
        """Let the reading thread end; it closes the stream itself, since PortAudio crashes on a close during a read."""
        self._stopped = True
        deadline = time.monotonic() + CLOSE_SEC
        while thread.is_alive() and time.monotonic() < deadline:
            while not queue.empty():
                queue.get_nowait()  # the thread may be waiting for room
            await asyncio.sleep(0.005)
        if thread.is_alive():
            logger.warning("the microphone %r does not answer any more", self.name)

    def _read(self, loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[bytes | Exception | None]) -> None:
        """The reading thread: blocks into the queue until stopped, then None; or what went wrong."""
        size = self.rate_hz * BLOCK_MS // 1000
        try:
            self._stream.start()
            while not self._stopped:
                data, overflowed = self._stream.read(size)
                self.overflows += bool(overflowed)
                asyncio.run_coroutine_threadsafe(queue.put(bytes(data)), loop).result()
            last: Exception | None = None
        except self._broken as problem:
            last = None if self._stopped else problem
        finally:
            self._stream.abort()
            self._stream.close()
        asyncio.run_coroutine_threadsafe(queue.put(last), loop)


def _converter(rate_hz: int, captured: int, wanted: int) -> Converter | StereoConverter | None:
    if (rate_hz, captured) == (SAMPLE_RATE_HZ, wanted):
        return None
    return Converter(rate_hz, captured) if wanted == 1 else StereoConverter(rate_hz, captured)


def _format(sound: Any, device: Device, wanted: int) -> tuple[int, int]:
    """The first rate (Hz) and number of channels that the device takes, 16 kHz and `wanted` before all others."""
    if device.channels < wanted:
        raise SourceError(
            f"the microphone {device.name!r} has one channel, and --channels {wanted} is a speaker on each of two: "
            "take a device with more (--list-devices tells how many each has), or leave --channels"
        )
    channels = min(device.channels, MOST_CHANNELS)
    problem: Exception | None = None
    own = device.rate_hz
    for rate, count in ((SAMPLE_RATE_HZ, wanted), (own, wanted), (SAMPLE_RATE_HZ, channels), (own, channels)):
        try:
            with _quiet_libraries():
                sound.check_input_settings(device=device.index, channels=count, dtype="int16", samplerate=rate)
            return rate, count
        except (sound.PortAudioError, ValueError) as refusal:
            problem = refusal
    raise SourceError(f"the microphone {device.name!r} cannot be opened: {problem}") from problem


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """ALSA and JACK write pages to standard error about devices that nobody asked for: hidden, unless at DEBUG."""
    if logger.isEnabledFor(logging.DEBUG):
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
