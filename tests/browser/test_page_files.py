"""Files that are dropped on the page or chosen: sent, recognised, shown and saved, and everything that can go wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.conftest import OpenPage, Tell
from tests.browser.fake_files import CUT, FakeFiles, Upload, done, progress, segment
from tests.browser.fake_gateway import FakeGateway, result
from tests.browser.settings_dialog import prefer
from tests.browser.test_page_accessibility import PHONE, WIDE, axe, violations
from tests.browser.test_page_states import at_rest, connected, notice

__all__ = ["axe"]

# Dispatches the events of a drag with these files, as [name, content], on the page.
DRAG = """([types, files]) => {
  const carried = new DataTransfer();
  for (const [name, content] of files) carried.items.add(new File([content], name));
  return types.map((type) => {
    const event = new DragEvent(type, { dataTransfer: carried, bubbles: true, cancelable: true });
    return !document.body.dispatchEvent(event);
  });
}"""


@pytest.fixture
def files(gateway: FakeGateway) -> FakeFiles:
    gateway.files = FakeFiles()
    return gateway.files


@pytest.fixture
def view(gateway: FakeGateway, files: FakeFiles, open_page: OpenPage) -> Page:
    page = open_page(gateway.url, viewport={"width": 1100, "height": 760})
    connected(page)
    return page


def drag(page: Page, *types: str, **content: str) -> list[bool]:
    """Dispatch these events; returns for each whether the browser's own way was prevented."""
    named = [[name.replace("_", "."), text] for name, text in (content or {"a_wav": "x"}).items()]
    return list(page.evaluate(DRAG, [list(types), named]))


def choose(page: Page, *names: str) -> None:
    """Choose files by the picker."""
    payloads: list[Any] = [{"name": name, "mimeType": "audio/wav", "buffer": name.encode()} for name in names]
    if not page.get_by_test_id("files").is_visible():
        page.get_by_test_id("files-open").click()
    page.get_by_test_id("files-input").set_input_files(payloads)


def upload(gateway: FakeGateway, files: FakeFiles, number: int = 1) -> Upload:
    """The upload of this number, once it has come."""
    gateway.wait_for(lambda: len(files.uploads) >= number)
    return files.uploads[number - 1]


def state(page: Page, number: int = 0) -> Locator:
    return page.get_by_test_id("file-state").nth(number)


def forgive(complaints: list[str], *parts: str) -> None:
    """Remove what the browser itself says of requests that were refused or broke."""
    complaints[:] = [text for text in complaints if not any(part in text for part in parts)]


def test_a_dropped_file_becomes_cards_while_it_is_recognised(
    view: Page, gateway: FakeGateway, files: FakeFiles
) -> None:
    assert drag(view, "dragenter", "dragover") == [True, True]
    expect(view.get_by_test_id("files-over")).to_be_visible()
    assert drag(view, "drop", talk_mp3="some sound") == [True]
    expect(view.get_by_test_id("files-over")).to_be_hidden()
    expect(view.locator(".file-name")).to_have_text("talk.mp3")
    got = upload(gateway, files)
    assert (got.name, got.content) == ("talk.mp3", b"some sound")
    asked = {"response_format": "verbose_json", "stream": "true", "progress": "true"}
    told = {"timestamp_granularities[]": "word", "speakers": "true"}
    assert got.fields == {"model": "whisper-1", **told, **asked}
    expect(state(view)).to_have_text("Sent; waits for its turn on the server")
    got.tell(b": keep-alive\n\n", progress(0.0, None, waiting=True), progress(0.0))
    expect(state(view)).to_have_text("0:00 of 1:00 recognised")
    got.tell(segment(0, "I love this movie."), progress(3.0))
    card = view.get_by_test_id("card")
    expect(card).to_have_count(1)
    expect(card.get_by_test_id("card-text")).to_have_text("I love this movie.")
    expect(card.get_by_test_id("card-at")).to_have_text("0:00")
    expect(card.get_by_test_id("card-sentiment")).to_have_text("Positive93%")
    expect(state(view)).to_have_text("0:03 of 1:00 recognised")
    assert view.locator("progress").evaluate("(bar) => bar.value") == pytest.approx(0.05)
    got.tell(segment(1, "Das war schön.", language="de", translation="That was nice."))
    got.tell(segment(2, "좋네요.", None, language="ko", sentiment_reason="This model cannot translate."))
    failed = {"start": 9.5, "end": 11.5, "code": "gave_up", "reason": "why"}
    got.tell(done(failed=(failed,)))
    expect(state(view)).to_have_text("Done")
    expect(view.get_by_test_id("card-translation")).to_have_text("In EnglishThat was nice.")
    expect(card).to_have_count(4)
    expect(card.nth(2)).to_contain_text("This model cannot translate.")
    expect(card.nth(3).get_by_test_id("card-error")).to_contain_text("could not be processed")
    expect(view.get_by_test_id("file-facts")).to_have_text("Segments: 4 · 1:00 · English")
    card.first.get_by_test_id("card-toggle").click()
    expect(view.get_by_test_id("card-details")).to_contain_text("POSITIVE, 93%")


