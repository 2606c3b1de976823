"""The command line tool at a server that looks for the ends of sentences, and at one that does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from runtime.wav import write_wav
from tests.recorder_service.fakes import FakeGateway, fake_gateway, noise, run
from tests.recorder_service.recorder_process import Recorder, environment

RATE = 16_000
NO_REDIS_PORT = 1


@pytest.mark.parametrize(
    ("options", "settings", "wait_sec", "together"),
    [
        ([], {}, 1.2, True),
        ([], {}, 0.0, False),
        (["--no-sentences"], {}, 1.2, False),
        (["--hangover-ms", "500"], {}, 1.2, False),
        ([], {"GATE_HANGOVER_MS": "500"}, 1.2, False),
    ],
)
def test_two_words_with_a_pause_between(
    recorder: Recorder, tmp_path: Path, options: list[str], settings: dict[str, str], wait_sec: float, together: bool
) -> None:
    """Quiet of 0.6 s is a pause inside a sentence where that is asked for and offered, else it is an end."""
    path = tmp_path / "words.wav"
    write_wav(path, noise(0.5, 1) + bytes(2 * RATE * 6 // 10) + noise(0.5, 2) + bytes(4 * RATE))
    gateway = FakeGateway()
    gateway.sentence_wait_sec = wait_sec

    async def story() -> None:
        async with fake_gateway(gateway):
            sent = ["--file", str(path), "--fast", "--url", gateway.url, *options]
            env = environment(NO_REDIS_PORT, **settings)
            status, out, err = await asyncio.to_thread(recorder.run, sent, env)
        assert status == 0, err
        heard = {start: len(pcm) // 2 for start, pcm in gateway.only.accepted.items()}
        if together:
            assert heard == {0: RATE * 17 // 10}, "0.2 s behind each word, and 0.3 s before the second"
        else:
            assert heard == {0: RATE, RATE: RATE * 11 // 10}, "0.5 s behind each word, and 0.1 s that is left before"
        assert out.count("samples") == len(heard)
        empty = [number for number, frame in enumerate(gateway.visits[0].frames) if not frame]
        assert not together or empty[-1] == empty[-2] + 1, "a pause, and its end"

    run(story)
