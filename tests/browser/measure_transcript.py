"""How long the page takes for one more result, and for a reload, by the length of the transcript.

    python -m tests.browser.measure_transcript

Prints milliseconds of the page's main thread per result that comes while the end is followed (Chromium's TaskDuration).
"""

from __future__ import annotations

import shutil
import time

from playwright.sync_api import CDPSession, Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM_NAMES
from tests.browser.fake_gateway import FakeGateway
from tests.browser.test_page_transcript import live, outcomes

LENGTHS = (100, 1000, 5000)
ADDED = 100


def metrics(devtools: CDPSession) -> dict[str, float]:
    """Chromium's counters of the page."""
    found = devtools.send("Performance.getMetrics")["metrics"]
    return {metric["name"]: metric["value"] for metric in found}


def measure(page: Page, gateway: FakeGateway, length: int) -> str:
    """A line of the table: the transcript is brought to `length`, reloaded, and gets ADDED results more."""
    session = gateway.only
    session.outcomes[:] = outcomes(session.name, length - 1)
    session.outcomes.extend(outcomes(session.name, 1, first=length))
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    began = time.perf_counter()
    page.reload()
    expect(page.get_by_test_id("transcript-count")).to_have_text(f"{length - length // 10:,}", timeout=60_000)
    reload_sec = time.perf_counter() - began
    before = metrics(devtools)
    for number in range(length + 1, length + ADDED + 1):
        live(gateway, number)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    expect(page.get_by_test_id("card").last).to_be_in_viewport(timeout=60_000)
    after = metrics(devtools)
    task_ms = (after["TaskDuration"] - before["TaskDuration"]) * 1000 / ADDED
    script_ms = (after["ScriptDuration"] - before["ScriptDuration"]) * 1000 / ADDED
    nodes = page.evaluate("document.querySelectorAll('*').length")
    heap_mb = after["JSHeapUsedSize"] / 1e6
    return f"{length:>8} {task_ms:>10.2f} {script_ms:>10.2f} {reload_sec:>10.2f} {nodes:>8} {heap_mb:>8.1f}"


def main() -> None:
    """Print the table."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    print(f"{'results':>8} {'ms each':>10} {'of script':>10} {'reload s':>10} {'nodes':>8} {'heap MB':>8}")
    with FakeGateway() as gateway, sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1100, "height": 720})
        page.goto(gateway.url)
        expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
        for length in LENGTHS:
            print(measure(page, gateway, length), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