def test_language_and_hints_are_those_of_the_settings(
    gateway: FakeGateway, files: FakeFiles, open_page: OpenPage
) -> None:
    page = open_page(gateway.url, init_script=prefer(spoken_language="ko", hints="Kim Minji, Daejeon"))
    connected(page)
    choose(page, "a.wav")
    asked = upload(gateway, files).fields
    assert (asked["language"], asked["prompt"]) == ("ko", "Kim Minji, Daejeon")


def test_an_event_cut_in_the_middle_of_a_letter_is_read_when_the_rest_comes(
    view: Page, gateway: FakeGateway, files: FakeFiles
) -> None:
    choose(view, "a.wav")
    got = upload(gateway, files)
    raw = b"data: " + json.dumps(segment(0, "좋네요 😀"), ensure_ascii=False).encode() + b"\n\n"
    for byte in range(0, len(raw), 7):
        got.tell(raw[byte : byte + 7])
    expect(view.get_by_test_id("card-text")).to_have_text("좋네요 😀")


def test_names_and_words_are_text(view: Page, gateway: FakeGateway, files: FakeFiles) -> None:
    nasty = "<img src=x onerror=alert(1)><b>.wav"
    choose(view, nasty)
    expect(view.locator(".file-name")).to_have_text(nasty)
    got = upload(gateway, files)
    got.tell(segment(0, nasty, language="<i>", translation=nasty))
    expect(view.get_by_test_id("card-text")).to_have_text(nasty)
    got.tell({"type": "error", "error": {"code": "x", "message": nasty}})
    expect(state(view)).to_have_text("The server could not finish this file.")
    assert view.locator(".files img, .files b, .files i").count() == 0


def test_several_files_one_after_the_other_each_with_its_own_text(
    view: Page, gateway: FakeGateway, files: FakeFiles
) -> None:
    choose(view, "one.wav", "two.wav")
    expect(state(view, 1)).to_have_text("Waits for the file before it")
    first = upload(gateway, files)
    first.tell(segment(0, "of the first"), done())
    second = upload(gateway, files, 2)
    assert second.name == "two.wav"
    second.tell(segment(0, "of the second"), progress(3.0))
    expect(view.locator(".file[data-selected] .file-name")).to_have_text("two.wav")
    shown = view.locator("[data-testid=card-text]:visible")
    expect(shown).to_have_text(["of the second"])
    view.locator(".file-name").first.click()
    expect(shown).to_have_text(["of the first"])
    second.tell(segment(1, "more of the second"), done())
    expect(state(view, 1)).to_have_text("Done")
    expect(shown).to_have_text(["of the first"])
    view.locator(".file-name").nth(1).click()
    expect(shown).to_have_text(["of the second", "more of the second"])


def test_the_list_says_when_it_is_full_and_a_removed_file_makes_room(
    view: Page, gateway: FakeGateway, files: FakeFiles
) -> None:
    choose(view, *(f"{number}.wav" for number in range(22)))
    expect(view.get_by_test_id("files-note")).to_contain_text("No more than 20 files fit")
    expect(view.get_by_test_id("files-note")).to_contain_text("20.wav and 1 more")
    expect(view.get_by_test_id("file")).to_have_count(20)
    upload(gateway, files).tell(done())
    expect(state(view)).to_have_text("Done")
    view.get_by_test_id("file-remove").first.click()
    gateway.wait_for(lambda: files.forgotten == [files.uploads[0].id])
    expect(view.get_by_test_id("files-note")).to_be_empty()
    expect(view.locator(".file-name").first).to_be_focused()
    choose(view, "21.wav")
    expect(view.get_by_test_id("file")).to_have_count(20)
    expect(view.get_by_test_id("files-note")).to_be_empty()


