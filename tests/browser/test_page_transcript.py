"""The transcript: reading along and back, thousands of utterances, open cards, files, clear and undo."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import utterance_id
from tests.browser.conftest import OpenPage
from tests.browser.fake_gateway import FakeGateway, Message, result
from tests.browser.test_page_states import at_rest

MAX_ENTRIES = 5000  # utterances.js
MAX_NODES = 3500  # of the whole page, whatever the transcript's length

Fill = Callable[..., list[Message]]

NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
REFUSED_CLIPBOARD = """
navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
document.execCommand = () => false;
"""


def outcomes(session: str, count: int, first: int = 1, kind: Callable[[int], Message] | None = None) -> list[Message]:
    """`count` outcomes, numbered from `first`, spoken every 3 s of the stream; each tenth was refused."""
    made = []
    for number in range(first, first + count):
        message = kind(number) if kind is not None else plain(number)
        fields = {
            "seq": number,
            "utterance": utterance_id(session, number * 3 * SAMPLE_RATE_HZ),
            "start_sec": number * 3.0,
            "duration_sec": 1.5,
            "timings_ms": {"queue": 12.0, "speech": 138.0},
        }
        made.append({**fields, **message})
    return made


def plain(number: int) -> Message:
    if number % 10 == 0:
        return {"type": "dropped", "reason": "no_speech", "detail": f"probability 0.0{number % 7}"}
    return result(f"number {number}. " + "And so on. " * (number % 9), ["positive", "neutral", "negative"][number % 3])


@pytest.fixture
def view(gateway: FakeGateway, open_page: OpenPage) -> Page:
    return opened(open_page(gateway.url, viewport={"width": 1100, "height": 720}))


@pytest.fixture
def fill(gateway: FakeGateway, view: Page) -> Fill:
    """Let a reloaded page get outcomes: `fill(count, kind=None)`, spoken 8 s apart by the clock."""

    def load(count: int, kind: Callable[[int], Message] | None = None) -> list[Message]:
        session = gateway.only
        session.outcomes.extend(outcomes(session.name, count, first=len(session.outcomes) + 1, kind=kind))
        total = len(session.outcomes)
        now_ms = int(time.time() * 1000)
        clock = [[number * 3 * SAMPLE_RATE_HZ, now_ms + number * 8000] for number in range(1, total + 1)]
        view.evaluate("clock => sessionStorage.setItem('wta.clock', JSON.stringify(clock))", clock)
        view.reload()
        opened(view)
        expect(cards(view).last).to_have_attribute("aria-posinset", str(min(total, MAX_ENTRIES)), timeout=60_000)
        return session.outcomes

    return load


def opened(page: Page) -> Page:
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    return page


def cards(page: Page) -> Locator:
    return page.get_by_test_id("card")


def scroll_to(page: Page, px: int) -> None:
    page.locator("#scroller").evaluate("(scroller, px) => { scroller.scrollTop = px }", px)


def settled(page: Page) -> None:
    """Two frames have passed, so that what was asked for has been laid out."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def reading(page: Page) -> tuple[str, float]:
    """Utterance of the first card whose beginning is in the view, and where it is."""
    found = page.locator("#scroller").evaluate(
        """(scroller) => {
          const edge = scroller.getBoundingClientRect().top;
          const card = [...scroller.querySelectorAll('.card')].find((c) => c.getBoundingClientRect().top >= edge);
          return [card.dataset.utterance, card.getBoundingClientRect().top];
        }"""
    )
    return found[0], found[1]


def place(page: Page, utterance: str) -> float:
    sides = page.locator(f"[data-utterance='{utterance}']").bounding_box()
    assert sides is not None
    return sides["y"]


def box(found: Locator) -> list[int]:
    """Where it is and how large, in pixels; finer than a pixel is the browser's rounding."""
    sides = found.bounding_box()
    assert sides is not None
    return [round(sides[side]) for side in ("x", "y", "width", "height")]


def nodes(page: Page) -> int:
    return int(page.evaluate("document.querySelectorAll('*').length"))


def live(gateway: FakeGateway, number: int, **more: Any) -> None:
    """One more outcome comes while the page is there."""
    session = gateway.only
    (outcome,) = outcomes(session.name, 1, first=number)
    session.outcomes.append({**outcome, **more})
    gateway.send(session.outcomes[-1])


