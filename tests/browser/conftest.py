"""A real browser with a microphone that plays a file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from scipy.io import wavfile

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import utterance_id
from contract.queues import ANALYZER_QUEUE, STT_QUEUE
from harness.gateway import GatewayProcess
from runtime.worker.heartbeat import Heartbeat
from tests.browser.fake_gateway import FakeGateway, Message

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--autoplay-policy=user-gesture-required")

# Begin and length of each in `speech`. A recording begins a little later than the file; between two of them there is
# room for hangover and pre-roll.
UTTERANCES_SEC = ((1.5, 1.6), (4.3, 2.2), (7.7, 1.4))
SPEECH_SEC = 10

# Chromium aborts its requests when the machine gets or loses a network interface, as it does with each container.
NETWORK_CHANGED = "ERR_NETWORK_CHANGED"

BrowserWith = Callable[[tuple[str, ...]], Browser]
OpenPage = Callable[..., Page]
Tell = Callable[..., str]
Serve = Callable[..., GatewayProcess]
Announce = Callable[..., Heartbeat]

PATIENCE_MS = 60_000  # a machine that does much else may stand still for half of it
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        pytest.skip(f"no browser: install one of {', '.join(CHROMIUM_NAMES)}")
    return found


@pytest.fixture(scope="module")
def playwright(chromium: str) -> Iterator[Playwright]:
    """Of a module, not of the session: while it is there, this thread runs an event loop, and asyncio.run refuses."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser_with(playwright: Playwright, chromium: str) -> Iterator[BrowserWith]:
    """The module's browser with these arguments, started when it is first asked for, or after its end."""
    running: dict[tuple[str, ...], Browser] = {}

    def find(arguments: tuple[str, ...]) -> Browser:
        if arguments not in running or not running[arguments].is_connected():
            running[arguments] = playwright.chromium.launch(executable_path=chromium, args=arguments)
        return running[arguments]

    yield find
    for browser in running.values():
        browser.close()


@pytest.fixture
def open_context(
    playwright: Playwright, chromium: str, browser_with: BrowserWith, tmp_path: Path
) -> Iterator[Callable[..., BrowserContext]]:
    """A profile of this test's own: `open_context(wav=None, grant=True, microphone=True, more=(), **context)`.

    Its microphone plays `wav` once, or beeps. Without one the machine has none either. Chromium opens the file anew for
    each stream that it gives out, so a browser that others have used plays from the beginning too. What plays a file
    of this test alone ends with it.
    """
    with ExitStack() as stack:

        def start(
            wav: Path | None = None,
            grant: bool = True,
            microphone: bool = True,
            more: Sequence[str] = (),
            **options: object,
        ) -> BrowserContext:
            arguments = [*ARGUMENTS, *more]
            if microphone:
                arguments.append("--use-fake-device-for-media-stream")
            if grant:
                arguments.append("--use-fake-ui-for-media-stream")
            if wav is not None:
                arguments.append(f"--use-file-for-fake-audio-capture={wav.resolve()}%noloop")
            if wav is not None and wav.is_relative_to(tmp_path):
                browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
                stack.callback(browser.close)
            else:
                browser = browser_with(tuple(arguments))
            context = browser.new_context(**options)  # type: ignore[arg-type]
            context.set_default_timeout(PATIENCE_MS)
            stack.callback(context.close)
            return context

        yield start


class Complaints(list[str]):
    """What the pages put on their consoles. `forgiven`: parts of what may still come."""

    forgiven: tuple[str, ...] = (NETWORK_CHANGED,)


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """A test that ends with any that is not forgiven fails. Tests remove what they expect."""
    found = Complaints()
    yield found
    unforgiven = [text for text in found if not any(part in text for part in found.forgiven)]
    assert not unforgiven, "the page complained"


def watch(page: Page, complaints: list[str]) -> Page:
    """Collect the page's console errors and warnings, uncaught exceptions and policy violations."""
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda problem: complaints.append(str(problem)))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', (e) => console.error('policy: ' + e.violatedDirective))"
    )
    return page


@pytest.fixture
def open_page(open_context: Callable[..., BrowserContext], complaints: list[str]) -> OpenPage:
    """Open a watched page: `open_page(url, wav=None, grant=True, init_script=None, **context)`.

    `microphone` and `arguments` are those of the browser. With `clock` the page's time is also the test's to move.
    """

    def start(
        url: str,
        wav: Path | None = None,
        grant: bool = True,
        init_script: str | None = None,
        microphone: bool = True,
        arguments: Sequence[str] = (),
        clock: bool = False,
        **options: object,
    ) -> Page:
        context = open_context(wav, grant, microphone, arguments, **options)
        page = watch(context.new_page(), complaints)
        if init_script is not None:
            page.add_init_script(init_script)
        if clock:
            page.clock.install()
        for _ in range(5):
            page.goto(url)
            if not any(NETWORK_CHANGED in text for text in complaints):
                break
            complaints.clear()
        return page

    return start


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as running:
        yield running