def test_cancelling_ends_the_request_and_the_work_and_keeps_what_is_there(
    view: Page, gateway: FakeGateway, files: FakeFiles
) -> None:
    choose(view, "a.wav")
    got = upload(gateway, files)
    got.tell(segment(0, "kept"), progress(3.0))
    expect(view.get_by_test_id("card-text")).to_have_text("kept")
    view.get_by_test_id("file-cancel").click()
    expect(state(view)).to_have_text("Cancelled")
    gateway.wait_for(lambda: got.gone and files.forgotten == [got.id])
    expect(view.get_by_test_id("card-text")).to_have_text("kept")
    view.get_by_test_id("file-retry").click()
    upload(gateway, files, 2).tell(done())
    expect(state(view)).to_have_text("Done")


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (413, "too_large", "Too large: this server takes files up to 200 MB."),
        (413, "too_long", "Too long for this server: refused: too_long"),
        (415, "not_decodable", "No sound that can be read is in this file."),
        (404, "", "This server does not take files."),
        (400, "bad_value", "The server refused this file: refused: bad_value"),
    ],
)
def test_a_refusal_is_said_in_words(
    view: Page, files: FakeFiles, complaints: list[str], status: int, code: str, words: str
) -> None:
    files.refusals.append((status, code, None))
    choose(view, "a.wav")
    expect(state(view)).to_have_text(words)
    expect(view.get_by_test_id("file-retry")).to_have_count(0)
    expect(view.get_by_test_id("files-said")).to_have_text(f"a.wav: {words}")
    forgive(complaints, f"status of {status}")


def test_a_file_that_is_too_large_is_not_even_sent(gateway: FakeGateway, files: FakeFiles, open_page: OpenPage) -> None:
    files.upload_bytes = 2_048
    page = open_page(gateway.url)
    connected(page)
    drag(page, "drop", large_wav="x" * 2_049)
    expect(state(page)).to_have_text("Too large: this server takes files up to 2 kB.")
    assert files.uploads == []


def test_a_busy_server_is_counted_down_and_asked_again(
    view: Page, gateway: FakeGateway, files: FakeFiles, complaints: list[str]
) -> None:
    files.refusals += [(503, "unavailable", 2), (429, "uploads_full", 600)]
    choose(view, "a.wav")
    expect(state(view)).to_contain_text("The server is busy. Next try in 2 s")
    expect(state(view)).to_contain_text("The server is busy. Next try in 600 s")
    view.get_by_test_id("file-retry").click()
    upload(gateway, files).tell(segment(0, "after all"), done())
    expect(state(view)).to_have_text("Done")
    forgive(complaints, "status of 503", "status of 429")


def test_who_is_not_let_in_is_led_to_the_login(
    view: Page, gateway: FakeGateway, files: FakeFiles, complaints: list[str]
) -> None:
    files.refusals.append((401, "not_allowed", None))
    choose(view, "a.wav")
    expect(state(view)).to_contain_text("asks for its access token")
    expect(view.get_by_role("link", name="Log in a.wav")).to_have_attribute("href", "login")
    view.get_by_test_id("file-retry").click()
    upload(gateway, files).tell(done())
    expect(state(view)).to_have_text("Done")
    expect(view.get_by_test_id("file-detail")).to_contain_text("No speech was found in this file.")
    forgive(complaints, "status of 401")


@pytest.mark.parametrize("how", ["cut", "ended"])
def test_a_lost_connection_is_tried_again_and_nothing_is_shown_twice(
    view: Page, gateway: FakeGateway, files: FakeFiles, complaints: list[str], how: str
) -> None:
    choose(view, "a.wav")
    got = upload(gateway, files)
    got.tell(segment(0, "first"), segment(1, "second"))
    expect(view.get_by_test_id("card")).to_have_count(2)
    got.tell(CUT) if how == "cut" else got.end()
    again = upload(gateway, files, 2)
    assert again.content == got.content
    again.tell(segment(0, "first"), segment(1, "second"), segment(2, "third"), done())
    expect(state(view)).to_have_text("Done")
    expect(view.get_by_test_id("card-text")).to_have_text(["first", "second", "third"])
    forgive(complaints, "ERR_INCOMPLETE_CHUNKED_ENCODING")


