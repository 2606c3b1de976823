"""Microphones: which one is meant, what it is asked for, what is told when there is none. The sound itself is faked
here; tests of the command line record from a real (virtual) device."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder_service.audio.microphone import Device, Microphone, find_device, list_devices, load_sounddevice
from recorder_service.audio.sources import SourceError
from tests.recorder_service.fakes import run, until

RATE = 16_000


class FakePortAudioError(Exception):
    pass


class FakeStream:
    """Plays `audio` (samples by channels), then waits for the close as a silent device does, or breaks."""

    def __init__(self, sound: FakeSound, audio: np.ndarray[Any, Any]) -> None:
        self._sound = sound
        self._audio = audio
        self._place = 0
        self.reading = False
        self.closed = False

    def start(self) -> None:
        return

    def abort(self) -> None:
        assert not self.reading

    def close(self) -> None:
        assert not self.reading, "PortAudio would crash"
        self.closed = True

    def read(self, size: int) -> tuple[bytes, bool]:
        assert not self.closed
        self.reading = True
        try:
            if self._place + size > len(self._audio):
                if self._sound.breaks:
                    raise FakePortAudioError("Unanticipated host error")
                time.sleep(0.02)
                return b"", False
            block = self._audio[self._place : self._place + size]
            self._place += size
            return block.astype("<i2").tobytes(), self._place in self._sound.overflow_at
        finally:
            self.reading = False


class FakeSound:
    """As much of the sounddevice module as is used."""

    PortAudioError = FakePortAudioError

    def __init__(self, rates: set[int], channels: set[int], audio: np.ndarray[Any, Any] | None = None) -> None:
        self.default = type("Default", (), {"device": (2, 1)})
        self.breaks = False
        self.overflow_at: set[int] = set()
        self.opened: list[dict[str, Any]] = []
        self.streams: list[FakeStream] = []
        self._rates, self._channels = rates, channels
        self._audio = np.zeros((0, 1)) if audio is None else audio

    def query_devices(self) -> list[dict[str, Any]]:
        names = [("Speakers", 0), ("Headset", 1), ("USB Microphone", 2), ("USB Camera", 1), ("usb", 1)]
        return [
            {"name": name, "max_input_channels": channels, "default_samplerate": 48_000.0} for name, channels in names
        ]

    def check_input_settings(self, *, device: int, channels: int, dtype: str, samplerate: int) -> None:
        assert dtype == "int16"
        if samplerate not in self._rates:
            raise FakePortAudioError("Invalid sample rate")
        if channels not in self._channels:
            raise FakePortAudioError("Invalid number of channels")

    def RawInputStream(self, **options: Any) -> FakeStream:  # noqa: N802 - its name in sounddevice
        self.opened.append(options)
        self.streams.append(FakeStream(self, self._audio))
        return self.streams[-1]


def usb(sound: FakeSound) -> Device:
    return find_device(list_devices(sound), "USB Mic")


async def recorded(microphone: Microphone, samples: int) -> bytes:
    """At least `samples` from the microphone, if it has so many."""
    got = bytearray()
    async with aclosing(microphone.blocks()) as blocks:
        async for block in blocks:
            got += block
            if len(got) >= 2 * samples:
                microphone.stop()
    return bytes(got)


def test_only_inputs_are_listed_and_the_default_is_marked() -> None:
    devices = list_devices(FakeSound(set(), set()))
    assert [device.name for device in devices] == ["Headset", "USB Microphone", "USB Camera", "usb"]
    assert [device.index for device in devices if device.is_default] == [2]


@pytest.mark.parametrize(
    ("wanted", "name"), [(None, "USB Microphone"), ("1", "Headset"), ("camera", "USB Camera"), ("USB", "usb")]
)
def test_the_device_that_is_meant(wanted: str | None, name: str) -> None:
    assert find_device(list_devices(FakeSound(set(), set())), wanted).name == name


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("usb m", None),
        ("us", "several microphones are called 'us':\n  2: USB Microphone"),
        ("piano", "no microphone is called 'piano':\n  1: Headset"),
        ("0", "no microphone is called '0'"),
    ],
)
def test_a_device_that_is_not_clear(wanted: str, words: str | None) -> None:
    devices = list_devices(FakeSound(set(), set()))
    if words is None:
        assert find_device(devices, wanted).index == 2
        return
    with pytest.raises(SourceError) as problem:
        find_device(devices, wanted)
    assert words in str(problem.value)


def test_no_device_is_told_with_the_fix() -> None:
    with pytest.raises(SourceError, match=r"(?s)No microphone was found.*--device /dev/snd.*--file"):
        find_device([], None)


def test_a_missing_portaudio_is_told_with_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")\n')
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SourceError, match=r"(?s)PortAudio is missing.*apt-get install libportaudio2"):
        load_sounddevice()


@pytest.mark.parametrize(
    ("rates", "channels", "chosen"),
    [
        ({16_000, 48_000}, {1, 2}, (16_000, 1)),
        ({48_000}, {1, 2}, (48_000, 1)),
        ({16_000, 48_000}, {2}, (16_000, 2)),
        ({48_000}, {2}, (48_000, 2)),
    ],
)
def test_the_first_format_that_the_device_takes(rates: set[int], channels: set[int], chosen: tuple[int, int]) -> None:
    sound = FakeSound(rates, channels)
    Microphone(sound, usb(sound))
    assert (sound.opened[0]["samplerate"], sound.opened[0]["channels"]) == chosen
    assert sound.opened[0]["device"] == 2


@pytest.mark.parametrize(
    ("rates", "channels", "chosen"),
    [
        ({16_000, 48_000}, {1, 2}, (16_000, 2)),
        ({48_000}, {1, 2, 4}, (48_000, 2)),
        ({16_000, 48_000}, {4}, (16_000, 4)),
        ({48_000}, {4}, (48_000, 4)),
    ],
)
def test_the_first_format_with_two_channels(rates: set[int], channels: set[int], chosen: tuple[int, int]) -> None:
    sound = FakeSound(rates, channels)
    Microphone(sound, Device(7, "Interface", 4, 48_000, False), 2)
    assert (sound.opened[0]["samplerate"], sound.opened[0]["channels"]) == chosen


def test_a_device_with_one_channel_is_no_two_speakers() -> None:
    sound = FakeSound({RATE}, {1, 2})
    with pytest.raises(SourceError, match=r"'Headset' has one channel, and --channels 2 .*--list-devices"):
        Microphone(sound, find_device(list_devices(sound), "Headset"), 2)
    assert sound.opened == []


def test_a_device_that_takes_nothing_is_told() -> None:
    sound = FakeSound(set(), set())
    with pytest.raises(SourceError, match=r"'USB Microphone' cannot be opened: Invalid sample rate"):
        Microphone(sound, usb(sound))


def test_what_is_spoken_arrives_bit_exact_at_16_khz() -> None:
    audio = np.random.default_rng(1).integers(-9000, 9000, (RATE, 1))
    sound = FakeSound({RATE}, {1}, audio)

    async def story() -> None:
        microphone = Microphone(sound, usb(sound))
        assert await recorded(microphone, RATE) == audio.astype("<i2").tobytes()
        assert microphone.overflows == 0
        assert sound.streams[0].closed

    run(story)


def test_both_channels_arrive_bit_exact_in_turn() -> None:
    audio = np.random.default_rng(1).integers(-9000, 9000, (RATE, 2))
    sound = FakeSound({RATE}, {2}, audio)

    async def story() -> None:
        assert await recorded(Microphone(sound, usb(sound), 2), 2 * RATE) == audio.astype("<i2").tobytes()

    run(story)


def test_the_first_two_of_four_channels_come_to_16_khz_apart() -> None:
    times = np.arange(48_000 * 2) / 48_000
    tones = [9_000 * np.sin(2 * np.pi * hertz * times) for hertz in (440, 1_000, 2_000, 3_000)]
    sound = FakeSound({48_000}, {4}, np.rint(np.stack(tones, axis=1)))

    async def story() -> None:
        microphone = Microphone(sound, Device(2, "Interface", 4, 48_000, False), 2)
        got = np.frombuffer(await recorded(microphone, 62_000), dtype="<i2").reshape(-1, 2)
        at = np.arange(len(got)) / RATE
        for number, hertz in enumerate((440, 1_000)):
            expected = 9_000 * np.sin(2 * np.pi * hertz * at)
            assert np.abs(got[:, number] - expected)[200:-200].max() < 20

    run(story)


def test_another_rate_and_two_channels_become_16_khz_mono() -> None:
    times = np.arange(48_000 * 2) / 48_000
    left, right = 9_000 * np.sin(2 * np.pi * 440 * times), 3_000 * np.sin(2 * np.pi * 1_000 * times)
    sound = FakeSound({48_000}, {2}, np.rint(np.stack([left, right], axis=1)))

    async def story() -> None:
        got = np.frombuffer(await recorded(Microphone(sound, usb(sound)), 31_000), dtype="<i2")
        at = np.arange(len(got)) / RATE
        expected = (9_000 * np.sin(2 * np.pi * 440 * at) + 3_000 * np.sin(2 * np.pi * 1_000 * at)) / 2
        middle = slice(1_000, 30_000)
        assert np.abs(got[middle] - expected[middle]).max() < 20, "in time and in level"

    run(story)


def test_lost_sound_is_counted() -> None:
    sound = FakeSound({RATE}, {1}, np.ones((RATE, 1)))
    sound.overflow_at = {640 * 3, 640 * 7}

    async def story() -> None:
        microphone = Microphone(sound, usb(sound))
        await recorded(microphone, RATE)
        assert microphone.overflows == 2

    run(story)


def test_a_device_that_breaks_brings_what_it_had_and_an_error() -> None:
    sound = FakeSound({RATE}, {1}, np.ones((6_400, 1)))
    sound.breaks = True

    async def story() -> None:
        got = 0
        with pytest.raises(SourceError, match="has failed: Unanticipated host error"):
            async for block in Microphone(sound, usb(sound)).blocks():
                got += len(block)
        assert got == 2 * 6_400
        assert sound.streams[0].closed

    run(story)


def test_a_reader_that_is_slow_slows_the_device_and_memory_stays_bounded() -> None:
    sound = FakeSound({RATE}, {1}, np.ones((RATE * 60, 1)))

    async def story() -> None:
        microphone = Microphone(sound, usb(sound))
        async with aclosing(microphone.blocks()) as blocks:
            await anext(blocks)
            stream = sound.streams[0]
            await until(lambda: stream._place >= 640 * 250)
            await asyncio.sleep(0.2)
            assert stream._place <= 640 * 254, "10 s wait in the queue, the rest in the device"
        assert stream.closed

    before = threading.active_count()
    run(story)
    assert threading.active_count() == before