def test_five_thousand_results_leave_a_small_document_and_all_can_be_read(view: Page, fill: Fill) -> None:
    fill(MAX_ENTRIES)
    expect(view.get_by_test_id("transcript-count")).to_have_text("4,500")  # a tenth were no speech
    assert nodes(view) < MAX_NODES
    expect(cards(view).last).to_be_in_viewport()
    view.locator("#scroller").focus()
    view.keyboard.press("Home")
    first = view.locator("[aria-posinset='1']")
    expect(first).to_be_in_viewport()
    expect(first).to_contain_text("number 1.")
    expect(first).to_have_attribute("aria-setsize", "5000")
    assert nodes(view) < MAX_NODES
    seen: set[int] = set()
    for part in range(0, 101, 10):
        view.locator("#scroller").evaluate("(s, part) => { s.scrollTop = s.scrollHeight * part / 100 }", part)
        settled(view)
        seen.update(int(card.get_attribute("aria-posinset") or 0) for card in cards(view).all())
        assert nodes(view) < MAX_NODES
    assert min(seen) == 1 and max(seen) == MAX_ENTRIES
    view.keyboard.press("End")
    expect(view.locator("[aria-posinset='5000']")).to_be_in_viewport()
    expect(view.get_by_test_id("latest")).to_be_hidden()


def test_the_oldest_leave_with_a_line_that_says_so(view: Page, fill: Fill, gateway: FakeGateway) -> None:
    fill(MAX_ENTRIES + 2)
    scroll_to(view, 0)
    expect(cards(view).first).to_contain_text("number 3.")
    expect(view.get_by_test_id("gone")).to_have_text(re.compile(r"\(2\).* 5,000 "))
    scroll_to(view, 200_000)
    settled(view)
    utterance, top = reading(view)
    live(gateway, MAX_ENTRIES + 3)
    expect(view.get_by_test_id("fresh")).to_have_text("1 new")
    assert place(view, utterance) == pytest.approx(top, abs=1)
    gateway.only.outcomes[:] = gateway.only.outcomes[100:]  # the server keeps no more either
    view.reload()
    expect(view.get_by_test_id("transcript-count")).to_have_text("4,413")
    scroll_to(view, 0)
    expect(view.get_by_test_id("gone")).to_have_text(re.compile(r"\(100\)"))


def test_nothing_that_comes_moves_what_is_read(view: Page, fill: Fill, gateway: FakeGateway) -> None:
    fill(300)
    scroll_to(view, 9_000)
    settled(view)
    session = gateway.only.name
    changes: list[Callable[[], None]] = [
        lambda: live(gateway, 301),
        lambda: live(gateway, 302, utterance=utterance_id(session, 7), start_sec=0.001),  # spoken first
        lambda: gateway.send({"type": "partial", "utterance": utterance_id(session, 9**9), "text": "So"}),
    ]
    for size, change in enumerate(changes, 301):
        utterance, top = reading(view)
        change()
        expect(cards(view).first).to_have_attribute("aria-setsize", str(size))
        assert place(view, utterance) == pytest.approx(top, abs=1)
    expect(view.get_by_test_id("fresh")).to_have_text("2 new")
    for _ in range(30):  # rows above are measured for the first time: what is read goes down by what was scrolled
        utterance, top = reading(view)
        view.locator("#scroller").evaluate("(scroller) => { scroller.scrollTop -= 150 }")
        settled(view)
        assert place(view, utterance) == pytest.approx(top + 150, abs=1.5)
    utterance, top = reading(view)
    view.locator("#scroller").hover()
    view.mouse.wheel(0, -700)  # a smooth way, which nothing may cut short
    gateway.wait_for(lambda: place(view, utterance) >= top + 699)
    gateway.wait_for(lambda: place(view, utterance) == pytest.approx(top + 700, abs=1.5))
    view.get_by_test_id("latest").click()
    expect(view.locator("[aria-posinset='303']")).to_be_in_viewport()
    expect(view.get_by_test_id("latest")).to_be_hidden()
    live(gateway, 304)
    expect(view.locator("[aria-posinset='304']")).to_be_in_viewport()