def test_where_the_server_has_lost_the_file_its_text_is_made_anew(
    view: Page, gateway: FakeGateway, files: FakeFiles
) -> None:
    choose(view, "a.wav")
    got = upload(gateway, files)
    got.tell(segment(0, "old"), segment(1, "old as well"))
    expect(view.get_by_test_id("card")).to_have_count(2)
    files.salt = b"begun anew"
    got.tell({"type": "error", "error": {"code": "file_lost", "message": "lost"}})
    upload(gateway, files, 2).tell(segment(0, "new"), done())
    expect(state(view)).to_have_text("Done")
    expect(view.get_by_test_id("card-text")).to_have_text(["new"])


def test_a_server_that_is_gone_is_told_and_another_try_offered(
    view: Page, gateway: FakeGateway, files: FakeFiles, complaints: list[str]
) -> None:
    choose(view, "a.wav")
    got = upload(gateway, files)
    got.tell(segment(0, "kept"))
    expect(view.get_by_test_id("card")).to_have_count(1)
    got.end()
    at_rest(view)
    gateway.stop()
    expect(state(view)).to_contain_text("The connection was lost. Next try in 4 s")
    gateway.start()
    view.get_by_test_id("file-retry").click()
    upload(gateway, files, 2).tell(done())
    expect(state(view)).to_have_text("Done")
    forgive(complaints, "ERR_", "WebSocket connection")


@pytest.mark.parametrize(
    ("format", "wanted"),
    [
        ("txt", "[0:03] second (Negative, 93%)\n"),
        ("srt", "00:00:03,500 --> 00:00:05,500\nsecond\n"),
        ("vtt", "00:00:03.500 --> 00:00:05.500\nsecond\n"),
        ("csv", "2,result,,3.5,2,en,second,,negative,0.93,,,0,,,,\r\n"),
        ("json", '"recording": {\n    "name": "my talk.mp3",\n    "duration_sec": 60\n  }'),
    ],
)
def test_the_text_is_saved_in_each_format_with_the_times_of_the_file(
    view: Page, gateway: FakeGateway, files: FakeFiles, format: str, wanted: str
) -> None:
    choose(view, "my talk.mp3")
    upload(gateway, files).tell(segment(0, "first"), segment(1, "second", "negative"), done())
    with view.expect_download() as saved:
        view.get_by_test_id(f"file-{format}").click()
    assert saved.value.suggested_filename == f"my talk.{format}"
    assert wanted in Path(saved.value.path()).read_bytes().decode()


def test_live_speech_goes_on_beside_it(view: Page, gateway: FakeGateway, files: FakeFiles, tell: Tell) -> None:
    choose(view, "a.wav")
    got = upload(gateway, files)
    view.get_by_test_id("start-button").click()
    expect(view.get_by_test_id("start-button")).to_have_text("Stop")
    tell(result("live words"), 0.0)
    got.tell(segment(0, "file words"), progress(3.0))
    expect(view.locator("[data-testid=card-text]:visible")).to_have_text(["file words"])
    expect(view.get_by_test_id("stat-utterances")).to_have_text("1")
    view.get_by_test_id("files-back").click()
    expect(view.get_by_test_id("files-open")).to_be_focused()
    expect(view.locator("[data-testid=card-text]:visible").first).to_have_text("live words")
    expect(view.get_by_test_id("files-open")).to_have_text("Files1")
    got.tell(segment(1, "more"), done())
    view.get_by_test_id("files-open").click()
    expect(view.locator("[data-testid=card-text]:visible")).to_have_text(["file words", "more"])
    expect(view.get_by_test_id("start-button")).to_have_text("Stop")
    view.get_by_test_id("start-button").click()


