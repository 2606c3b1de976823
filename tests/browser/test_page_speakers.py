"""Who speaks: chips, names, a row for each part, the filter, statistics by speaker, and what a reload brings back."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from contract.audio import SAMPLE_RATE_HZ
from contract.ids import utterance_id
from tests.browser.conftest import OpenPage
from tests.browser.fake_gateway import FakeGateway, result
from tests.browser.fake_speakers import speaker, turns
from tests.browser.settings_dialog import open_settings, prefer
from tests.browser.test_page_accessibility import LOCALES, PHONE, WIDE, axe, violations
from tests.browser.test_page_states import connected, notice
from tests.browser.test_page_transcript import reading, scroll_to, settled

__all__ = ["axe"]

GOOD, BAD = "I love this plan.", "No, it is awful!"


@pytest.fixture
def view(gateway: FakeGateway, open_page: OpenPage) -> Page:
    page = open_page(gateway.url, viewport={"width": 1280, "height": 860})
    connected(page)
    return page


def sentences(*told: tuple[str, str]) -> list[dict[str, Any]]:
    """Sentences, each with its zone."""
    return [{"text": text, "sentiment": result(text, zone)["sentiment"]} for text, zone in told]


def say(gateway: FakeGateway, number: int, text: str, zone: str = "positive", **more: Any) -> str:
    """A result, three seconds each, which a reloaded page gets again; returns the utterance's id."""
    session = gateway.only
    utterance = utterance_id(session.name, 3 * number * SAMPLE_RATE_HZ)
    place = {"seq": len(session.outcomes) + 1, "utterance": utterance, "start_sec": 3.0 * number, "duration_sec": 2.0}
    session.outcomes.append({**place, "timings_ms": {"speech": 140.0}, **result(text, zone, **more)})
    gateway.send(session.outcomes[-1])
    return utterance


def spoken(gateway: FakeGateway, number: int, who: int | None, text: str, zone: str = "positive") -> str:
    """A result, and then who spoke it."""
    utterance = say(gateway, number, text, zone)
    gateway.tell("turns", utterance=utterance, turns=turns(text, 3.0 * number, 2.0, (who, text)))
    return utterance


def talk(gateway: FakeGateway) -> None:
    """Four utterances: of the first speaker, of both, of the second, of nobody knows whom."""
    spoken(gateway, 0, 1, "Good morning to you.")
    both = say(gateway, 1, f"{GOOD} {BAD}", "neutral", sentences=sentences((GOOD, "positive"), (BAD, "negative")))
    gateway.tell("turns", utterance=both, turns=turns(f"{GOOD} {BAD}", 3.0, 2.0, (1, GOOD), (2, BAD)))
    spoken(gateway, 2, 2, "We take the train.", "neutral")
    spoken(gateway, 3, None, "Yes.", "neutral")
    gateway.tell("speakers", speakers=[speaker(1), speaker(2)])


def card(page: Page, number: int) -> Locator:
    return page.get_by_test_id("card").nth(number)


def names(page: Page) -> list[str]:
    """Of all chips, in order."""
    return page.locator("#cards [data-testid=speaker] .speaker-name").all_inner_texts()


def choice(page: Page, name: str) -> Locator:
    """The speaker's button in the filter."""
    return page.get_by_test_id("speaker-choice").filter(has_text=name)


def rename(page: Page, chip: Locator, name: str) -> None:
    """By keyboard."""
    chip.press("Enter")
    editor = page.get_by_test_id("speaker-edit")
    expect(editor).to_be_focused()
    editor.fill(name)
    page.keyboard.press("Enter")


def test_each_line_gets_its_speaker_a_moment_after_its_text(view: Page, gateway: FakeGateway) -> None:
    assert gateway.openings[-1]["speakers"] == "1"
    assert gateway.openings[-1]["speakers_after"] == "0"
    utterance = say(gateway, 0, "Good morning to you.")
    expect(card(view, 0).get_by_test_id("card-text")).to_have_text("Good morning to you.")
    expect(view.get_by_test_id("speaker")).to_have_count(0)
    said = view.get_by_test_id("captions").inner_text()
    gateway.tell(
        "turns", utterance=utterance, turns=turns("Good morning to you.", 0.0, 2.0, (1, "Good morning to you."))
    )
    chip = view.get_by_role("button", name="Speaker 1", exact=True)
    expect(chip).to_be_visible()
    expect(chip.locator(".speaker-mark")).to_have_text("1")
    assert view.get_by_test_id("captions").inner_text() == said, "the line is not read aloud again"
    spoken(gateway, 1, None, "Yes.")
    unknown = card(view, 1).get_by_test_id("speaker")
    expect(unknown).to_have_text(re.compile("Speaker \\?$"))
    expect(unknown).to_have_attribute("title", re.compile("cannot be told who"))
    card(view, 1).get_by_test_id("card-toggle").click()
    expect(card(view, 1).get_by_test_id("card-details")).to_contain_text("cannot be told who")


