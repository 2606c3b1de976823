"""One recording: what breaks in the middle ends it in words, and nothing that was captured before is lost."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest

from contract.messages import Result, ServerMessage
from recorder_service.audio.sources import FileSource, SourceError
from recorder_service.client.errors import BufferFull, Refused, StreamError
from recorder_service.output import PipeConsole, TextOutput
from recorder_service.recording import Recording, WavWriter
from runtime.audio.gate import VoiceGate
from runtime.wav import write_wav
from tests.recorder_service.fakes import noise, run

RATE = 16_000


class FakeSource:
    """Gives its blocks, then ends or breaks."""

    name = "fake"

    def __init__(self, blocks: list[bytes], problem: SourceError | None = None) -> None:
        self.overflows = 0
        self.overflow_before: dict[int, int] = {}  # number of a block: overflows by then
        self._blocks = blocks
        self._problem = problem
        self.stopped = False

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        for number, block in enumerate(self._blocks):
            if self.stopped:
                return
            self.overflows = self.overflow_before.get(number, self.overflows)
            await asyncio.sleep(0)
            yield block
        if self._problem is not None:
            raise self._problem

    def stop(self) -> None:
        self.stopped = True


class FakeDelivery:
    """Keeps what it is given, up to `room` bytes; `refuses` as a server does."""

    def __init__(self, room: int = 10**9) -> None:
        self.origin = 0
        self.unsafe_sec = 0.0
        self.sentence_wait_sec = 0.0
        self.pauses: list[tuple[int, int]] = []  # number of the utterance, bytes of it before the pause
        self.utterances: list[bytes] = [b""]
        self.refusal: StreamError | None = None
        self.drains = True
        self.waiting = 0
        self._room = room
        self.replies: asyncio.Queue[ServerMessage | StreamError | None] = asyncio.Queue()

    async def send(self, pcm: bytes) -> None:
        if self.refusal is not None:
            raise self.refusal
        if len(pcm) > self._room:
            raise BufferFull(600.0)
        self._room -= len(pcm)
        self.utterances[-1] += pcm

    async def pause(self) -> None:
        self.pauses.append((len(self.utterances), len(self.utterances[-1])))

    async def end_utterance(self) -> None:
        if self.utterances[-1]:
            self.utterances.append(b"")

    async def drain(self, timeout_sec: float | None = None) -> bool:
        await self.end_utterance()
        if not self.drains:
            self.waiting = 2
            await asyncio.sleep(3_600)
        return True

    async def messages(self) -> AsyncIterator[ServerMessage]:
        while (message := await self.replies.get()) is not None:
            if isinstance(message, StreamError):
                raise message
            yield message


class Stage:
    """A recording with everything faked but the gate and the output."""

    def __init__(
        self,
        source: FakeSource,
        delivery: FakeDelivery | None = None,
        writer: Path | None = None,
        limit_sec: float | None = None,
    ) -> None:
        self.delivery = delivery or FakeDelivery()
        self._shown = io.StringIO()
        console = PipeConsole(file=self._shown, highlight=False)
        self.output = TextOutput(console, console)
        wav = None if writer is None else WavWriter(writer, self.output)
        gate = VoiceGate(0.0005, 300, 500)
        self.recording = Recording(source, gate, self.delivery, self.output, wav, limit_sec, lambda: "")

    @property
    def words(self) -> str:
        return self._shown.getvalue()


def in_blocks(pcm: bytes) -> list[bytes]:
    return [pcm[first : first + 1280] for first in range(0, len(pcm), 1280)]


def test_the_limit_is_kept_to_the_sample() -> None:
    stage = Stage(FakeSource(in_blocks(noise(2.0))), limit_sec=0.7003)

    async def story() -> None:
        await stage.recording.capture()
        assert stage.delivery.utterances == [noise(2.0)[: 2 * 11_205], b""]
        assert not stage.recording.failed

    run(story)


def test_a_microphone_that_breaks_leaves_what_it_had() -> None:
    stage = Stage(FakeSource(in_blocks(noise(1.0)), SourceError("the microphone 'usb' has failed: unplugged")))

    async def story() -> None:
        await stage.recording.capture()
        assert stage.delivery.utterances == [noise(1.0), b""], "and its utterance is ended"
        assert stage.recording.failed
        assert "the microphone 'usb' has failed: unplugged" in stage.words

    run(story)


def test_a_full_buffer_stops_recording_visibly(tmp_path: Path) -> None:
    source = FakeSource(in_blocks(noise(3.0)))
    stage = Stage(source, FakeDelivery(room=32_000), tmp_path / "a.wav")

    async def story() -> None:
        await stage.recording.capture()
        assert stage.recording.failed
        assert "Recording has stopped: 600 s of speech wait" in stage.words
        assert not stage.recording.status().recording
        with wave.open(str(tmp_path / "a.wav")) as saved:
            assert saved.getnframes() >= RATE, "the file is complete"

    run(story)


def test_a_server_that_refuses_ends_a_silent_recording_too() -> None:
    """While nobody speaks nothing is sent: the refusal comes with the messages, and must end the recording."""
    source = FakeSource([bytes(1280)] * 10_000)
    stage = Stage(source)

    async def story() -> None:
        showing = asyncio.create_task(stage.recording.show())
        capturing = asyncio.create_task(stage.recording.capture())
        await stage.delivery.replies.put(Refused("a newer connection has taken this session over", 4001))
        await asyncio.gather(showing, capturing)
        assert source.stopped
        assert stage.recording.failed
        assert stage.words.count("a newer connection has taken this session over") == 1

    run(story)


def test_lost_sound_is_told_when_it_happens() -> None:
    source = FakeSource([bytes(1280)] * 10)
    source.overflow_before = {3: 1, 7: 4}
    stage = Stage(source)

    async def story() -> None:
        await stage.recording.capture()
        assert "too late, 1 time so far" in stage.words
        assert "too late, 4 times so far" in stage.words
        assert stage.recording.status().overflows == 4

    run(story)


def test_outcomes_are_shown_at_the_time_they_were_spoken() -> None:
    quiet, word = bytes(2 * RATE * 2), noise(0.5)
    stage = Stage(FakeSource(in_blocks(quiet + word + quiet + word + quiet)))

    async def story() -> None:
        await stage.recording.capture()
        first, second, rest = stage.delivery.utterances
        assert rest == b""
        starts = [0, len(first) // 2]
        for seq, (start, pcm) in enumerate(zip(starts, (first, second), strict=True), 1):
            message = Result(
                seq=seq,
                utterance=f"a-{start}",
                start_sec=start / RATE,
                duration_sec=len(pcm) / 2 / RATE,
                text=f"word {seq}",
                language="en",
            )
            await stage.delivery.replies.put(message)
        await stage.delivery.replies.put(None)
        await stage.recording.show()
        assert "0:01.7 - 0:03.0  word 1" in stage.words
        assert "0:04.2 - 0:05.5  word 2" in stage.words

    run(story)


def test_pauses_are_told_while_the_server_looks_for_sentences() -> None:
    """Four words with 0.8 s between; the server begins to look in the second and has stopped by the fourth."""
    quiet, word = bytes(2 * RATE * 4 // 5), noise(0.5)
    delivery = FakeDelivery()
    source = FakeSource(in_blocks((word + quiet) * 4))
    stage = Stage(source, delivery)

    async def story() -> None:
        async def listen() -> AsyncGenerator[bytes, None]:
            spoken = 0
            async for block in blocks():
                delivery.sentence_wait_sec = 1.2 if 1.4 * RATE <= spoken / 2 < 3.4 * RATE else 0.0
                spoken += len(block)
                yield block

        blocks = source.blocks
        source.blocks = listen  # type: ignore[method-assign]
        await stage.recording.capture()

    run(story)
    first, *rest = [round(len(pcm) / 2 / RATE, 2) for pcm in delivery.utterances]
    assert first == 1.0, "with the ordinary hangover"
    assert [(number, round(size / 2 / RATE, 2)) for number, size in delivery.pauses] == [(2, 1.0), (2, 2.0)]
    assert rest == [2.0, 1.3, 0.0]


def test_an_outcome_lasts_over_the_pause_that_was_not_sent() -> None:
    quiet, word = bytes(2 * RATE), noise(0.5)
    delivery = FakeDelivery()
    delivery.sentence_wait_sec = 1.2
    stage = Stage(FakeSource(in_blocks(word + quiet + word + quiet + quiet)), delivery)

    async def story() -> None:
        await stage.recording.capture()
        pcm, rest = delivery.utterances
        assert (len(pcm), rest) == (round(1.7 * RATE) * 2, b"")
        whole = Result(seq=1, utterance="a-0", duration_sec=1.7, text="both words", language="en")
        await delivery.replies.put(whole)
        await delivery.replies.put(None)
        await stage.recording.show()
        assert "0:00.0 - 0:02.2  both words" in stage.words

    run(story)


def test_waiting_ends_when_it_is_given_up() -> None:
    stage = Stage(FakeSource([]))
    stage.delivery.drains = False

    async def story() -> None:
        given_up = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, given_up.set)
        assert await stage.recording.finish(3_600, given_up) == 2

    run(story)


def test_a_full_disk_ends_the_file_and_not_the_recording() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("/dev/full is not there")
    stage = Stage(FakeSource(in_blocks(noise(10.0))), writer=full)

    async def story() -> None:
        await stage.recording.capture()
        assert b"".join(stage.delivery.utterances) == noise(10.0)
        assert "/dev/full" in stage.words
        assert "No space left on device" in stage.words
        assert not stage.recording.failed

    run(story)


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), (b"RIFF", "not a WAV"), ("empty", "no audio")])
def test_files_that_cannot_be_sent(tmp_path: Path, content: bytes | str | None, words: str) -> None:
    path = tmp_path / "a.wav"
    if content == "empty":
        write_wav(path, b"")
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(SourceError, match=words):
        FileSource(path, fast=True)