@pytest.fixture
def serve(redis_port: int, redis_client: redis.Redis, tmp_path: Path) -> Iterator[Serve]:
    """Start a real gateway with the settings given, on an empty Redis: `serve(port=None, QUEUE_MAX="1")`."""
    with ExitStack() as stack:

        def start(port: int | None = None, **settings: str) -> GatewayProcess:
            on_port = {"GATEWAY_PORT": str(port)} if port is not None else {}
            process = GatewayProcess(redis_port, tmp_path, **on_port | settings)
            stack.callback(process.service.stop)
            process.start()
            return process

        yield start


@pytest.fixture
def announce(redis_client: redis.Redis) -> Iterator[Announce]:
    """Sign on a worker that does nothing: `announce(queue, model, demo=False)`."""
    with ExitStack() as stack:

        def start(queue: str, model: str, demo: bool = False) -> Heartbeat:
            heartbeat = Heartbeat(redis_client, queue, f"{queue}-1", model, demo, 600.0)
            heartbeat.start()
            stack.callback(heartbeat.stop)
            return heartbeat

        yield start


@pytest.fixture
def workers(announce: Announce) -> None:
    """One on each queue."""
    announce(STT_QUEUE, "base")
    announce(ANALYZER_QUEUE, "sst2")


@pytest.fixture
def tell(gateway: FakeGateway) -> Tell:
    """Send an utterance's outcome to the page: `tell(outcome, at_sec, accept=True)`; returns its id."""
    seq = 0

    def send(outcome: Message | None, at_sec: float, accept: bool = True, length_sec: float = 2.0) -> str:
        nonlocal seq
        start, end = int(at_sec * SAMPLE_RATE_HZ), int((at_sec + length_sec) * SAMPLE_RATE_HZ)
        utterance = utterance_id(gateway.only.name, start)
        if accept:
            gateway.send({"type": "accepted", "utterance": utterance, "start": start, "position": end})
        if outcome is not None:
            seq += 1
            fields: dict[str, Any] = {
                "seq": seq,
                "utterance": utterance,
                "start_sec": at_sec,
                "duration_sec": length_sec,
            }
            gateway.send({**fields, "timings_ms": {"queue": 12.0, "speech": 138.0}, **outcome})
        return utterance

    return send


@pytest.fixture(scope="session")
def speech() -> NDArray[np.float64]:
    """Ten seconds of what a voice gate and a browser's noise suppression take for speech: three utterances.

    Pulses of a moving pitch through two moving resonances, loud and soft by syllables; no two moments are alike,
    so that a piece of it can be found again.
    """
    total = np.zeros(SPEECH_SEC * SAMPLE_RATE_HZ)
    rng = np.random.default_rng(7)
    for begin_sec, length_sec in UTTERANCES_SEC:
        begin = int(begin_sec * SAMPLE_RATE_HZ)
        voice = synthetic_voice(int(length_sec * SAMPLE_RATE_HZ), rng)
        total[begin : begin + len(voice)] = voice
    return total


def synthetic_voice(samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """`samples` of voice-like sound with a peak of 0.5."""
    time = np.arange(samples) / SAMPLE_RATE_HZ
    knots = np.linspace(0, time[-1], 3 + samples // 3200)
    pitch_hz = np.interp(time, knots, rng.uniform(100, 190, len(knots)))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    resonances = [
        np.interp(time, knots, rng.uniform(low, high, len(knots))) for low, high in ((300, 800), (1000, 2400))
    ]
    voice = np.zeros(samples)
    for harmonic in range(1, 36):
        frequency = harmonic * pitch_hz
        gain = sum(1.0 / (1.0 + ((frequency - resonance) / 120.0) ** 2) for resonance in resonances)
        voice += gain * np.sin(harmonic * phase)
    voice += 0.02 * rng.standard_normal(samples)
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4.2 * time - np.pi / 2)
    edges = np.minimum(1, np.minimum(time, time[-1] - time) / 0.03)
    shaped = voice * syllables * edges
    peak = float(np.max(np.abs(shaped)))
    return np.asarray(shaped * (0.5 / peak), dtype=np.float64)


@pytest.fixture(scope="session")
def speech_wav(speech: NDArray[np.float64], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    wavfile.write(path, SAMPLE_RATE_HZ, np.round(speech * 32767).astype("<i2"))
    return path