def test_turns_that_come_before_their_text_wait_for_it(view: Page, gateway: FakeGateway) -> None:
    utterance = utterance_id(gateway.only.name, 0)
    gateway.tell("turns", utterance=utterance, turns=turns("Hello there.", 0.0, 2.0, (1, "Hello there.")))
    say(gateway, 0, "Hello there.")
    expect(card(view, 0).get_by_test_id("speaker")).to_contain_text("Speaker 1")
    spoken(gateway, 1, None, "Yes.")
    expect(card(view, 1).get_by_test_id("speaker")).to_contain_text("Speaker ?")
    later = utterance_id(gateway.only.name, 3 * SAMPLE_RATE_HZ)
    gateway.tell("turns", utterance=later, turns=turns("Yes.", 3.0, 2.0, (1, "Yes.")))
    expect(card(view, 1).get_by_test_id("speaker")).to_contain_text("Speaker 1")


def test_several_speakers_in_one_utterance_have_a_row_each(view: Page, gateway: FakeGateway) -> None:
    talk(gateway)
    rows = card(view, 1).get_by_test_id("card-part")
    expect(rows).to_have_count(2)
    expect(rows.get_by_test_id("part-text")).to_have_text([GOOD, BAD])
    expect(rows.get_by_test_id("speaker")).to_contain_text(["Speaker 1", "Speaker 2"])
    expect(rows.get_by_test_id("part-sentiment")).to_have_text(["Positive93%", "Negative93%"])
    expect(card(view, 1).get_by_test_id("card-text")).to_have_count(0)
    expect(card(view, 0).get_by_test_id("card-part")).to_have_count(0)


def test_a_name_is_given_by_keyboard_and_stands_on_all_lines_and_after_a_reload(
    view: Page, gateway: FakeGateway
) -> None:
    talk(gateway)
    expect(card(view, 2).get_by_test_id("speaker")).to_contain_text("Speaker 2")
    rename(view, card(view, 2).get_by_test_id("speaker"), " Anna\tKim ")
    expect(card(view, 2).get_by_test_id("speaker")).to_be_focused()
    expect(card(view, 2).get_by_test_id("speaker")).to_contain_text("Anna Kim")
    expect(card(view, 1).get_by_test_id("speaker").nth(1)).to_contain_text("Anna Kim")
    expect(card(view, 2).locator(".speaker-mark")).to_have_text("AK")
    expect(choice(view, "Anna Kim")).to_be_visible()
    assert names(view) == ["Speaker 1", "Speaker 1", "Anna Kim", "Anna Kim", "Speaker ?"]
    assert gateway.only.speakers.speakers == [speaker(1), speaker(2, "Anna Kim")]
    view.reload()
    expect(view.get_by_test_id("speaker")).to_have_count(5)
    assert names(view) == ["Speaker 1", "Speaker 1", "Anna Kim", "Anna Kim", "Speaker ?"]
    rename(view, card(view, 2).get_by_test_id("speaker"), "")
    expect(card(view, 2).get_by_test_id("speaker")).to_contain_text("Speaker 2")


def test_escape_leaves_the_name_and_a_card_that_changes_meanwhile_leaves_the_editor(
    view: Page, gateway: FakeGateway
) -> None:
    talk(gateway)
    chip = card(view, 2).get_by_test_id("speaker")
    chip.click()
    editor = view.get_by_test_id("speaker-edit")
    expect(editor).to_be_focused()
    expect(editor).to_have_attribute("aria-label", "Name of Speaker 2")
    view.keyboard.type("Be")
    gateway.tell("speakers", speakers=[speaker(1, "Bob"), speaker(2)])
    expect(card(view, 0).get_by_test_id("speaker")).to_contain_text("Bob")
    expect(editor).to_be_focused()
    view.keyboard.type("a")
    expect(editor).to_have_value("Bea")
    view.keyboard.press("Escape")
    expect(chip).to_be_focused()
    expect(chip).to_contain_text("Speaker 2")
    assert gateway.only.speakers.speakers == [speaker(1, "Bob"), speaker(2)]
    expect(view.get_by_test_id("start-button")).to_have_text("Start")