def test_a_final_takes_the_place_of_its_partial_without_a_jump(view: Page, gateway: FakeGateway) -> None:
    for number in (1, 2, 4):
        live(gateway, number, seq=number)
    third = utterance_id(gateway.only.name, 3 * 3 * SAMPLE_RATE_HZ)
    card = view.locator(f"[data-utterance='{third}']")
    gateway.send({"type": "partial", "utterance": third, "text": "number"})
    expect(card).to_contain_text("Provisional")
    expect(card).to_contain_text("Still speaking…")
    expect(view.get_by_test_id("captions")).not_to_have_text(re.compile("number$"))
    boxes = [box(card)]
    gateway.send({"type": "accepted", "utterance": third, "start": 144000, "position": 168000})
    expect(card).to_contain_text("Transcribing…")
    expect(card).to_contain_text("Provisional")
    boxes.append(box(card))
    gateway.send({**outcomes(gateway.only.name, 1, first=3)[0], "seq": 5, "language": "de", **result("number three")})
    expect(card).to_have_attribute("data-state", "result")
    expect(card).not_to_contain_text("Provisional")
    boxes.append(box(card))
    assert boxes[0] == boxes[1] == boxes[2]
    expect(view.get_by_test_id("captions")).to_contain_text("number three (Positive)")


def test_a_width_that_changes_keeps_the_place(view: Page, fill: Fill) -> None:
    fill(400)
    scroll_to(view, 12_000)
    settled(view)
    utterance, _ = reading(view)
    view.set_viewport_size({"width": 340, "height": 720})
    settled(view)
    expect(view.locator(f"[data-utterance='{utterance}']")).to_be_in_viewport()
    view.locator("#scroller").evaluate("(s) => { s.scrollTop = 0 }")
    expect(view.locator("[aria-posinset='1']")).to_be_in_viewport()
    view.set_viewport_size({"width": 1100, "height": 500})
    settled(view)
    expect(view.locator("[aria-posinset='1']")).to_be_in_viewport()


def test_at_the_end_a_change_of_size_keeps_the_end(view: Page, fill: Fill) -> None:
    fill(100)
    for width, height in ((340, 720), (1100, 400), (1100, 720)):
        view.set_viewport_size({"width": width, "height": height})
        expect(view.locator("[aria-posinset='100']")).to_be_in_viewport(ratio=0.9)


def test_a_card_opens_by_keyboard_stays_where_it_is_and_shows_where_the_time_went(view: Page, fill: Fill) -> None:
    fill(60)
    scroll_to(view, 1500)
    settled(view)
    toggle = view.locator("[aria-posinset='24']").get_by_test_id("card-toggle")
    toggle.focus()
    before = box(toggle)
    view.keyboard.press("Enter")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    details = view.get_by_test_id("card-details")
    expect(details.get_by_test_id("stages")).to_contain_text("138 ms")
    assert box(toggle) == pytest.approx(before, abs=1)
    scroll_to(view, 100_000)
    expect(view.locator("[aria-posinset='60']")).to_be_in_viewport()
    expect(toggle).to_be_focused()  # its card is kept for the focus, out of sight
    expect(toggle).not_to_be_in_viewport()
    view.keyboard.press("Tab")
    expect(details).to_have_count(0)  # it is no longer needed in the document
    scroll_to(view, 1500)
    expect(details.get_by_test_id("stages")).to_be_visible()  # open as it was left
    view.locator("[aria-posinset='24']").get_by_test_id("card-toggle").click()
    expect(details).to_have_count(0)


def test_what_was_opened_at_the_end_is_read_in_peace(view: Page, fill: Fill, gateway: FakeGateway) -> None:
    fill(40)
    view.locator("[aria-posinset='39']").get_by_test_id("card-toggle").click()
    details = view.get_by_test_id("card-details")
    expect(details).to_be_in_viewport(ratio=1)
    before = box(details)
    live(gateway, 41)
    expect(view.get_by_test_id("fresh")).to_have_text("1 new")
    assert box(details) == pytest.approx(before, abs=1)


def test_a_weak_verdict_says_that_it_is_neutral_for_that(view: Page, gateway: FakeGateway) -> None:
    live(gateway, 1, **result("So so.", "neutral", 0.61))
    expect(cards(view).get_by_test_id("card-sentiment")).to_have_attribute("title", re.compile("61%.*neutral"))
    view.get_by_test_id("card-toggle").click()
    expect(view.get_by_test_id("card-details")).to_contain_text("So weak a verdict counts as neutral.")


