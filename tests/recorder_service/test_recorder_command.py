"""The command line tool as a person starts it: a real (virtual) microphone, real Redis, real worker, real gateway."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.signal import correlate

from contract.names import STT_QUEUE
from contract.wav import read_wav, write_wav
from tests.recorder_service.recorder_fakes import noise, spoken_wav
from tests.support.fake_pipeline import FakePipeline
from tests.support.gateway import GatewayProcess
from tests.support.processes import ROOT, answers, free_port, python_service, redis_service, wait_until

SCRIPT = ROOT / "recorder_service" / "recorder_service.py"
RATE = 16_000


def environment(redis_port: int, **more: str) -> dict[str, str]:
    """As on a machine where nothing was prepared: no PYTHONPATH, no colours asked for."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "REDIS_URL"}}
    return {**inherited, "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis_port), **more}


def start(arguments: list[str], env: Mapping[str, str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *arguments],
        env=env,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def recorder(arguments: list[str], env: Mapping[str, str], folder: Path) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    process = start(arguments, env, folder)
    out, err = process.communicate(timeout=150)
    return process.returncode, out, err


def results(out: str) -> list[dict[str, Any]]:
    return [message for message in map(json.loads, out.splitlines()) if message["type"] == "result"]


def samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


@pytest.fixture
def worker(redis_port: int, redis_client: redis.Redis, tmp_path: Path) -> Iterator[Path]:
    """A worker process on stt_queue; the folder where it keeps what it heard."""
    folder = tmp_path / "heard"
    folder.mkdir()
    script = str(Path(__file__).with_name("recorder_fake_worker.py"))
    service = python_service(
        "fake-worker", "recorder_service", [script, str(folder)], environment(redis_port), tmp_path
    )
    service.start()
    yield folder
    service.stop()


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
    try:
        import sounddevice
    except OSError:
        pytest.skip("libportaudio2 is not installed")
    assert sounddevice.__version__
    base = Path("/usr/share/alsa/alsa.conf")
    if not base.exists():
        pytest.skip("ALSA's configuration (libasound2-data) is not installed")
    raw = tmp_path / "speech.raw"
    raw.write_bytes(speech)
    config = tmp_path / "asoundrc"
    config.write_text(
        f'<{base}>\npcm.!default {{\n type file\n slave.pcm "null"\n file "/dev/null"\n'
        f' infile "{raw}"\n format "raw"\n}}\n'
    )
    return config


def test_from_the_microphone_to_the_worker_and_back(
    virtual_microphone: Path, speech: bytes, worker: Path, redis_port: int, tmp_path: Path
) -> None:
    """What a worker gets is what was played, sample for sample; with no listener the results come all the same."""
    saved = tmp_path / "saved.wav"
    seconds = len(speech) / 2 / RATE
    env = environment(redis_port, ALSA_CONFIG_PATH=str(virtual_microphone))
    arguments = ["--seconds", f"{seconds:.3f}", "--save", str(saved), "--language", "en", "--json"]
    status, out, err = recorder(arguments, env, tmp_path)
    assert status == 0, err
    rate, captured = wavfile.read(saved)
    assert rate == RATE
    assert captured.tobytes() == speech
    heard = {int(path.stem): path.read_bytes() for path in worker.glob("*.raw")}
    assert len(heard) == 2, "one utterance a sentence"
    spoken = results(out)
    assert [result["sentiment"]["zone"] for result in spoken] == ["positive", "positive"]
    assert [round(result["start_sec"] * RATE) for result in spoken] == sorted(heard)
    for result in spoken:
        place = round(result["captured_start_sec"] * RATE)
        pcm = heard[round(result["start_sec"] * RATE)]
        assert pcm == speech[2 * place : 2 * place + len(pcm)]
    arrived, played = samples(b"".join(heard[start] for start in sorted(heard))), samples(speech)
    for start in sorted(heard):
        piece = samples(heard[start])
        match = correlate(played, piece, mode="valid").max() / np.sum(np.square(piece))
        assert match == pytest.approx(1.0, abs=1e-6)
    kept = np.sum(np.square(arrived)) / np.sum(np.square(played))
    assert kept > 0.999, "no speech was left out"


def test_the_virtual_microphone_is_listed(virtual_microphone: Path, tmp_path: Path) -> None:
    env = environment(1, ALSA_CONFIG_PATH=str(virtual_microphone))
    status, out, _ = recorder(["--list-devices"], env, tmp_path)
    assert status == 0
    assert any(line.startswith("*") and "default" in line for line in out.splitlines())
    status, _, err = recorder(["--device", "no such thing"], env, tmp_path)
    assert status == 2
    assert "no microphone is called 'no such thing'" in err


def test_a_stereo_file_at_another_rate(worker: Path, redis_port: int, speech: bytes, tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    times = np.arange(44_100 * 2) / 44_100
    tone = 0.3 * np.sin(2 * np.pi * 440 * times)
    wavfile.write(path, 44_100, np.stack([tone, tone / 2], axis=1).astype(np.float32))
    status, out, err = recorder(["--file", str(path), "--fast"], environment(redis_port), tmp_path)
    assert status == 0, err
    assert out == f"0:00.0 - 0:02.0  heard {2 * RATE} samples  positive 0.90  en  {out.split()[-2]} ms\n"
    got = samples((worker / "0.raw").read_bytes())
    expected = 0.75 * 0.3 * 32767 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)
    assert np.abs(got - expected)[200:-200].max() < 50


def test_a_file_is_played_in_real_time_unless_told_otherwise(worker: Path, redis_port: int, tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    write_wav(path, noise(3.0))
    took = []
    for fast in ([], ["--fast"]):
        begun = time.monotonic()
        assert recorder(["--file", str(path), *fast], environment(redis_port), tmp_path)[0] == 0
        took.append(time.monotonic() - begun)
    assert took[0] > 3.0
    assert took[1] < took[0]


def test_without_the_gate_silence_is_sent_too(worker: Path, redis_port: int, tmp_path: Path) -> None:
    path = tmp_path / "quiet.wav"
    write_wav(path, bytes(2 * RATE))
    env = environment(redis_port)
    status, out, _ = recorder(["--file", str(path), "--fast"], env, tmp_path)
    assert (status, out) == (0, "")
    status, out, _ = recorder(["--file", str(path), "--fast", "--no-gate"], env, tmp_path)
    assert status == 0
    assert "heard 16000 samples" in out


def test_results_that_do_not_come_are_told(redis_port: int, redis_client: redis.Redis, tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    write_wav(path, noise(1.0))
    status, out, err = recorder(["--file", str(path), "--fast", "--wait", "0.5"], environment(redis_port), tmp_path)
    assert (status, out) == (1, "")
    assert "no speech worker is running" in err
    assert "Without a result: 1 utterance." in err


def test_ctrl_c_stops_and_waits_and_a_second_one_gives_up(
    redis_port: int, redis_client: redis.Redis, tmp_path: Path
) -> None:
    path = tmp_path / "noise.wav"
    write_wav(path, noise(60.0))
    for answered in (True, False):
        redis_client.flushall()
        process = start(["--file", str(path)], environment(redis_port, UTTERANCE_MAX_SEC="3"), tmp_path)
        wait_until(lambda: redis_client.llen(STT_QUEUE) > 0, 30, "a first utterance is cut")
        process.send_signal(signal.SIGINT)
        wait_until(lambda: redis_client.llen(STT_QUEUE) > 1, 10, "the rest is sent behind it")
        if answered:
            with FakePipeline(redis_port):
                _, err = process.communicate(timeout=30)
            assert process.returncode == 0, err
            assert "2 results, 0 dropped, 0 errors." in err
        else:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=10)
            assert process.returncode == 1, err
            assert "Without a result: 2 utterances." in err
        assert "Traceback" not in err


def test_a_closed_pipe_ends_it_quietly(worker: Path, redis_port: int, tmp_path: Path) -> None:
    path = tmp_path / "noise.wav"
    write_wav(path, noise(60.0))
    for kind in ([], ["--json"]):
        process = start(["--file", str(path), *kind], environment(redis_port, UTTERANCE_MAX_SEC="3"), tmp_path)
        assert process.stdout is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        process.stderr.close()
        assert process.wait(30) == 0, err
        assert "Traceback" not in err
        assert "Exception" not in err


def test_a_terminal_gets_a_meter_and_colours(worker: Path, redis_port: int, speech: bytes, tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    write_wav(path, speech[: 4 * RATE * 2])
    controller, terminal = pty.openpty()
    env = environment(redis_port, TERM="xterm-256color", COLUMNS="100")
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "--file", str(path)], env=env, cwd=tmp_path, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    shown = bytearray()
    while select.select([controller], [], [], 60)[0]:
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


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["--file", "missing.wav"], {}, "missing.wav: No such file"),
        (["--file", "not-a.wav"], {}, "not a WAV file"),
        (["--file", "good.wav", "--save", "no/such/folder.wav"], {}, "cannot be written"),
        (["--file", "good.wav"], {"REDIS_PORT": "1"}, "127.0.0.1:1 cannot be used"),
        (["--file", "good.wav"], {"REDIS_PORT": "many"}, "REDIS_PORT: Input should be a valid integer"),
        (["--file", "good.wav"], {"REDIS_URL": "http://x"}, "REDIS_URL cannot be used"),
        (
            ["--file", "good.wav", "--url", "ws://127.0.0.1:1"],
            {"CONNECT_SEC": "1"},
            "no connection to ws://127.0.0.1:1/ws",
        ),
        (["--fast"], {}, "--fast needs --file"),
        ([], {"PYTHONPATH": "."}, "apt-get install libportaudio2"),
    ],
)
def test_what_keeps_it_from_beginning_is_told_with_status_2(
    arguments: list[str], settings: dict[str, str], words: str, redis_port: int, tmp_path: Path
) -> None:
    (tmp_path / "not-a.wav").write_bytes(b"nothing of the kind")
    write_wav(tmp_path / "good.wav", noise(0.5))
    (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")\n')
    status, out, err = recorder(arguments, {**environment(redis_port), **settings}, tmp_path)
    assert (status, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_through_the_gateway_while_it_is_killed_and_started_again(
    redis_port: int, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """Killed in the middle of an utterance: all that was spoken arrives, once, in the utterances that it was."""
    words = [noise(1.5, seed) for seed in range(4)]
    pause = bytes(RATE * 2)
    path = tmp_path / "words.wav"
    write_wav(path, b"".join(word + pause for word in words))
    gateway = GatewayProcess(redis_port, tmp_path)
    gateway.start()
    try:
        with FakePipeline(redis_port) as pipeline:
            arguments = ["--file", str(path), "--url", gateway.url, "--json"]
            process = start(arguments, environment(1), tmp_path)
            wait_until(lambda: len(pipeline.seen) == 1, 30, "the first utterance arrives")
            gateway.service.kill()
            gateway.start()
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
            heard = {job.start: pcm for job, pcm in pipeline.seen}
    finally:
        gateway.service.stop()
    # each word comes with 0.3 s from before it, of which the first has none, and 0.5 s from behind it
    step, played = 2 * RATE * 5 // 2, read_wav(path)
    spoken = [played[max(0, n * step - 9_600) : n * step + 2 * RATE * 2] for n in range(4)]
    assert [heard[start] for start in sorted(heard)] == spoken
    assert sorted(result["seq"] for result in results(out)) == [1, 2, 3, 4]
    assert "no connection" in err


def test_through_a_gateway_that_starts_later(redis_port: int, redis_client: redis.Redis, tmp_path: Path) -> None:
    path = tmp_path / "word.wav"
    write_wav(path, noise(1.0))
    gateway = GatewayProcess(redis_port, tmp_path)
    process = start(["--file", str(path), "--fast", "--url", gateway.ws_url], environment(1), tmp_path)
    assert process.stderr is not None
    assert "no connection" in process.stderr.readline()
    gateway.start()
    try:
        with FakePipeline(redis_port):
            out, err = process.communicate(timeout=60)
    finally:
        gateway.service.stop()
    assert process.returncode == 0, err
    assert f"{RATE} samples" in out


def test_a_redis_that_is_restarted_in_between(tmp_path: Path) -> None:
    port = free_port()
    path = tmp_path / "words.wav"
    write_wav(path, noise(1.0, 1) + bytes(2 * RATE) + noise(1.0, 2) + bytes(2 * RATE))
    server = redis_service(port, tmp_path)
    server.start()
    try:
        wait_until(lambda: answers(port), 15, "Redis answers")
        process = start(["--file", str(path)], environment(port, RESEND_AFTER_SEC="3"), tmp_path)
        with redis.Redis(port=port) as client:
            wait_until(lambda: client.llen(STT_QUEUE) == 1, 30, "the first utterance is sent")
        server.kill()
        time.sleep(0.5)  # the outage itself
        server.start()
        wait_until(lambda: answers(port), 15, "Redis answers")
        with FakePipeline(port) as pipeline:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
            assert {job.start for job, _ in pipeline.seen} == {0, 24_000}
        assert out.count("samples") == 2
    finally:
        server.kill()


def test_the_task_header_tells_nothing(redis_port: int, redis_client: redis.Redis, tmp_path: Path) -> None:
    path = tmp_path / "word.wav"
    write_wav(path, noise(0.5))
    recorder(["--file", str(path), "--fast", "--wait", "1"], environment(redis_port), tmp_path)
    messages: Any = redis_client.lrange(STT_QUEUE, 0, -1)
    (message,) = map(json.loads, messages)
    assert message["headers"]["argsrepr"] == "(audio, job)"
    assert message["headers"]["ignore_result"] is True
