"""Korean from the WebSocket to the page's JSON, the listener's log and the sentiment, through every service.

The speech engine is a stand-in (korean_worker), the sentiment model is the dummy: the text that it was given is told by
its sentiment. The analyzer is set to English.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer_worker.dummy import sentiment_of
from harness.processes import wait_until
from harness.speech import espeak
from harness.stack import Stack, start_stack
from tests.integration.korean_words import CANNOT, MEANT, PROBABILITY, SAID
from tests.support.http_requests import request
from tests.support.media import encode
from tests.support.multipart import FORM, body, upload
from tests.support.raw_client import RawClient

TRANSLATIONS = "/v1/audio/translations"
SPOKEN = "I love this movie"  # any speech: the engine hears Korean


@pytest.fixture(scope="module")
def korean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    worker = "tests.integration.korean_worker"
    with start_stack(tmp_path_factory.mktemp("korean"), worker, SENTIMENT_MODEL="dummy", LOG_LEVEL="DEBUG") as running:
        yield running


def outcome(stack: Stack, folder: Path, query: str = "") -> dict[str, Any]:
    with RawClient(stack.ws_url, query=query) as client:
        client.expect("session")
        return client.speak(espeak(SPOKEN, folder))


def logged(stack: Stack, utterance: str) -> str:
    log = stack.folder / "result_listener.log"
    wait_until(lambda: log.exists() and utterance in log.read_text(encoding="utf-8"), 10, "the result is in the log")
    return next(line for line in log.read_text(encoding="utf-8").splitlines() if utterance in line)


def test_korean_is_shown_with_its_translation_and_that_is_judged(korean: Stack, tmp_path: Path) -> None:
    result = outcome(korean, tmp_path, "words=1")
    assert result["type"] == "result"
    assert result["text"] == SAID == unicodedata.normalize("NFC", SAID)
    assert (result["language"], result["language_probability"]) == ("ko", PROBABILITY)
    assert result["translation"] == MEANT
    assert result["sentiment"] == sentiment_of(MEANT).model_dump() != sentiment_of(SAID).model_dump()
    assert result["sentiment_reason"] is None
    assert [one["word"] for one in result["words"]] == SAID.split()
    line = logged(korean, result["utterance"])
    assert SAID in line, "as it is, not as escapes"
    entry = json.loads(line)
    assert (entry["text"], entry["language"], entry["translation"]) == (SAID, "ko", MEANT)


def test_a_model_that_cannot_translate_gives_no_sentiment_and_says_why(korean: Stack, tmp_path: Path) -> None:
    result = outcome(korean, tmp_path, "language=ja")
    assert result["text"] == SAID
    assert (result["translation"], result["sentiment"], result["words"]) == (None, None, None)
    assert result["sentiment_reason"] == CANNOT
    assert json.loads(logged(korean, result["utterance"]))["reason"] == CANNOT


def test_a_file_is_told_in_english(korean: Stack, tmp_path: Path) -> None:
    sound = encode(espeak(SPOKEN, tmp_path), tmp_path / "spoken.flac").read_bytes()
    english = request(korean.url, TRANSLATIONS, "POST", body(sound, response_format="verbose_json"), FORM)
    assert english.status == 200, english.text
    assert (english.json["text"], english.json["task"]) == (MEANT, "translate")
    assert upload(korean.url, sound).json["text"] == SAID
    refused = request(korean.url, TRANSLATIONS, "POST", body(sound, language="ja"), FORM)
    assert (refused.status, refused.json["error"]["code"]) == (400, "cannot_translate")
    assert CANNOT in refused.json["error"]["message"]


def test_what_was_said_is_in_no_other_log(korean: Stack, tmp_path: Path) -> None:
    outcome(korean, tmp_path, "hints=%EA%B9%80%EB%AF%BC%EC%A4%80")
    logs = list(korean.folder.glob("*.log"))
    assert len(logs) >= 5
    for log in logs:
        text = unicodedata.normalize("NFC", log.read_text(encoding="utf-8", errors="replace"))
        assert "김민준" not in text, log.name
        assert SAID not in text or log.name == "result_listener.log", log.name