def test_doubt_and_gaps_are_marked(view: Page, gateway: FakeGateway) -> None:
    gap = {"start_sec": 1.5, "end_sec": 4.0, "reason": "no_words"}
    live(gateway, 1, **result("So so.", doubtful=True, doubtful_reason="low_confidence", gaps=[gap]))
    doubt, hole = cards(view).get_by_test_id("card-doubtful"), cards(view).get_by_test_id("card-gap")
    expect(doubt).to_have_text("Unsure")
    expect(hole).to_have_text("2.5 s without words")
    view.get_by_test_id("card-toggle").click()
    expect(view.get_by_test_id("card-details")).to_contain_text("unsure of these words")
    expect(view.get_by_test_id("card-details")).to_contain_text("Somebody spoke at")


def kinds(number: int) -> Message:
    """Six utterances of every kind, with texts that make trouble."""
    return [
        result('=HYPERLINK("x") said "hello", twice\nand --> more'),
        result("Das war schön.", language="de", translation="That was nice."),
        {"type": "dropped", "reason": "no_speech", "detail": "probability 0.03"},
        result("It was cold & <b>late</b>.", "negative", 0.97),
        {"type": "error", "code": "gave_up", "message": "It could not be processed."},
        result("좋네요.", language="ko", sentiment=None, sentiment_reason="This model cannot translate."),
    ][number - 1]


def test_every_file_is_valid_and_holds_the_whole_transcript(view: Page, fill: Fill, tmp_path: Path) -> None:
    fill(6, kind=kinds)

    def download(form: str) -> str:
        view.get_by_test_id("download").click()
        with view.expect_download() as caught:
            view.get_by_test_id(f"download-{form}").click()
        name = caught.value.suggested_filename
        assert re.fullmatch(rf"transcript-\d{{4}}-\d\d-\d\d-\d{{4}}\.{form}", name)
        expect(view.get_by_test_id("tools-said")).to_have_text(f"Saved as {name}")
        caught.value.save_as(tmp_path / name)
        return (tmp_path / name).read_bytes().decode("utf-8")

    assert download("vtt") == (
        "WEBVTT\n\n"
        '00:00:00.000 --> 00:00:01.500\n=HYPERLINK("x") said "hello",\ntwice and --&gt; more\n\n'
        "00:00:08.000 --> 00:00:09.500\nDas war schön.\n\n"
        "00:00:24.000 --> 00:00:25.500\nIt was cold &amp; &lt;b&gt;late&lt;/b&gt;.\n\n"
        "00:00:40.000 --> 00:00:41.500\n좋네요.\n\n"
    )
    assert download("srt").startswith(
        '1\n00:00:00,000 --> 00:00:01,500\n=HYPERLINK("x") said "hello",\ntwice and → more\n\n'
        "2\n00:00:08,000 --> 00:00:09,500\nDas war schön.\n\n3\n"
    )
    table = download("csv")
    assert table.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"), newline=""), strict=True))
    assert [row["type"] for row in rows] == ["result", "result", "dropped", "result", "error", "result"]
    assert rows[0]["text"] == '\'=HYPERLINK("x") said "hello", twice\nand --> more'
    assert [row["reason"] for row in rows] == ["", "", "no_speech", "", "gave_up", ""]
    assert [float(row["offset_sec"]) for row in rows] == [0, 8, 16, 24, 32, 40]
    read = json.loads(download("json"))
    assert [each["type"] for each in read["utterances"]] == [row["type"] for row in rows]
    assert read["utterances"][1]["translation"] == "That was nice."
    text = download("txt")
    assert "In English: That was nice." in text
    assert "(Negative, 97%)" in text
    assert "0.03" not in text


def test_files_also_hold_what_is_not_in_the_document(view: Page, fill: Fill) -> None:
    made = fill(400)
    view.get_by_test_id("download").click()
    with view.expect_download() as caught:
        view.get_by_test_id("download-json").click()
    read = json.loads(Path(caught.value.path()).read_text(encoding="utf-8"))
    assert [each["utterance"] for each in read["utterances"]] == [each["utterance"] for each in made]