def test_leaving_the_line_keeps_the_name(view: Page, gateway: FakeGateway) -> None:
    talk(gateway)
    card(view, 0).get_by_test_id("speaker").click()
    view.get_by_test_id("speaker-edit").fill("Bob")
    view.get_by_test_id("transcript-count").click()
    expect(card(view, 0).get_by_test_id("speaker")).to_contain_text("Bob")


@pytest.mark.parametrize(
    ("status", "words"), [(503, "cannot be reached"), (404, "no longer knows"), (400, "did not take")]
)
def test_a_name_that_is_not_taken_is_said_so(
    view: Page, gateway: FakeGateway, complaints: list[str], status: int, words: str
) -> None:
    talk(gateway)
    gateway.speakers_refusal = status
    rename(view, card(view, 0).get_by_test_id("speaker"), "Bob")
    expect(notice(view, "speakers")).to_contain_text(words)
    expect(card(view, 0).get_by_test_id("speaker")).to_contain_text("Speaker 1")
    complaints[:] = [text for text in complaints if f"status of {status}" not in text]
    gateway.speakers_refusal = None
    rename(view, card(view, 0).get_by_test_id("speaker"), "Bob")
    expect(card(view, 0).get_by_test_id("speaker")).to_contain_text("Bob")
    expect(notice(view, "speakers")).to_have_count(0)


def test_two_that_are_found_to_be_one_become_one_everywhere(view: Page, gateway: FakeGateway) -> None:
    talk(gateway)
    expect(view.get_by_test_id("stat-speaker")).to_have_count(3)
    choice(view, "Speaker 2").click()
    expect(view.get_by_test_id("card")).to_have_count(2)
    gateway.tell("speakers", speakers=[speaker(1, "Anna"), speaker(2, same_as=1)])
    expect(view.get_by_test_id("card")).to_have_count(4)  # the speaker who was filtered by is no more
    expect(card(view, 1).get_by_test_id("card-text")).to_have_text(f"{GOOD} {BAD}")
    expect(view.get_by_test_id("stat-speaker")).to_have_count(2)
    assert names(view) == ["Anna", "Anna", "Anna", "Speaker ?"]
    expect(choice(view, "Speaker 2")).to_have_count(0)


def test_late_turns_do_not_move_what_is_read(view: Page, gateway: FakeGateway) -> None:
    ids = [say(gateway, number, f"number {number}. {BAD} {GOOD}") for number in range(40)]
    expect(view.get_by_test_id("card").last).to_contain_text("number 39")
    scroll_to(view, 1500)
    settled(view)
    utterance, top = reading(view)
    place = view.locator(f"[data-utterance='{utterance}']")
    for number, one in enumerate(ids):
        text = f"number {number}. {BAD} {GOOD}"
        gateway.tell(
            "turns", utterance=one, turns=turns(text, 3.0 * number, 2.0, (1, f"number {number}. {BAD}"), (2, GOOD))
        )
    expect(place.get_by_test_id("card-part")).to_have_count(2)
    expect(view.get_by_test_id("speaker-bar")).to_be_visible()
    settled(view)
    box = place.bounding_box()
    assert box is not None and abs(box["y"] - top) < 2


def test_the_filter_shows_one_speaker_by_keyboard_and_says_how_many(view: Page, gateway: FakeGateway) -> None:
    spoken(gateway, 0, 1, "Only one so far.")
    expect(view.get_by_test_id("speaker")).to_have_count(1)
    expect(view.get_by_test_id("speaker-bar")).to_be_hidden()
    for number in range(1, 60):
        spoken(gateway, number, 1 + number % 3, f"number {number}.")
    expect(view.get_by_test_id("speaker-choice")).to_have_count(4)
    choice(view, "Speaker 2").press("Enter")
    expect(view.get_by_test_id("speaker-count")).to_have_text("20 of 60")
    expect(view.get_by_test_id("speaker-said")).to_have_text("Utterances of Speaker 2: 20 of 60")
    expect(choice(view, "Speaker 2")).to_be_focused()
    expect(choice(view, "Speaker 2")).to_have_attribute("aria-pressed", "true")
    expect(view.get_by_test_id("card").last).to_have_attribute("aria-setsize", "20")
    assert set(names(view)) == {"Speaker 2"}
    spoken(gateway, 60, 2, "One more.")
    expect(view.get_by_test_id("card").last).to_contain_text("One more.")
    spoken(gateway, 61, 1, "Not this one.")
    expect(view.get_by_test_id("speaker-count")).to_have_text("21 of 62")
    expect(view.get_by_test_id("card").last).to_contain_text("One more.")
    choice(view, "All").press("Enter")
    expect(view.get_by_test_id("card").last).to_have_attribute("aria-setsize", "62")
    expect(view.get_by_test_id("speaker-count")).to_be_empty()