def test_by_keyboard_alone(view: Page, gateway: FakeGateway, files: FakeFiles) -> None:
    view.on(
        "filechooser", lambda _: None
    )  # from now on the browser tells of them: told with the key press, it may miss it
    view.get_by_test_id("files-open").focus()
    view.keyboard.press("Enter")
    expect(view.get_by_test_id("files-choose")).to_be_focused()
    sound: FilePayload = {"name": "a.wav", "mimeType": "audio/wav", "buffer": b"x"}
    with view.expect_file_chooser() as chooser:
        view.keyboard.press("Enter")
    chooser.value.set_files(sound)
    upload(gateway, files).tell(segment(0, "first"))
    expect(view.get_by_test_id("card")).to_have_count(1)
    view.get_by_test_id("files-add").focus()
    order = []
    for _ in range(6):
        view.keyboard.press("Tab")
        order.append(view.evaluate("document.activeElement.dataset.testid ?? document.activeElement.className"))
    assert order == ["files-back", "file-name", "file-cancel", "scroller", "listen", "card-toggle"]
    view.get_by_test_id("file-cancel").focus()
    view.keyboard.press("Enter")
    expect(view.get_by_test_id("file-retry")).to_be_focused()
    view.keyboard.press("Tab")
    view.keyboard.press("Enter")
    expect(view.get_by_test_id("files-choose")).to_be_focused()
    view.keyboard.press("Escape")
    expect(view.get_by_test_id("files-open")).to_be_focused()


def test_a_server_that_takes_none_has_no_button_and_says_so(gateway: FakeGateway, open_page: OpenPage) -> None:
    page = open_page(gateway.url)
    connected(page)
    expect(page.get_by_test_id("files-open")).to_be_hidden()
    expect(page.locator("#files-hint")).to_be_hidden()
    assert drag(page, "dragenter", "dragover", "drop") == [True, True, True]
    expect(notice(page, "files")).to_contain_text("This server does not take files.")
    assert page.get_by_test_id("files").count() == 0


def test_nothing_of_it_is_fetched_before_it_is_used(view: Page) -> None:
    fetched = "performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname)"
    before = [name for name in view.evaluate(fetched) if "/file" in name]
    assert before == ["/static/js/files/button.js"]
    view.get_by_test_id("files-open").click()
    expect(view.get_by_test_id("files")).to_be_visible()
    assert "/static/css/files.css" in view.evaluate(fetched)


def test_leaving_the_page_while_a_file_is_on_its_way_is_asked_about(
    view: Page, gateway: FakeGateway, files: FakeFiles
) -> None:
    choose(view, "a.wav")
    got = upload(gateway, files)
    view.get_by_test_id("files-back").click()  # browsers ask only where something was pressed
    with view.expect_event("dialog") as asked:
        view.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    view.get_by_test_id("files-open").click()
    got.tell(done())
    expect(state(view)).to_have_text("Done")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_in_it(
    gateway: FakeGateway,
    files: FakeFiles,
    open_page: OpenPage,
    axe: str,
    complaints: list[str],
    language: str,
    scheme: str,
    size: dict[str, int],
) -> None:
    page = open_page(
        gateway.url, locale={"en": "en-US", "ko": "ko-KR"}[language], color_scheme=scheme, viewport=size,
        reduced_motion="reduce",
    )  # fmt: skip
    connected(page)
    page.get_by_test_id("files-open").click()
    expect(page.get_by_test_id("files-choose")).to_be_visible()
    assert violations(page, axe) == [], "empty"
    drag(page, "dragenter")
    expect(page.get_by_test_id("files-over")).to_be_visible()
    drag(page, "dragleave")
    files.refusals.append((415, "not_decodable", None))
    choose(page, "broken.wav", *(f"{number}.wav" for number in range(1, 21)))
    got = upload(gateway, files)
    got.tell(progress(0.0), segment(0, "I love this."), segment(1, "It was cold.", "negative"), progress(6.0))
    expect(page.locator("[data-testid=card]:visible")).to_have_count(2)
    moving = "document.getAnimations().filter((a) => a.playState === 'running').length"
    assert page.evaluate(moving) == 0
    assert violations(page, axe) == [], "a file is recognised, one was refused, others wait, the list is full"
    files.refusals.append((503, "unavailable", 60))
    got.tell(done())
    expect(page.locator(".file[data-state=retrying]")).to_have_count(1)
    page.locator(".file-name").nth(1).click()
    expect(page.get_by_test_id("file-copy").locator("visible=true")).to_be_visible()
    assert violations(page, axe) == [], "a file is done, the next waits for a busy server"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    forgive(complaints, "status of 415", "status of 503")
