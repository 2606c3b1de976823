"""A card's chip and its text are two things to the eye: there is room between them, in each language and state."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Tell
from tests.browser.fake_gateway import FakeGateway, Message

ROOM_PX = 20
MEASURE = """cards => cards.map(card => {
  const right = (element) => element.getBoundingClientRect().right;
  const chips = [...card.querySelectorAll('.card-side > *')].map(right);
  return card.querySelector('.card-body').getBoundingClientRect().left - Math.max(...chips);
})"""


def result(zone: str | None, score: float, text: str) -> Message:
    label = "POSITIVE" if zone == "positive" else "NEGATIVE"
    felt = None if zone is None else {"label": label, "score": score, "scores": {label: score}, "zone": zone}
    fields: Message = {"type": "result", "text": text, "language": "en", "translation": None, "sentiment": felt}
    return {**fields, "sentiment_reason": None, "decoded_again": False}


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
@pytest.mark.parametrize("width", [1440, 800])
def test_there_is_room_between_chip_and_text(
    gateway: FakeGateway, open_page: OpenPage, tell: Tell, locale: str, width: int
) -> None:
    page = open_page(gateway.url, locale=locale, viewport={"width": width, "height": 900})
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    for number, zone in enumerate(("positive", "negative", "neutral", None)):
        tell(result(zone, 0.998, "These are words enough to fill more than a line of the column. " * 3), number * 4.0)
    tell(None, 20.0)
    expect(page.get_by_test_id("card")).to_have_count(5)
    room = page.locator('[data-testid="card"]').evaluate_all(MEASURE)
    assert min(room) >= ROOM_PX, room