def test_copy_says_that_it_worked(view: Page, fill: Fill) -> None:
    view.context.grant_permissions(["clipboard-read", "clipboard-write"])
    fill(6, kind=kinds)
    view.get_by_test_id("copy").click()
    expect(view.get_by_test_id("tools-said")).to_have_text("Copied")
    copied = view.evaluate("navigator.clipboard.readText()")
    assert "It was cold & <b>late</b>. (Negative, 97%)" in copied
    expect(view.get_by_test_id("tools-said")).to_have_text("")


@pytest.mark.parametrize(
    ("script", "said"),
    [(NO_CLIPBOARD, "Copied"), (REFUSED_CLIPBOARD, "The browser refused the clipboard. Download it as TXT instead.")],
)
def test_without_a_clipboard_the_old_way_is_taken_and_a_refusal_is_said(
    gateway: FakeGateway, open_page: OpenPage, script: str, said: str
) -> None:
    page = opened(open_page(gateway.url, init_script=script))
    live(gateway, 1)
    page.evaluate("document.addEventListener('copy', () => { window.copied = String(document.activeElement.value) })")
    page.get_by_test_id("copy").click()
    expect(page.get_by_test_id("tools-said")).to_have_text(said)
    assert ("number 1." in page.evaluate("window.copied ?? ''")) == (said == "Copied")
    expect(page.get_by_test_id("copy")).to_be_focused()


def test_with_nothing_to_take_the_tools_say_so(view: Page, gateway: FakeGateway) -> None:
    for name in ("copy", "download", "clear"):
        tool = view.get_by_test_id(name)
        expect(tool).to_have_attribute("aria-disabled", "true")
        expect(tool).to_have_attribute("aria-description", "There is nothing here yet.")
        tool.press("Enter")
        expect(view.get_by_test_id("tools-said")).to_have_text("There is nothing here yet.")
    expect(view.get_by_test_id("download-txt")).to_be_hidden()
    live(gateway, 10)  # a refused one: nothing to read, but something to clear
    expect(view.get_by_test_id("clear")).not_to_have_attribute("aria-disabled", "true")
    expect(view.get_by_test_id("copy")).to_have_attribute("aria-disabled", "true")


def test_a_file_can_be_made_when_the_server_is_gone(view: Page, gateway: FakeGateway, complaints: list[str]) -> None:
    live(gateway, 1)
    expect(view.get_by_test_id("download")).not_to_have_attribute("aria-disabled", "true")
    module = "performance.getEntriesByType('resource').find((one) => one.name.endsWith('/export/index.js'))?.name"
    gateway.wait_for(lambda: bool(view.evaluate(module)))
    view.evaluate(f"import({module}).then(() => true)")  # with all that it imports
    at_rest(view)
    gateway.stop()
    try:
        expect(view.get_by_test_id("connection-state")).not_to_have_attribute("data-state", "open")
        view.get_by_test_id("download").click()
        with view.expect_download() as caught:
            view.get_by_test_id("download-csv").click()
        assert "number 1." in Path(caught.value.path()).read_text(encoding="utf-8")
    finally:
        gateway.start()
    complaints.clear()  # of connections that were refused


def test_the_choice_of_files_is_used_by_keyboard(view: Page, gateway: FakeGateway) -> None:
    live(gateway, 1)
    expect(view.get_by_test_id("download")).not_to_have_attribute("aria-disabled", "true")
    view.get_by_test_id("download").press("Enter")
    expect(view.get_by_test_id("download-txt")).to_be_focused()
    view.keyboard.press("Tab")
    expect(view.get_by_test_id("download-srt")).to_be_focused()
    view.keyboard.press("Escape")
    expect(view.get_by_test_id("download-srt")).to_be_hidden()
    expect(view.get_by_test_id("download")).to_be_focused()


def test_clear_can_be_undone(view: Page, fill: Fill, gateway: FakeGateway) -> None:
    fill(30)
    live(gateway, 31, seq=31)
    expect(cards(view).last).to_contain_text("number 31.")
    pending = utterance_id(gateway.only.name, 32 * 3 * SAMPLE_RATE_HZ)
    gateway.send({"type": "partial", "utterance": pending, "text": "And then"})
    expect(cards(view).last).to_contain_text("And then")
    count = view.get_by_test_id("stat-utterances").inner_text()
    view.get_by_test_id("clear").press("Enter")
    expect(view.get_by_test_id("undo-box")).to_contain_text("Cleared: 31")
    expect(view.get_by_test_id("undo")).to_be_focused()
    expect(cards(view)).to_have_count(1)  # what is being spoken stays
    expect(view.get_by_test_id("stat-utterances")).to_have_text(count)
    live(gateway, 33, seq=32)
    expect(cards(view)).to_have_count(2)
    view.keyboard.press("Enter")
    expect(cards(view).last).to_have_attribute("aria-setsize", "33")
    expect(view.get_by_test_id("undo-box")).to_be_hidden()
    expect(view.get_by_test_id("clear")).to_be_focused()
    view.reload()
    opened(view)
    expect(cards(view).last).to_have_attribute("aria-setsize", "32")