def table(page: Page) -> list[list[str]]:
    """The lines of the statistics by speaker."""
    rows: list[list[str]] = (
        page.get_by_test_id("stat-speakers")
        .locator("tbody")
        .evaluate(
            "(body) => [...body.rows].map((row) => [row.querySelector('.speaker-name').textContent,"
            " ...[...row.cells].slice(1).map((cell) => cell.textContent)])"
        )
    )
    return rows


def test_statistics_by_speaker_are_there_after_a_reload_too(view: Page, gateway: FakeGateway) -> None:
    talk(gateway)
    gateway.tell("speakers", speakers=[speaker(1, "Anna"), speaker(2)])
    wanted = [
        ["Anna", "8", "38%", "2", "0", "0"],
        ["Speaker 2", "8", "37%", "0", "1", "1"],
        ["Speaker ?", "1", "25%", "0", "1", "0"],
    ]
    expect(view.get_by_test_id("stat-speaker").first).to_contain_text("Anna")
    expect(view.get_by_test_id("stat-speaker")).to_have_count(3)
    gateway.wait_for(lambda: table(view) == wanted)
    view.reload()
    expect(view.get_by_test_id("stat-speaker")).to_have_count(3)
    gateway.wait_for(lambda: table(view) == wanted)
    view.get_by_test_id("clear").click()
    expect(view.get_by_test_id("card")).to_have_count(0)
    assert table(view) == wanted, "the session's, not the list's"
    view.get_by_test_id("trend-whose").select_option(label="Speaker 2")
    expect(view.get_by_test_id("trend-said")).to_contain_text("Mean of 2:")
    view.get_by_test_id("trend-values").locator("summary").click()
    rows = view.get_by_test_id("trend-values").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(view.get_by_test_id("trend-values").locator("thead th").last).to_have_text("Speaker")
    expect(rows.last.locator("td").last).to_have_text("Speaker 2")
    view.get_by_test_id("trend-whose").select_option(label="Everybody")
    expect(rows).to_have_count(5)
    expect(rows.first.locator("td").last).to_have_text("Anna")


def test_files_name_who_speaks(view: Page, gateway: FakeGateway) -> None:
    talk(gateway)
    gateway.tell("speakers", speakers=[speaker(1, "Anna"), speaker(2)])
    expect(card(view, 0).get_by_test_id("speaker")).to_contain_text("Anna")

    def saved(kind: str) -> str:
        view.get_by_test_id("download").click()
        with view.expect_download() as caught:
            view.get_by_test_id(f"download-{kind}").click()
        return Path(caught.value.path()).read_text(encoding="utf-8")

    lines = [line.split("] ", 1)[1] for line in saved("txt").splitlines() if line.startswith("[")]
    assert lines == [
        "Anna: Good morning to you. (Positive, 93%)",
        f"Anna: {GOOD} (Positive, 93%)",
        f"Speaker 2: {BAD} (Negative, 93%)",
        "Speaker 2: We take the train. (Neutral, 93%)",
        "Speaker ?: Yes. (Neutral, 93%)",
    ]
    rows = list(csv.DictReader(io.StringIO(saved("csv").lstrip("\ufeff"))))
    assert [(row["number"], row["speaker"], row["speaker_name"]) for row in rows] == [
        ("1", "1", "Anna"), ("2", "1", "Anna"), ("2", "2", "Speaker 2"), ("3", "2", "Speaker 2"),
        ("4", "", "Speaker ?"),
    ]  # fmt: skip
    utterances = json.loads(saved("json"))["utterances"]
    assert [(one["speaker"], one["speaker_name"]) for one in utterances] == [
        (1, "Anna"), (None, None), (2, "Speaker 2"), (None, "Speaker ?"),
    ]  # fmt: skip
    assert [(one["speaker"], one["text"]) for one in utterances[1]["parts"]] == [(1, GOOD), (2, BAD)]
    assert re.findall(r"<v ([^>]+)>(.+)", saved("vtt")) == [
        ("Anna", "Good morning to you."), ("Anna", GOOD), ("Speaker 2", BAD), ("Speaker 2", "We take the train."),
        ("Speaker ?", "Yes."),
    ]  # fmt: skip
    assert re.findall(r"^(.+?): (.+)$", re.sub(r".+-->.+", "", saved("srt")), re.M)[:2] == [
        ("Anna", "Good morning to you."), ("Speaker 2", BAD),
    ]  # fmt: skip


