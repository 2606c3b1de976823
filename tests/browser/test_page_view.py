"""What the page shows of the server's messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import utterance_id
from tests.browser.conftest import OpenPage, Tell
from tests.browser.fake_gateway import FakeGateway, Message, result

# Pairs of text and background whose contrast is below 4.5 (WCAG 2.2, 1.4.3), as "text: ratio".
LOW_CONTRAST = """() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const luminance = ([r, g, b]) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [x, y, z] = [r, g, b].map((v) => linear(v / 255));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { rgb, a } = parse(getComputedStyle(at).backgroundColor);
      if (a === 1) return rgb;
    }
    return [255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.checkVisibility() || element.closest('noscript, svg, .unseen')) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color).rgb), luminance(background(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(`${node.textContent.trim()}: ${ratio.toFixed(2)}`);
  }
  return low;
}"""

EVERY_KIND: list[Message] = [
    result("I love this.", "positive", 0.998),
    result("It was cold.", "negative", 0.97),
    result("We take the train.", "neutral", 0.61),
    result("Das war schön.", "positive", 0.95, language="de", translation="That was nice."),
    result("좋네요.", language="ko", sentiment=None, sentiment_reason="This model cannot translate."),
    {"type": "dropped", "reason": "no_speech", "detail": "speech probability 0.03 is below 0.50"},
    {"type": "error", "code": "gave_up", "message": "This utterance could not be processed."},
]


@pytest.fixture
def view(gateway: FakeGateway, open_page: OpenPage) -> Page:
    gateway.demo = True
    page = open_page(gateway.url)
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    return page


def test_a_result_shows_text_sentiment_length_and_latency(view: Page, tell: Tell) -> None:
    utterance = tell(result("I love this movie.", "positive", 0.998), 3.0)
    card = view.get_by_test_id("card")
    expect(card).to_have_attribute("data-utterance", utterance)
    expect(card).to_have_attribute("data-zone", "positive")
    expect(card.get_by_test_id("card-text")).to_have_text("I love this movie.")
    expect(card.get_by_test_id("card-sentiment")).to_have_text("Positive99.8%")
    expect(card.get_by_test_id("card-sentiment").locator("svg")).to_be_visible()
    expect(card).to_contain_text("2.0 s")
    expect(card.get_by_test_id("card-latency")).to_have_text("in 0.15 s")
    expect(card.get_by_test_id("card-language")).to_have_text("English")
    expect(view.get_by_test_id("captions")).to_have_text("I love this movie. (Positive)")


def test_text_with_html_in_it_is_shown_as_text(view: Page, tell: Tell) -> None:
    nasty = "<img src=x onerror=alert(1)><b>bold</b> & </script>"
    tell(result(nasty, language="<i>", translation=nasty), 0.0)
    tell({"type": "dropped", "reason": "<u>why</u>", "detail": nasty}, 3.0)
    tell({"type": "error", "code": "x", "message": nasty}, 6.0)
    expect(view.get_by_test_id("card-text")).to_have_text(nasty)
    expect(view.get_by_test_id("card-translation")).to_contain_text(nasty)
    expect(view.get_by_test_id("card-error")).to_have_text(nasty)
    expect(view.get_by_test_id("card-dropped")).to_have_text("Not shown: <u>why</u>")
    for toggle in view.get_by_test_id("card-toggle").all():
        toggle.click()
    expect(view.get_by_test_id("card-details")).to_have_count(3)
    expect(view.get_by_test_id("card-details").nth(1)).to_contain_text(nasty)
    assert view.locator("main img, main b, main u, main script").count() == 0


def test_another_language_has_its_name_its_translation_or_the_reason_for_no_sentiment(view: Page, tell: Tell) -> None:
    tell(EVERY_KIND[3], 0.0)
    tell(EVERY_KIND[4], 3.0)
    expect(view.get_by_test_id("card-text")).to_have_count(2)
    german, korean = view.get_by_test_id("card").all()
    expect(german.get_by_test_id("card-language")).to_have_text("German")
    expect(german.get_by_test_id("card-text")).to_have_attribute("lang", "de")
    expect(german.get_by_test_id("card-translation")).to_have_text("In EnglishThat was nice.")
    expect(korean.get_by_test_id("card-sentiment")).to_have_text("No sentiment")
    expect(korean).to_contain_text("This model cannot translate.")


def test_an_utterance_waits_visibly_and_its_provisional_words_stay_until_it_ends(
    view: Page, tell: Tell, gateway: FakeGateway
) -> None:
    utterance = utterance_id(gateway.only.name, 0)
    gateway.send({"type": "partial", "utterance": utterance, "text": "I love"})
    card = view.get_by_test_id("card")
    expect(card.get_by_test_id("card-partial")).to_have_text("I love")
    expect(card.get_by_test_id("card-settled")).to_have_count(0)
    gateway.send({"type": "partial", "utterance": utterance, "text": "I love 🎬 movies", "settled": 8})
    expect(card.get_by_test_id("card-settled")).to_have_text("I love 🎬")
    expect(card.get_by_test_id("card-partial")).to_have_text("I love 🎬 movies")
    expect(card).to_have_attribute("data-state", "partial")
    expect(card).to_contain_text("I love")
    tell(None, 0.0)
    expect(card).to_have_attribute("data-state", "pending")
    expect(card).to_contain_text("I love")
    tell(result("I love it."), 0.0, accept=False)
    expect(card).to_have_attribute("data-state", "result")
    expect(card.get_by_test_id("card-text")).to_have_text("I love it.")
    tell(None, 5.0)
    expect(view.get_by_test_id("card").nth(1)).to_contain_text("Transcribing…")
    gateway.send({"type": "partial", "utterance": utterance, "text": "late"})
    expect(view.get_by_test_id("card").nth(1)).to_contain_text("Transcribing…")
    expect(card.first).to_contain_text("I love it.")


def test_a_refused_utterance_is_a_line_with_its_reason_in_words(view: Page, tell: Tell) -> None:
    tell(EVERY_KIND[5], 0.0)
    line = view.get_by_test_id("card-dropped")
    expect(line).to_have_text("Not shown: no speech was heard")
    expect(view.get_by_test_id("card")).not_to_contain_text("0.03")
    view.get_by_test_id("card-toggle").press("Enter")
    expect(view.get_by_test_id("card-details")).to_contain_text("speech probability 0.03 is below 0.50")


def test_noise_again_and_again_is_one_line_that_counts_until_somebody_speaks(
    view: Page, tell: Tell, tmp_path: Path
) -> None:
    tell(result("Before."), 0.0)
    for number in range(3):
        silent = {"type": "dropped", "reason": "no_speech", "detail": f"speech probability 0.0{number}"}
        tell(silent, 3.0 + 3.0 * number)
    line = view.get_by_test_id("silence")
    expect(line).to_contain_text("Not shown: no speech was heard, 3 times")
    expect(view.get_by_test_id("card")).to_have_count(1)
    expect(view.get_by_test_id("transcript-count")).to_have_text("1")
    expect(line).not_to_contain_text("0.02")
    line.get_by_role("button", name="Details").press("Enter")
    expect(line.get_by_role("listitem")).to_have_count(3)
    expect(line.get_by_test_id("card-details")).to_contain_text("speech probability 0.02")
    assert view.evaluate(LOW_CONTRAST) == []
    tell(EVERY_KIND[5], 12.0)
    expect(line).to_contain_text("4 times")
    expect(line.get_by_test_id("card-details")).to_contain_text("0.03")  # it stays open
    tell(result("After."), 15.0)
    tell(EVERY_KIND[5], 18.0)
    expect(view.get_by_test_id("card-dropped")).to_have_text("Not shown: no speech was heard")
    expect(line).to_have_count(1)
    expect(view.get_by_test_id("transcript-count")).to_have_text("2")
    view.get_by_test_id("download").click()
    with view.expect_download() as caught:
        view.get_by_test_id("download-json").click()
    caught.value.save_as(tmp_path / "all.json")
    kept = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))["utterances"]
    assert [each["type"] for each in kept] == ["result", *["dropped"] * 4, "result", "dropped"]


def test_the_line_of_noise_stays_where_it_is_read(view: Page, tell: Tell) -> None:
    for number in range(30):
        tell(result(f"number {number}") if number != 15 else EVERY_KIND[5], 3.0 * number)
    expect(view.get_by_test_id("card").last).to_contain_text("number 29")
    waits = tell(None, 46.5)
    card = view.locator(f"[data-utterance='{waits}']")
    card.evaluate(
        "(card) => { card.parentElement.parentElement.scrollTop = 0; card.scrollIntoView({ block: 'start' }) }"
    )
    expect(card).to_be_in_viewport()
    tell(EVERY_KIND[5], 46.5, accept=False)
    expect(view.get_by_test_id("silence")).to_contain_text("2 times")
    expect(view.get_by_test_id("card-text").filter(has_text="number 16")).to_be_in_viewport()


def test_cards_stand_in_the_order_of_speech(view: Page, tell: Tell) -> None:
    for at_sec, text in ((6.0, "third"), (0.0, "first"), (9.0, "fourth"), (3.0, "second")):
        tell(result(text), at_sec)
    expect(view.get_by_test_id("card-text")).to_have_text(["first", "second", "third", "fourth"])


def test_statistics_are_counted_here_until_the_server_counts(view: Page, tell: Tell, gateway: FakeGateway) -> None:
    for number, outcome in enumerate(EVERY_KIND):
        tell(outcome, 3.0 * number)
    expect(view.get_by_test_id("stat-utterances")).to_have_text("6")  # a breath is none
    expect(view.get_by_test_id("stat-positive")).to_have_text("Positive50%")
    expect(view.get_by_test_id("stat-negative")).to_have_text("Negative25%")
    expect(view.get_by_test_id("stat-latency-p50")).to_have_text("0.15 s")
    expect(view.get_by_test_id("stat-dropped")).to_have_text("1")
    expect(view.get_by_test_id("stat-errors")).to_have_text("1")
    block = {
        "utterances": 1200,
        "results": 1100,
        "dropped": 90,
        "errors": 10,
        "words": 12345,
        "audio_sec": 4000.0,
        "words_per_minute": 141.6,
        "sentiment": {"negative": {"count": 1100, "share": 1.0, "mean_score": 0.9}},
        "latency_ms": {"p50": 420.0, "p95": 1310.0},
    }
    gateway.send({"type": "stats", "session": block, "service": {**block, "utterances": 5000}})
    expect(view.get_by_test_id("stat-utterances")).to_have_text("1,110")
    expect(view.get_by_test_id("stat-words")).to_have_text("12,345")
    expect(view.get_by_test_id("stat-wpm")).to_have_text("142")
    expect(view.get_by_test_id("stat-negative")).to_have_text("Negative100%")
    expect(view.get_by_test_id("stat-positive")).to_have_text("Positive0%")
    expect(view.get_by_test_id("stat-latency-p95")).to_have_text("1.3 s")
    expect(view.get_by_test_id("stat-service")).to_have_text("4,910")


def test_demo_models_are_said_plainly_and_only_those(gateway: FakeGateway, view: Page) -> None:
    notice = view.locator("[data-testid=notice][data-kind=demo]")
    expect(notice).to_contain_text("Demo model in use")
    gateway.demo = False
    view.reload()
    expect(view.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    expect(notice).to_have_count(0)


def test_a_fault_of_the_connection_is_shown_and_is_no_card(view: Page, gateway: FakeGateway) -> None:
    gateway.send({"type": "error", "seq": 0, "code": "new_fault", "message": "An even number of bytes, please."})
    gateway.close_all(1007)
    notice = view.locator("[data-testid=notice][data-kind=connection]")
    expect(notice).to_contain_text("new_fault: An even number of bytes, please.")
    expect(view.get_by_test_id("connection-state")).to_have_attribute("data-state", "broken")
    expect(view.get_by_test_id("card")).to_have_count(0)


def test_the_space_bar_starts_and_stops_except_on_a_control(view: Page) -> None:
    button = view.get_by_test_id("start-button")
    view.keyboard.press("Space")
    expect(button).to_have_text("Stop")
    expect(view.get_by_test_id("control-state")).not_to_have_text("Waiting for the microphone…")
    view.keyboard.press("Space")
    expect(button).to_have_text("Start")
    view.locator("summary").focus()
    view.keyboard.press("Space")
    expect(view.get_by_test_id("stat-utterances")).to_be_hidden()
    expect(button).to_have_text("Start")
    button.focus()
    view.keyboard.press("Space")
    expect(button).to_have_text("Stop")


def test_the_list_follows_the_newest_until_the_reader_scrolls_up(view: Page, tell: Tell) -> None:
    for number in range(20):
        tell(result(f"number {number}"), 3.0 * number)
    last = view.get_by_test_id("card-text").last
    expect(last).to_have_text("number 19")
    expect(last).to_be_in_viewport()
    view.locator("#scroller").hover()
    view.mouse.wheel(0, -600)
    expect(last).not_to_be_in_viewport()
    tell(result("number 20"), 60.0)
    expect(view.get_by_test_id("card").first).to_have_attribute("aria-setsize", "21")
    expect(view.get_by_test_id("fresh")).to_have_text("1 new")
    expect(view.get_by_test_id("card-text").last).not_to_be_in_viewport()
    view.get_by_role("button", name="Latest").click()
    expect(view.get_by_test_id("card-text").last).to_be_in_viewport()
    tell(result("number 21"), 63.0)
    expect(view.get_by_test_id("card-text").last).to_have_text("number 21")
    expect(view.get_by_test_id("card-text").last).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_it_fits_and_can_be_read(
    gateway: FakeGateway, open_page: OpenPage, tell: Tell, scheme: str, width: int
) -> None:
    gateway.demo = True
    page = open_page(
        gateway.url, viewport={"width": width, "height": 640}, color_scheme=scheme, reduced_motion="reduce"
    )
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    assert page.evaluate(LOW_CONTRAST) == [], "empty"
    for number, outcome in enumerate([*EVERY_KIND, result("Rindfleischetikettierungsüberwachungsaufgabe" * 4)]):
        tell(outcome, 3.0 * number)
    tell(None, 60.0)
    expect(page.get_by_test_id("card").last).to_have_attribute("aria-posinset", "9")
    said = {"utterance": utterance_id(gateway.only.name, 60 * SAMPLE_RATE_HZ), "text": "I love this", "settled": 6}
    gateway.send({"type": "partial", **said})
    expect(page.get_by_test_id("card-settled")).to_have_text("I love")
    assert page.evaluate(LOW_CONTRAST) == [], "with cards"
    page.get_by_test_id("start-button").click()
    expect(page.get_by_test_id("start-button")).to_have_text("Stop")
    gateway.refusal = ([{"type": "busy", "message": "Too many are waiting.", "retry_after_sec": 60.0}], 1013)
    gateway.close_all()
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "busy")
    assert page.evaluate(LOW_CONTRAST) == [], "busy"
    for selector in ("body", "#scroller", ".top", ".control"):
        overflow = page.evaluate(
            "(s) => { const e = document.querySelector(s); return e.scrollWidth - e.clientWidth }", selector
        )
        assert overflow <= 0, f"{selector} is {overflow} px too wide"
    for locator in (page.get_by_test_id("start-button"), page.get_by_test_id("connection-state")):
        expect(locator).to_be_in_viewport(ratio=1)