def test_what_was_cleared_stays_away_after_a_reload(view: Page, fill: Fill, gateway: FakeGateway) -> None:
    fill(30)
    expect(view.get_by_test_id("stat-utterances")).to_have_text("27")  # a tenth were no speech
    view.get_by_test_id("clear").click()
    expect(cards(view)).to_have_count(0)
    expect(view.get_by_text("Nothing said yet")).to_be_visible()
    view.reload()
    opened(view)
    live(gateway, 31)
    expect(cards(view)).to_have_count(1)
    expect(cards(view)).to_contain_text("number 31.")
    expect(view.get_by_test_id("gone")).to_be_hidden()
    expect(view.get_by_test_id("stat-utterances")).to_have_text("28")  # the session's, not the list's


def test_the_undo_goes_after_a_while_but_not_from_under_the_keyboard(view: Page, gateway: FakeGateway) -> None:
    view.clock.install()
    live(gateway, 1)
    expect(cards(view)).to_have_count(1)
    view.get_by_test_id("clear").press("Enter")
    undo = view.get_by_test_id("undo")
    expect(undo).to_be_focused()
    view.clock.run_for(30_000)
    expect(undo).to_be_visible()
    view.keyboard.press("Escape")
    expect(undo).to_be_hidden()
    expect(view.get_by_test_id("clear")).to_be_focused()
    live(gateway, 2)
    expect(cards(view)).to_have_count(1)
    view.get_by_test_id("clear").click()
    expect(undo).to_be_visible()
    view.clock.run_for(9_000)
    expect(undo).to_be_visible()
    view.clock.run_for(2_000)
    expect(undo).to_be_hidden()


def test_another_session_follows_what_was_said_before(view: Page, fill: Fill, gateway: FakeGateway) -> None:
    fill(5)
    gateway.send(
        {"type": "accepted", "utterance": utterance_id(gateway.only.name, 9**7), "start": 9**7, "position": 9**8}
    )
    expect(cards(view)).to_have_count(6)
    gateway.sessions["forgotten"] = gateway.sessions.pop(gateway.only.name)
    gateway.close_all()
    gateway.wait_for(lambda: len(gateway.sessions) == 2)
    del gateway.sessions["forgotten"]
    expect(cards(view).nth(5)).to_contain_text("no longer knows this session")
    live(gateway, 1)
    expect(cards(view)).to_have_count(7)
    expect(cards(view).last).to_contain_text("number 1.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_korean_page_on_a_small_phone_fits(gateway: FakeGateway, open_page: OpenPage, scheme: str) -> None:
    page = opened(open_page(gateway.url, viewport={"width": 320, "height": 640}, locale="ko-KR", color_scheme=scheme))
    texts = ["מה שלומך היום? " * 5, "Rindfleischetikettierungsüberwachungsaufgabe" * 3, "좋네요. " * 20]
    for number, text in enumerate(texts, 1):
        live(gateway, number, **result(text, language=["he", "de", "ko"][number - 1], translation="In other words."))
    expect(cards(page)).to_have_count(3)
    expect(cards(page).first.get_by_test_id("card-language")).to_have_text("히브리어")
    expect(cards(page).first.get_by_test_id("card-text")).to_have_css("direction", "rtl")
    for toggle in page.get_by_test_id("card-toggle").all():
        toggle.click()
    page.get_by_test_id("download").click()
    expect(page.get_by_test_id("download-json")).to_be_in_viewport(ratio=1)
    wide = page.evaluate(
        "[...document.querySelectorAll('body, #scroller, .card, .transcript-head, .formats')]"
        ".filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className || e.id || e.tagName)"
    )
    assert wide == []