def test_another_session_has_speakers_of_its_own(view: Page, gateway: FakeGateway) -> None:
    talk(gateway)
    gateway.tell("speakers", speakers=[speaker(1, "Anna"), speaker(2)])
    expect(card(view, 0).get_by_test_id("speaker")).to_contain_text("Anna")
    gateway.sessions.clear()
    gateway.close_all()
    view.reload()
    connected(view)
    spoken(gateway, 0, 1, "Somebody else.")
    expect(card(view, 0).get_by_test_id("speaker")).to_contain_text("Speaker 1")


def test_the_setting_is_told_and_voices_are_forgotten(
    gateway: FakeGateway, open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page(gateway.url, init_script=prefer(speakers=False))
    connected(page)
    assert "speakers" not in gateway.openings[-1] and "speakers_after" not in gateway.openings[-1]
    dialog = open_settings(page)
    dialog.get_by_label("Tell speakers apart").check()
    gateway.wait_for(lambda: gateway.openings[-1].get("speakers") == "1")
    expect(dialog).to_contain_text("voice print")
    expect(dialog).to_contain_text("several talk at once")
    said = dialog.get_by_test_id("forget-said")
    dialog.get_by_test_id("forget-voices").click()
    expect(said).to_contain_text("are deleted")
    assert gateway.only.speakers.forgotten == 1
    gateway.speakers_refusal = 503
    dialog.get_by_test_id("forget-voices").click()
    expect(said).to_contain_text("nothing was deleted")
    complaints[:] = [text for text in complaints if "status of 503" not in text]


def test_nothing_of_speakers_is_fetched_before_the_first(view: Page, gateway: FakeGateway) -> None:
    view.wait_for_timeout(1_500)  # what is fetched at leisure has come
    fetched = (
        "() => performance.getEntriesByType('resource').map((one) => one.name).filter((name) => /speakers/.test(name))"
    )
    before = [name.rsplit("/", 1)[1] for name in view.evaluate(fetched)]
    assert "room.js" not in before and "cards.js" not in before and "speakers.css" not in before
    talk(gateway)
    expect(view.get_by_test_id("speaker")).to_have_count(5)
    assert any(name.endswith("/room.js") for name in view.evaluate(fetched))


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    gateway: FakeGateway, open_page: OpenPage, axe: str, language: str, scheme: str, size: dict[str, int]
) -> None:
    page = open_page(gateway.url, locale=LOCALES[language], color_scheme=scheme, viewport=size, reduced_motion="reduce")
    connected(page)
    talk(gateway)
    for number in range(4, 13):
        spoken(gateway, number, number - 2, f"number {number}. " * 9)
    long = speaker(3, "Donaudampfschifffahrtsgesellschaftskapitänswitwenverein am See")
    gateway.tell("speakers", speakers=[speaker(1, "Anna Kim"), speaker(2), long])
    if page.locator(".stats:not([open])").count():
        page.locator(".stats > summary").click()
    expect(page.get_by_test_id("stat-speaker")).to_have_count(11)
    expect(page.get_by_test_id("stat-speaker").nth(2)).to_contain_text("Donau")
    expect(page.get_by_test_id("speaker-bar")).to_be_visible()
    assert violations(page, axe) == []
    wide = page.evaluate(
        "[...document.querySelectorAll('body, #scroller, .card, .stats-body, .speaker-bar, .transcript')]"
        ".filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className || e.id || e.tagName)"
    )
    assert wide == []
    page.get_by_test_id("speaker").last.click()
    expect(page.get_by_test_id("speaker-edit")).to_be_focused()
    assert violations(page, axe) == [], "with the line for a name"
