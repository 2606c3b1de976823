"""What the page says while a real gateway is full, alone, away, or not willing: in words, with what happens next."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Page, TimeoutError, expect

from contract.keys import loading_key
from contract.queues import ANALYZER_QUEUE, STT_QUEUE
from harness.gateway import GatewayProcess
from harness.processes import free_port, start_redis, wait_until
from runtime.weights.progress import Loading
from tests.browser.conftest import Announce, Complaints, OpenPage, Serve, watch
from tests.browser.test_page_capture import UNPROCESSED
from tests.browser.test_page_states import at_rest, connected, notice, press_start
from tests.support.fake_pipeline import FakePipeline
from tests.support.http_requests import request
from tests.support.raw_client import RawClient

ASKED_AFTER_MS = 5_000  # at first a page asks more often than that (service-watch.js)
SAMPLES = re.compile(r"\d+ samples")  # what FakePipeline says was said


@pytest.fixture
def pipeline(redis_port: int, redis_client: redis.Redis) -> FakePipeline:
    """Ends every utterance as `<n> samples`, from its `with` on."""
    return FakePipeline(redis_port)


ABSENCE = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_CONTENT_LENGTH_MISMATCH")  # killed in an answer, too


def forgive_absence(complaints: Complaints) -> None:
    """A browser complains of what it cannot reach or what breaks off, whatever the page does, and later than it is."""
    complaints.forgiven += ABSENCE


def look_again(page: Page, gateway: GatewayProcess, news: str) -> None:
    """Once /readyz has the news, let the time pass after which a page without models asks for them."""
    wait_until(lambda: news in request(gateway.url, "/readyz").text, 10, f"{news} in /readyz")
    page.clock.fast_forward(ASKED_AFTER_MS)


def expect_each_once(page: Page, count: int) -> None:
    """So many utterances, each with its result, in order."""
    expect(page.get_by_test_id("card-text")).to_have_text([SAMPLES] * count, timeout=30_000)
    cards = page.get_by_test_id("card")
    expect(cards).to_have_count(count)
    names = [card.get_attribute("data-utterance") or "" for card in cards.all()]
    starts = [int(name.rsplit("-", 1)[1]) for name in names]
    assert starts == sorted(set(starts))
    lengths = [int(text.split()[0]) for text in page.get_by_test_id("card-text").all_inner_texts()]
    assert [start + length for start, length in zip(starts, lengths, strict=True)][:-1] == starts[1:], "no gap"


@pytest.mark.usefixtures("workers")
def test_a_server_that_is_killed_is_said_and_all_that_was_spoken_arrives_once_when_it_is_back(
    serve: Serve, pipeline: FakePipeline, open_page: OpenPage, speech_wav: Path, complaints: Complaints
) -> None:
    gateway = serve()
    with pipeline:
        page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
        press_start(page)
        expect(page.get_by_test_id("card-text")).to_have_count(1)
        at_rest(page)
        gateway.service.kill()
        lost = notice(page, "connection")
        expect(lost).to_contain_text("The connection is lost. You can go on speaking")
        note = lost.get_by_test_id("notice-note")
        expect(note).to_have_text(re.compile(r"Next try in \d+ s\. \d+ s of speech are kept here and will be sent\."))
        expect(page.locator("#retry")).to_be_hidden()
        gateway.start()
        with suppress(TimeoutError):  # it may have come back by itself before the press
            lost.get_by_role("button", name="Try now").click(timeout=2_000)
        expect_each_once(page, 3)
        expect(lost).to_have_count(0)
    forgive_absence(complaints)


@pytest.mark.usefixtures("workers")
def test_a_page_without_a_server_says_so_and_connects_by_itself(
    serve: Serve, open_page: OpenPage, complaints: Complaints
) -> None:
    gateway = serve()
    page = open_page(gateway.url, locale="ko-KR")
    connected(page)
    at_rest(page)
    gateway.service.kill()
    lost = notice(page, "connection")
    expect(lost).to_contain_text("연결이 끊어졌습니다")
    expect(lost.get_by_test_id("notice-note")).to_contain_text(re.compile("초 뒤에 다시 시도합니다|지금 시도하는 중"))
    gateway.start()
    connected(page)
    expect(lost).to_have_count(0)
    forgive_absence(complaints)


@pytest.mark.usefixtures("workers")
def test_a_full_queue_is_said_and_what_is_spoken_waits_here_until_there_is_room(
    serve: Serve, pipeline: FakePipeline, open_page: OpenPage, speech_wav: Path
) -> None:
    gateway = serve(QUEUE_MAX="1")
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    press_start(page)
    busy = notice(page, "connection")
    expect(busy).to_contain_text("Too many utterances are waiting on the server")
    expect(busy.get_by_test_id("notice-note")).to_contain_text("s of speech are kept here and will be sent")
    expect(page.get_by_test_id("control-state")).to_contain_text("Reconnecting")
    with pipeline:
        expect_each_once(page, 3)
        expect(busy).to_have_count(0)


@pytest.mark.usefixtures("workers")
def test_recognition_that_is_far_behind_is_said(
    serve: Serve, pipeline: FakePipeline, open_page: OpenPage, speech_wav: Path
) -> None:
    gateway = serve(OUTSTANDING_MAX="1", OUTSTANDING_WAIT_SEC="1")
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    press_start(page)
    expect(notice(page, "connection")).to_contain_text("Speech recognition is far behind")
    with pipeline:
        expect_each_once(page, 3)


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize(
    ("locale", "words"), [("en-US", "All places on the server are taken"), ("ko-KR", "자리가 모두 찼습니다")]
)
def test_a_server_with_no_place_left_is_said_with_the_countdown_and_waited_for(
    serve: Serve, open_page: OpenPage, locale: str, words: str
) -> None:
    gateway = serve(CONNECTIONS_MAX="1")
    with RawClient(gateway.ws_url) as other:
        other.expect("session")
        page = open_page(gateway.url, locale=locale)
        full = notice(page, "connection")
        expect(full).to_contain_text(words)
        expect(full.get_by_test_id("notice-note")).to_have_text(re.compile(r"\d"))
    connected(page)
    expect(full).to_have_count(0)


def test_a_server_without_its_redis_is_said_and_waited_for(open_page: OpenPage, tmp_path: Path) -> None:
    port = free_port()
    gateway = GatewayProcess(port, tmp_path)
    gateway.start()
    try:
        page = open_page(gateway.url)
        expect(notice(page, "connection")).to_contain_text("The server is starting or recovering")
        with start_redis(port, tmp_path):
            connected(page)
            expect(notice(page, "connection")).to_have_count(0)
    finally:
        gateway.service.stop()


def test_models_that_are_still_loading_are_said_until_they_are_there_and_then_named(
    serve: Serve, announce: Announce, open_page: OpenPage
) -> None:
    gateway = serve()
    page = open_page(gateway.url, clock=True)
    loading = notice(page, "service")
    expect(loading).to_contain_text("still loading: speech recognition, sentiment analysis")
    announce(STT_QUEUE, "base")
    look_again(page, gateway, '"base"')
    expect(loading).to_contain_text("still loading: sentiment analysis")
    announce(ANALYZER_QUEUE, "sst2")
    look_again(page, gateway, '"sst2"')
    expect(loading).to_have_text("The server is ready: base, sst2.")
    expect(page.get_by_test_id("stat-speech-model")).to_have_text("base")
    expect(page.get_by_test_id("stat-sentiment-model")).to_have_text("sst2")
    page.clock.fast_forward(8_000)
    expect(loading).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "some", "more", "unknown"),
    [
        ("en-US", "The speech model is being loaded: 45 of 133 MB.", "90 of 133 MB", "loaded: 7 of ? MB"),
        ("ko-KR", "음성 모델을 내려받는 중입니다: 133MB 중 45MB.", "133MB 중 90MB", "?MB 중 7MB"),
    ],
)
def test_a_model_that_is_downloaded_is_said_with_its_megabytes(
    serve: Serve,
    announce: Announce,
    open_page: OpenPage,
    redis_client: redis.Redis,
    locale: str,
    some: str,
    more: str,
    unknown: str,
) -> None:
    def tell(done: int, total: int) -> None:
        told = Loading(part="speech", model="base", done_bytes=done * 1_000_000 + 5, total_bytes=total * 1_000_000)
        redis_client.set(loading_key(STT_QUEUE), told.model_dump_json(), ex=60)

    announce(ANALYZER_QUEUE, "offline")
    tell(45, 133)
    gateway = serve()
    page = open_page(gateway.url, locale=locale, clock=True)
    loading = notice(page, "service")
    expect(loading).to_be_visible()
    look_again(page, gateway, "45000005")
    expect(loading.get_by_test_id("notice-note")).to_have_text(some)
    tell(90, 133)
    look_again(page, gateway, "90000005")
    expect(loading).to_contain_text(more)
    tell(7, 0)
    look_again(page, gateway, "7000005")
    expect(loading).to_contain_text(unknown)
    redis_client.delete(loading_key(STT_QUEUE))
    announce(STT_QUEUE, "base")
    look_again(page, gateway, '"base"')
    expect(loading).to_contain_text("base, offline")


def test_speech_for_models_that_load_is_shown_once_they_are_there(
    serve: Serve, pipeline: FakePipeline, open_page: OpenPage, speech_wav: Path
) -> None:
    page = open_page(serve().url, wav=speech_wav, init_script=UNPROCESSED)
    expect(notice(page, "service")).to_contain_text("You can speak already")
    press_start(page)
    expect(page.get_by_test_id("card")).to_have_count(2)
    with pipeline:
        expect_each_once(page, 3)


def test_workers_that_do_not_come_are_said_to_be_missing(serve: Serve, open_page: OpenPage) -> None:
    gateway = serve()
    page = open_page(gateway.url, locale="ko-KR")
    page.clock.install()
    page.reload()
    missing = notice(page, "service")
    expect(missing).to_contain_text("아직 준비하는 중")
    page.clock.fast_forward(95_000)
    expect(missing).to_contain_text("실행되고 있지 않은 기능이 있습니다: 음성 인식, 감정 분석")


def test_a_worker_that_is_gone_is_noticed_when_an_utterance_waits(
    serve: Serve, announce: Announce, open_page: OpenPage, speech_wav: Path
) -> None:
    gateway = serve()
    heartbeats = [announce(STT_QUEUE, "base"), announce(ANALYZER_QUEUE, "sst2")]
    page = open_page(gateway.url, wav=speech_wav, init_script=UNPROCESSED)
    page.clock.install()
    page.reload()
    press_start(page)
    for heartbeat in heartbeats:
        heartbeat.stop()
    expect(page.get_by_test_id("card")).to_have_count(1)
    expect(notice(page, "service")).to_have_count(0)
    page.clock.fast_forward(16_000)
    expect(notice(page, "service")).to_contain_text("still loading: speech recognition, sentiment analysis")


@pytest.mark.parametrize(
    ("locale", "words", "remedy"),
    [
        ("en-US", "knows about 270 English words", "a Python package index"),
        ("ko-KR", "영어 단어 약 270개", "파이썬 패키지 저장소"),
    ],
)
def test_demo_models_say_what_they_can_and_cannot_do(
    serve: Serve, announce: Announce, open_page: OpenPage, locale: str, words: str, remedy: str
) -> None:
    announce(STT_QUEUE, "demo", demo=True)
    announce(ANALYZER_QUEUE, "demo", demo=True)
    page = open_page(serve().url, locale=locale)
    expect(notice(page, "demo")).to_contain_text(words)
    expect(notice(page, "demo")).to_contain_text(remedy)
    notice(page, "demo").get_by_role("button").click()
    expect(notice(page, "demo")).to_have_count(0)


def test_a_demo_sentiment_model_alone_is_told_apart(serve: Serve, announce: Announce, open_page: OpenPage) -> None:
    announce(STT_QUEUE, "base")
    announce(ANALYZER_QUEUE, "demo", demo=True)
    page = open_page(serve().url)
    expect(notice(page, "demo")).to_contain_text("Demo sentiment model in use")


@pytest.mark.usefixtures("workers")
def test_a_second_tab_takes_the_session_over_and_gives_it_back(
    serve: Serve, open_page: OpenPage, complaints: Complaints
) -> None:
    first = open_page(serve().url)
    connected(first)
    session = first.evaluate("sessionStorage.getItem('wta.session')")
    second = watch(first.context.new_page(), complaints)
    second.add_init_script(f"sessionStorage.setItem('wta.session', '{session}')")
    second.goto(first.url)
    connected(second)
    expect(notice(first, "connection")).to_contain_text("open in another tab or window")
    notice(first, "connection").get_by_role("button", name="Continue here").click()
    connected(first)
    expect(notice(first, "connection")).to_have_count(0)
    expect(notice(second, "connection")).to_contain_text("open in another tab or window")


@pytest.mark.usefixtures("workers")
def test_a_page_that_sends_what_cannot_be_read_stops_and_offers_a_reload(serve: Serve, open_page: OpenPage) -> None:
    faulty = """
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function (data) { send.call(this, data.byteLength ? new Uint8Array(3) : data) };
    """
    page = open_page(serve().url, init_script=faulty)
    press_start(page)
    broken = notice(page, "connection")
    expect(broken).to_contain_text("a fault in the page. Reload it")
    expect(broken.get_by_test_id("notice-note")).to_contain_text("odd_bytes:")
    expect(page.get_by_test_id("start-button")).to_have_text("Start")
    broken.get_by_role("button", name="Reload").click()
    connected(page)


@pytest.mark.usefixtures("workers")
def test_a_page_that_is_no_longer_let_in_says_so_and_leads_to_the_login(
    serve: Serve, open_page: OpenPage, tmp_path: Path, complaints: Complaints
) -> None:
    gateway = serve()
    page = open_page(gateway.url)
    connected(page)
    at_rest(page)
    gateway.service.stop()
    guarded = serve(gateway.port, ACCESS_TOKEN="a-token-of-enough-characters")
    refused = notice(page, "connection")
    expect(refused).to_contain_text("asks for its access token", timeout=30_000)
    assert guarded.service.running
    refused.get_by_role("button", name="Reload").click()
    expect(page.locator("input[type=password]")).to_be_visible()
    complaints.clear()
