"""An utterance of several sentences shows how each felt; a splinter says why it is neutral."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.fake_gateway import FakeGateway, Message, result
from tests.browser.test_page_statistics import replay, table_rows

LOVE, HATE, WELL = "I love this movie.", "I hate the seats.", "Well."


def felt(zone: str, score: float, neutral_reason: str | None = None) -> dict[str, Any]:
    positive = score if zone == "positive" else 1 - score
    scores = {"POSITIVE": positive, "NEGATIVE": 1 - positive}
    return {"label": "POSITIVE", "score": score, "scores": scores, "zone": zone, "neutral_reason": neutral_reason}


def of_sentences(*sentences: tuple[str, dict[str, Any]], **more: Any) -> Message:
    message = result(" ".join(text for text, _ in sentences), **more)
    message["sentences"] = [{"text": text, "sentiment": sentiment} for text, sentiment in sentences]
    return message


SEVERAL = of_sentences(
    (LOVE, felt("positive", 0.98)), (HATE, felt("negative", 0.9)), (WELL, felt("neutral", 0.97, "too_short"))
)
SPLINTER = {
    **of_sentences(("is not.", felt("neutral", 0.96, "too_short"))),
    "sentiment": felt("neutral", 0.96, "too_short"),
}


@pytest.fixture
def told(gateway: FakeGateway, open_page: OpenPage) -> Callable[..., Page]:
    def show(*messages: Message, **context: Any) -> Page:
        page = open_page(gateway.url, **context)
        replay(gateway, page, list(messages))
        return page

    return show


def test_each_sentence_has_a_mark_with_its_sentiment(told: Callable[..., Page]) -> None:
    page = told(SEVERAL)
    text = page.get_by_test_id("card-text")
    expect(text).to_have_text(f"{LOVE} {HATE} {WELL}")
    marks = text.get_by_role("img")
    assert [mark.get_attribute("aria-label") for mark in marks.all()] == [
        "Positive, 98%",
        "Negative, 90%",
        "Neutral, Too short to tell",
    ]
    expect(page.get_by_test_id("card-sentiment")).to_contain_text("Positive")
    expect(page.get_by_test_id("card-neutral")).to_have_count(0)
    page.get_by_test_id("card-toggle").click()
    expect(page.get_by_test_id("card-details")).to_contain_text(f"“{HATE}”: Negative, 90%")


def test_a_splinter_says_why_it_is_neutral(told: Callable[..., Page]) -> None:
    page = told(SPLINTER)
    expect(page.get_by_test_id("card")).to_have_attribute("data-zone", "neutral")
    expect(page.get_by_test_id("card-sentiment")).to_have_text("Neutral")
    expect(page.get_by_test_id("card-neutral")).to_have_text("Too short to tell")
    expect(page.get_by_test_id("card-text").get_by_role("img")).to_have_count(0)
    page.get_by_test_id("card-toggle").click()
    expect(page.get_by_test_id("card-details")).to_contain_text("One or two words say too little")


def test_in_korean_too(told: Callable[..., Page]) -> None:
    page = told(SPLINTER, locale="ko-KR")
    expect(page.get_by_test_id("card-neutral")).to_have_text("판단하기에 너무 짧음")


def test_the_sentences_of_a_translation_are_marked_there(told: Callable[..., Page]) -> None:
    english = of_sentences((LOVE, felt("positive", 0.98)), (HATE, felt("negative", 0.9)))
    page = told(
        {**english, "text": "이 영화 좋아요. 자리는 싫어요.", "language": "ko", "translation": f"{LOVE} {HATE}"}
    )
    expect(page.get_by_test_id("card-text").get_by_role("img")).to_have_count(0)
    expect(page.get_by_test_id("card-translation").get_by_role("img")).to_have_count(2)


def test_statistics_and_trend_are_of_sentences(told: Callable[..., Page]) -> None:
    page = told(SEVERAL, SPLINTER)
    expect(page.get_by_test_id("stat-utterances")).to_have_text("2")
    expect(page.get_by_test_id("stat-neutral")).to_contain_text("50%")
    expect(page.get_by_test_id("stat-none")).to_have_count(0)
    rows = table_rows(page)
    assert [row[1] for row in rows] == ["Positive", "Negative", "Neutral", "Neutral"]
    assert [row[2] for row in rows][2:] == ["0.00", "0.00"], "what the model said of a splinter is not drawn"
    assert [row[0] for row in rows] == ["0:00", "0:00", "0:01", "0:03"]


def test_the_json_of_the_transcript_has_them(told: Callable[..., Page], tmp_path: Path) -> None:
    page = told(SEVERAL)
    page.get_by_test_id("download").click()
    with page.expect_download() as download:
        page.get_by_test_id("download-json").click()
    download.value.save_as(tmp_path / "file.json")
    (utterance,) = json.loads((tmp_path / "file.json").read_text(encoding="utf-8"))["utterances"]
    assert utterance["sentences"] == SEVERAL["sentences"]
