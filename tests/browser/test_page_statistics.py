"""The statistics panel: the course of sentiment, latency, and where the time went."""

from __future__ import annotations

import math
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import utterance_id
from contract.speech.segmenter import Cut
from tests.browser.conftest import OpenPage
from tests.browser.fake_gateway import FakeGateway, Message, result
from tests.browser.test_page_capture import UNPROCESSED, start

HANGOVER_MS = 500
WORK_MS = 400  # that the gateway of the spoken utterance takes in truth
SERVER_MS = {"queue": 12.0, "speech": 140.0}  # as the fake gateway says by itself
MAX_POINTS = 128
MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
PART_ONLY = "this page was not there"

# How often the panel's first number changes, and how many frames there were.
COUNT_CHANGES = """
window.frames = 0;
window.changes = 0;
requestAnimationFrame(function tick() { window.frames++; requestAnimationFrame(tick); });
addEventListener('DOMContentLoaded', () => {
  const watch = new MutationObserver((records) => { window.changes += records.length; });
  watch.observe(document.getElementById('stat-utterances'), { childList: true, characterData: true, subtree: true });
});
"""


def judged(number: int, of: int) -> Message:
    """One of `of` results whose sentiment goes up and down twice."""
    positive = 0.5 + 0.49 * math.sin(4 * math.pi * number / of)
    zone = "neutral" if max(positive, 1 - positive) < 0.7 else "positive" if positive > 0.5 else "negative"
    message = result(f"utterance {number}", zone, max(positive, 1 - positive))
    message["sentiment"]["scores"] = {"POSITIVE": positive, "NEGATIVE": 1 - positive}
    return message


def replay(gateway: FakeGateway, page: Page, messages: list[Message]) -> None:
    """Have the session end with these outcomes, three seconds each, and load the page again."""
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    session = gateway.only
    for number, message in enumerate(messages):
        place = {
            "seq": number + 1,
            "utterance": utterance_id(session.name, 3 * number * SAMPLE_RATE_HZ),
            "start_sec": 3.0 * number,
            "duration_sec": 2.0,
        }
        session.outcomes.append({**place, "timings_ms": SERVER_MS, **message})
    page.reload()
    expect(page.get_by_test_id("stat-utterances")).to_have_text(f"{len(messages):,}", timeout=60_000)


def table_rows(page: Page) -> list[list[str]]:
    page.get_by_test_id("trend-values").locator("summary").click()
    rows: list[list[str]] = (
        page.get_by_test_id("trend-values")
        .locator("tbody")
        .evaluate("(body) => [...body.rows].map((row) => [...row.cells].map((cell) => cell.textContent))")
    )
    return rows


def milliseconds(page: Page) -> dict[str, int]:
    """The breakdown of the panel, by stage."""
    rows: list[list[str]] = page.get_by_test_id("typical-stages").evaluate(
        "(shown) => [...shown.querySelectorAll('dl > div')].map((row) => "
        "[row.dataset.stage, row.querySelector('dd').textContent])"
    )
    return {stage: int(re.sub(r"\D", "", text)) for stage, text in rows}


def test_each_value_is_there_for_pointer_and_keyboard_and_in_the_table(
    gateway: FakeGateway, open_page: OpenPage
) -> None:
    page = open_page(gateway.url)
    unjudged = result("좋네요.", language="ko", sentiment=None, sentiment_reason="This model cannot translate.")
    replay(gateway, page, [*(judged(number, 8) for number in range(8)), unjudged])
    expect(page.get_by_test_id("stat-none")).to_have_text("Not judged1")
    plot, said = page.get_by_test_id("trend"), page.get_by_test_id("trend-said")
    expect(said).to_have_text("Mean of 8: 0.00")
    rows = table_rows(page)
    assert [row[0] for row in rows] == ["0:00", "0:03", "0:06", "0:09", "0:12", "0:15", "0:18", "0:21"]
    assert [row[1] for row in rows] == ["Neutral", "Positive", "Neutral", "Negative"] * 2
    assert [row[2] for row in rows] == ["0.00", "+0.98", "0.00", f"{MINUS}0.98"] * 2
    assert {row[3] for row in rows} == {"1"}

    plot.focus()
    for key, index in (("Home", 0), ("ArrowRight", 1), ("ArrowUp", 2), ("ArrowLeft", 1), ("End", 7), ("ArrowRight", 7)):
        page.keyboard.press(key)
        moment, sentiment, score, _ = rows[index]
        expect(plot).to_have_attribute("aria-valuetext", f"{moment} · {sentiment} · {score}")
        expect(plot).to_have_attribute("aria-valuenow", str(index + 1))
        expect(said).to_have_text(f"{moment} · {sentiment} · {score}")
    expect(page.get_by_test_id("start-button")).to_have_text("Start")

    page.get_by_test_id("start-button").focus()
    expect(said).to_have_text("Mean of 8: 0.00")
    box = plot.locator("svg").bounding_box()
    assert box is not None
    for index, share in ((0, 0.0), (3, 3 / 7), (7, 1.0)):
        page.mouse.move(box["x"] + 6 + share * (box["width"] - 12), box["y"] + 20)
        expect(said).to_have_text(f"{rows[index][0]} · {rows[index][1]} · {rows[index][2]}")
    page.mouse.move(box["x"], box["y"] - 200)
    expect(said).to_have_text("Mean of 8: 0.00")


