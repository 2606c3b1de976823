"""Handling of the settings dialog, for the tests of the settings."""

from __future__ import annotations

import json

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_page_capture import UNPROCESSED

# As UNPROCESSED, and the tracks that were given are remembered.
WATCHED = (
    UNPROCESSED
    + """
const asking = navigator.mediaDevices.getUserMedia;
window.given = [];
navigator.mediaDevices.getUserMedia = async (constraints) => {
  const stream = await asking(constraints);
  window.given.push(...stream.getTracks());
  return stream;
};
"""
)


def prefer(**values: object) -> str:
    """A script that chooses these before the page is there, where nothing was chosen before."""
    return (
        f"localStorage.getItem('wta.preferences') ?? localStorage.setItem('wta.preferences', '{json.dumps(values)}');\n"
    )


def open_settings(page: Page) -> Locator:
    """Open the dialog by its button."""
    expect(page.get_by_test_id("connection-state")).to_have_attribute("data-state", "open")
    page.get_by_test_id("settings-open").click()
    dialog = page.get_by_test_id("settings")
    expect(dialog).to_be_visible()
    return dialog


def slide(slider: Locator, value: float) -> None:
    """Move a slider as a hand does."""
    slider.evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true })); }", value
    )


def track_states(page: Page) -> list[str]:
    """Of the microphone's tracks that WATCHED has seen, in order."""
    return list(page.evaluate("window.given.map((track) => track.readyState)"))
