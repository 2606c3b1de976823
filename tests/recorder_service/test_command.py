"""The command line tool as a person starts it: a real (virtual) microphone, real Redis, a real worker process."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.signal import correlate

from contract.queues import STT_QUEUE
from harness.processes import ROOT, wait_until
from runtime.wav import read_wav, write_wav
from tests.recorder_service.fakes import noise, spoken_wav
from tests.recorder_service.recorder_process import PATIENCE_SEC, Recorder, environment, finished
from tests.recorder_service.virtual_microphone import alsa_playing
from tests.support.fake_pipeline import FakePipeline

RATE = 16_000


def results(out: str) -> list[dict[str, Any]]:
    return [message for message in map(json.loads, out.splitlines()) if message["type"] == "result"]


def samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two sentences with a pause between them, and silence at the end."""
    folder = tmp_path_factory.mktemp("speech")
    first = read_wav(spoken_wav(folder / "a.wav", "The quick brown fox jumps over the lazy dog."))
    second = read_wav(spoken_wav(folder / "b.wav", "I am happy with how well this works."))
    quiet = bytes(RATE * 2)
    return quiet[: RATE // 2] + first + quiet + second + quiet + quiet[:RATE]


@pytest.fixture
def virtual_microphone(speech: bytes, tmp_path: Path) -> Path:
    """An ALSA configuration whose default device plays `speech`, as fast as it is read."""
    return alsa_playing(speech, tmp_path)


def test_from_the_microphone_to_the_worker_and_back(
    recorder: Recorder, virtual_microphone: Path, speech: bytes, worker: Path, redis_port: int, tmp_path: Path
) -> None:
    """What a worker gets is what was played, sample for sample; with no listener the results come all the same."""
    saved = tmp_path / "saved.wav"
    env = environment(redis_port, ALSA_CONFIG_PATH=str(virtual_microphone))
    arguments = ["--seconds", f"{len(speech) / 2 / RATE:.6f}", "--save", str(saved), "--language", "en", "--json"]
    status, out, err = recorder.run(arguments, env)
    assert status == 0, err
    rate, captured = wavfile.read(saved)
    assert rate == RATE
    assert captured.tobytes() == speech
    heard = {int(path.stem): path.read_bytes() for path in worker.glob("*.raw")}
    assert len(heard) == 2, "one utterance a sentence"
    spoken = results(out)
    assert [result["sentiment"]["zone"] for result in spoken] == ["positive", "positive"]
    assert [round(result["start_sec"] * RATE) for result in spoken] == sorted(heard)
    played = samples(speech)
    for result in spoken:
        piece = samples(heard[round(result["start_sec"] * RATE)])
        matches = correlate(played, piece, mode="valid") / np.sum(np.square(piece))
        assert matches.max() == pytest.approx(1.0, abs=1e-6)
        assert int(matches.argmax()) == round(result["captured_start_sec"] * RATE), "its time is told right"
    arrived = samples(b"".join(heard[start] for start in sorted(heard)))
    assert np.sum(np.square(arrived)) > 0.999 * np.sum(np.square(played)), "no speech was left out"


def test_the_virtual_microphone_is_listed(recorder: Recorder, virtual_microphone: Path) -> None:
    env = environment(1, ALSA_CONFIG_PATH=str(virtual_microphone))
    status, out, _ = recorder.run(["--list-devices"], env)
    assert status == 0
    assert any(line.startswith("*") and "default" in line for line in out.splitlines())
    status, _, err = recorder.run(["--device", "no such thing"], env)
    assert status == 2
    assert "no microphone is called 'no such thing'" in err


def test_a_stereo_file_at_another_rate(recorder: Recorder, worker: Path, redis_port: int, tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    times = np.arange(44_100 * 2) / 44_100
    tone = 0.3 * np.sin(2 * np.pi * 440 * times)
    wavfile.write(path, 44_100, np.stack([tone, tone / 2], axis=1).astype(np.float32))
    status, out, err = recorder.run(["--file", str(path), "--fast"], environment(redis_port))
    assert status == 0, err
    assert out == f"0:00.0 - 0:02.0  heard {2 * RATE} samples  positive 0.90  en  {out.split()[-2]} ms\n"
    got = samples((worker / "0.raw").read_bytes())
    expected = 0.75 * 0.3 * 32767 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)
    assert np.abs(got - expected)[200:-200].max() < 50


def test_a_file_is_played_in_real_time_unless_told_otherwise(
    recorder: Recorder, redis_port: int, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """Speech of 2 s, twice, with a pause: the second arrives no sooner than it was spoken."""
    path = tmp_path / "noise.wav"
    write_wav(path, noise(2.0, 1) + bytes(RATE * 2) + noise(2.0, 2))
    between = []
    for fast in ([], ["--fast"]):
        arrivals: list[float] = []
        with FakePipeline(redis_port) as pipeline:
            process = recorder.start(["--file", str(path), *fast], environment(redis_port))
            for count in (1, 2):
                wait_until(lambda count=count: len(pipeline.seen) >= count, PATIENCE_SEC, "utterances")  # type: ignore[misc]
                arrivals.append(time.monotonic())
            assert finished(process)[0] == 0
        between.append(arrivals[1] - arrivals[0])
    assert between[0] > 2.0
    assert between[1] < between[0] / 2


def test_without_the_gate_silence_is_sent_too(
    recorder: Recorder, worker: Path, redis_port: int, tmp_path: Path
) -> None:
    path = tmp_path / "quiet.wav"
    write_wav(path, bytes(2 * RATE))
    env = environment(redis_port)
    status, out, _ = recorder.run(["--file", str(path), "--fast"], env)
    assert (status, out) == (0, "")
    status, out, _ = recorder.run(["--file", str(path), "--fast", "--no-gate"], env)
    assert status == 0
    assert f"heard {RATE} samples" in out


def test_results_that_do_not_come_are_told(
    recorder: Recorder, redis_port: int, redis_client: redis.Redis, tmp_path: Path
) -> None:
    path = tmp_path / "noise.wav"
    write_wav(path, noise(1.0))
    status, out, err = recorder.run(["--file", str(path), "--fast", "--wait", "1"], environment(redis_port))
    assert (status, out) == (1, "")
    assert "no speech worker is running" in err
    assert "Without a result: 1 utterance." in err
    messages: Any = redis_client.lrange(STT_QUEUE, 0, -1)
    (message,) = map(json.loads, messages)
    assert message["headers"]["argsrepr"] == "(audio, job)", "nothing of what was said"
    assert message["headers"]["ignore_result"] is True


@pytest.mark.parametrize("answered", [True, False])
def test_ctrl_c_stops_and_waits_and_a_second_one_gives_up(
    recorder: Recorder, redis_port: int, redis_client: redis.Redis, tmp_path: Path, answered: bool
) -> None:
    path = tmp_path / "noise.wav"
    write_wav(path, noise(300.0))
    process = recorder.start(["--file", str(path)], environment(redis_port, UTTERANCE_MAX_SEC="3"))
    wait_until(lambda: redis_client.llen(STT_QUEUE) > 0, PATIENCE_SEC, "a first utterance is cut")
    before = redis_client.llen(STT_QUEUE)
    process.send_signal(signal.SIGINT)
    wait_until(lambda: redis_client.llen(STT_QUEUE) > before, PATIENCE_SEC, "the rest is sent behind it")
    if answered:
        with FakePipeline(redis_port) as pipeline:
            status, _, err = finished(process)
        assert status == 0, err
        assert f"{len(pipeline.seen)} results, 0 dropped, 0 errors." in err
    else:
        process.send_signal(signal.SIGINT)
        status, _, err = finished(process)
        assert status == 1, err
        assert "Without a result: " in err
        assert "0 results, 0 dropped, 0 errors." in err


@pytest.mark.parametrize("kind", [[], ["--json"]])
def test_a_closed_pipe_ends_it_quietly(
    recorder: Recorder, worker: Path, redis_port: int, tmp_path: Path, kind: list[str]
) -> None:
    path = tmp_path / "noise.wav"
    write_wav(path, noise(300.0))
    process = recorder.start(["--file", str(path), *kind], environment(redis_port, UTTERANCE_MAX_SEC="3"))
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(PATIENCE_SEC) == 0, err
    assert "Traceback" not in err
    assert "Exception" not in err


def test_a_terminal_gets_a_meter_and_colours(
    recorder: Recorder, worker: Path, redis_port: int, speech: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "speech.wav"
    write_wav(path, speech[: 4 * RATE * 2])
    controller, terminal = pty.openpty()
    env = environment(redis_port, TERM="xterm-256color", COLUMNS="100")
    process = recorder.start(["--file", str(path)], env, terminal)
    os.close(terminal)
    shown = bytearray()
    while select.select([controller], [], [], PATIENCE_SEC)[0]:
        try:
            shown += os.read(controller, 65536)
        except OSError:  # Linux tells the end of a terminal so
            break
    os.close(controller)
    assert process.wait(10) == 0, shown
    text = shown.decode()
    assert " dB " in text
    assert "\x1b[1;32mspeech" in text
    assert "\x1b[1;32mpositive 0.90" in text


def test_what_keeps_it_from_beginning_is_told_with_status_2(
    recorder: Recorder, redis_port: int, redis_client: redis.Redis, tmp_path: Path
) -> None:
    (tmp_path / "not-a.wav").write_bytes(b"nothing of the kind")
    write_wav(tmp_path / "good.wav", noise(0.5))
    (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")\n')
    good = ["--file", "good.wav"]
    cases: list[tuple[list[str], dict[str, str], str]] = [
        (["--file", "missing.wav"], {}, "missing.wav: No such file"),
        (["--file", "not-a.wav"], {}, "not a WAV file"),
        ([*good, "--save", "no/such/folder.wav"], {}, "cannot be written"),
        (good, {"REDIS_PORT": "1"}, "127.0.0.1:1 cannot be used"),
        (good, {"REDIS_PORT": "many"}, "REDIS_PORT: Input should be a valid integer"),
        (good, {"REDIS_URL": "http://x"}, "  REDIS_URL: "),
        (good, {"REDIS_PASSWORD_FILE": "missing"}, "  the password file cannot be read"),
        ([*good, "--url", "ws://127.0.0.1:1"], {"CONNECT_SEC": "1"}, "no connection to ws://127.0.0.1:1/ws"),
        (["--fast"], {}, "--fast needs --file"),
        ([], {"PYTHONPATH": f".{os.pathsep}{ROOT}"}, "apt-get install libportaudio2"),
    ]
    running = [recorder.start(arguments, {**environment(redis_port), **settings}) for arguments, settings, _ in cases]
    for process, (arguments, settings, words) in zip(running, cases, strict=True):
        status, out, err = finished(process)
        assert words in err, (arguments, settings)
        assert (status, out) == (2, "")