def test_a_touch_on_the_drawing_says_what_is_there(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url, has_touch=True)
    replay(gateway, page, [judged(number, 8) for number in range(8)])
    box = page.get_by_test_id("trend").locator("svg").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] - 6, box["y"] + 30)
    expect(page.get_by_test_id("trend-said")).to_have_text(f"0:21 · Negative · {MINUS}0.98")


def test_a_session_of_5000_is_shown_once_a_frame_and_drawn_in_few_points(
    gateway: FakeGateway, open_page: OpenPage
) -> None:
    page = open_page(gateway.url, init_script=COUNT_CHANGES)
    replay(gateway, page, [judged(number, 5000) for number in range(5000)])
    changes, frames = page.evaluate("[window.changes, window.frames]")
    assert 0 < changes <= frames
    rows = table_rows(page)
    assert MAX_POINTS / 3 < len(rows) <= MAX_POINTS
    assert sum(int(row[3]) for row in rows) == 5000
    assert rows[0][0].startswith(f"0:00{DASH}") and rows[-1][0].endswith(f"{DASH}{4999 * 3 // 60}:57")
    assert max(row[2] for row in rows if row[2].startswith("+")) > "+0.9", "the course is still to be seen"
    marks = page.get_by_test_id("trend").locator("svg path").count()
    assert marks < 10, "the drawing is a few paths, however long the session is"


def test_what_came_before_the_page_has_the_servers_part_only(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    replay(gateway, page, [judged(number, 4) for number in range(4)])
    expect(page.get_by_test_id("stat-felt-p50")).to_have_text(DASH)
    expect(page.get_by_test_id("stat-latency-p50")).to_have_text("0.15 s")
    expect(page.get_by_test_id("typical-stages")).to_contain_text(PART_ONLY)
    assert milliseconds(page) == {"queue": 12, "speech": 140, "total": 152}


def test_a_spoken_utterance_shows_its_wait_and_parts_that_are_the_whole(
    gateway: FakeGateway, open_page: OpenPage, speech_wav: Path
) -> None:
    def slowly(_: Cut, number: int) -> Message | None:
        time.sleep(WORK_MS / 1000)
        return result("first") if number == 1 else None

    gateway.outcome = slowly
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    start(page)
    expect(page.get_by_test_id("stat-utterances")).to_have_text("1", timeout=20_000)
    expect(page.get_by_test_id("typical-stages")).not_to_contain_text(PART_ONLY)
    parts = milliseconds(page)
    total = parts.pop("total")
    assert (parts["queue"], parts["speech"]) == (12, 140)
    assert HANGOVER_MS - 50 <= parts["wait"] < HANGOVER_MS + 2_000
    assert WORK_MS - sum(SERVER_MS.values()) <= parts["network"] < 5_000, "what the server does not account for"
    assert abs(sum(parts.values()) - total) <= len(parts), "each part is rounded"
    assert page.get_by_test_id("stat-felt-p50").text_content() == f"{total / 1000:.{2 if total < 995 else 1}f} s"
    expect(page.get_by_test_id("stat-latency-p50")).to_have_text("0.15 s")
    times = page.locator(".trend-times")
    expect(times).to_have_text(re.compile(r"\d:\d\d:\d\d"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_drawing_fits_once_the_panel_is_opened(
    gateway: FakeGateway, open_page: OpenPage, scheme: str
) -> None:
    page = open_page(gateway.url, viewport={"width": 320, "height": 640}, color_scheme=scheme)
    replay(gateway, page, [judged(number, 20) for number in range(20)])
    expect(page.get_by_test_id("trend")).to_be_hidden()
    page.locator("#stats > summary").click()
    line = page.locator(".trend-line")
    expect(line).to_have_attribute("d", re.compile(r"^M\d"))
    page.get_by_test_id("trend-values").locator("summary").click()
    for selector in ("aside", ".stats-body", ".trend-scroll", ".stages"):
        overflow = page.evaluate(
            "(s) => { const e = document.querySelector(s); return e.scrollWidth - e.clientWidth }", selector
        )
        assert overflow <= 0, f"{selector} is {overflow} px too wide"
    box, frame = line.bounding_box(), page.locator("#stats").bounding_box()
    assert box is not None and frame is not None
    assert box["x"] >= frame["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"]


def test_another_session_begins_with_nothing(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    replay(gateway, page, [judged(number, 4) for number in range(4)])
    expect(page.get_by_test_id("trend")).to_be_visible()
    gateway.close_all()
    gateway.sessions.clear()
    expect(page.get_by_test_id("stat-utterances")).to_have_text("0")
    expect(page.get_by_test_id("trend")).to_be_hidden()
    expect(page.locator("#typical")).to_be_hidden()


def test_the_models_in_use_are_named_and_a_demo_is_marked(gateway: FakeGateway, open_page: OpenPage) -> None:
    gateway.demo = True
    page = open_page(gateway.url)
    expect(page.get_by_test_id("stat-speech-model")).to_have_text("demo")
    expect(page.get_by_test_id("stat-sentiment-model")).to_have_text("fake")
    expect(page.get_by_test_id("stat-demo")).to_have_text("Demo model in use")
    gateway.demo = False
    page.reload()
    expect(page.get_by_test_id("stat-speech-model")).to_have_text("fake")
    expect(page.get_by_test_id("stat-demo")).to_be_hidden()
