"""What a file's answer says of doubt, gaps and the decoder's own figures."""

from __future__ import annotations

import json
from typing import Any

from contract.messages import Dropped, Gap, Result, SentenceSentiment, Sentiment, UtteranceOutcome
from contract.state.files import FileSegment, FileView, view_of
from fastapi_service.upload.answers import formats
from fastapi_service.upload.answers.events import done_event
from fastapi_service.upload.answers.transcript import Transcript
from fastapi_service.upload.options import UploadOptions

OPTIONS = UploadOptions(language=None, hints="", format="verbose_json", stream=False, words=False)

RATE = 16_000
FIGURES: dict[str, Any] = {"avg_logprob": -0.25, "no_speech_prob": 0.03, "temperature": 0.4}


def answer(*outcomes: UtteranceOutcome) -> dict[str, Any]:
    """verbose_json of segments of two seconds each."""
    transcript = Transcript("file")
    for number, outcome in enumerate(outcomes):
        transcript.add(FileSegment(start=number * 2 * RATE, end=(number + 1) * 2 * RATE, outcome=outcome))
    samples = len(outcomes) * 2 * RATE
    view = FileView("done", samples, samples, waiting=False, touched_ms=0.0, status=200, code="", message="")
    body: dict[str, Any] = json.loads(formats.answer(transcript, OPTIONS, view))
    assert done_event(transcript, view, OPTIONS)["gaps"] == body["gaps"]
    return body


def said(**more: Any) -> Result:
    return Result(utterance="x-0", text="I love it.", language="en", **more)


def test_the_figures_are_the_decoders() -> None:
    (segment,) = answer(said(**FIGURES))["segments"]
    assert {name: segment[name] for name in FIGURES} == FIGURES
    (segment,) = answer(said())["segments"]
    assert (segment["avg_logprob"], segment["temperature"]) == (0.0, 0.0), "a number for OpenAI's clients"


def test_sentences_are_told_of_the_segment() -> None:
    felt = Sentiment(label="P", score=0.9, scores={"P": 0.9}, zone="neutral", neutral_reason="cut")
    outcome = said(sentiment=felt, sentences=[SentenceSentiment(text="I love it.", sentiment=felt)])
    (segment,) = answer(outcome)["segments"]
    assert segment["sentiment"]["neutral_reason"] == "cut"
    assert segment["sentences"] == [{"text": "I love it.", "sentiment": segment["sentiment"]}]
    (segment,) = answer(said())["segments"]
    assert segment["sentences"] == []


def test_gaps_are_told_of_the_segment_and_of_the_file() -> None:
    gap = Gap(start_sec=2.5, end_sec=3.9, reason="no_words")
    body = answer(said(), said(gaps=[gap]))
    assert body["gaps"] == [{"start": 2.5, "end": 3.9, "reason": "no_words"}]
    assert [segment["gaps"] for segment in body["segments"]] == [[], body["gaps"]]


def test_a_segment_whose_voice_gave_no_words_is_a_gap() -> None:
    body = answer(
        said(),
        Dropped(utterance="x-1", reason="empty_text"),
        Dropped(utterance="x-2", reason="no_speech"),
    )
    assert body["gaps"] == [{"start": 2.0, "end": 4.0, "reason": "empty_text"}]


def test_doubt_is_told() -> None:
    sure, unsure = answer(said(), said(doubtful=True, doubtful_reason="low_confidence"))["segments"]
    assert (sure["doubtful"], sure["doubtful_reason"]) == (False, None)
    assert (unsure["doubtful"], unsure["doubtful_reason"]) == (True, "low_confidence")


def test_what_is_missing_is_told_in_words_and_in_figures() -> None:
    view = FileView("done", RATE, RATE, False, 0.0, 0, "damaged", "Parts are missing.", 2, 0.5)
    (warning,) = done_event(Transcript("file"), view, OPTIONS)["warnings"]
    figures = {"missing_parts": 2, "first_missing_sec": 0.5, "cut_off_sec": None}
    assert warning == {"code": "damaged", "message": "Parts are missing.", **figures}


def test_a_file_in_redis_tells_what_is_missing() -> None:
    old: list[bytes | None] = [b"done", b"5", b"5", None, b"1", b"0", b"damaged", b"words"]
    view = view_of([*old, None, None, None, None])
    assert view is not None
    assert (view.message, view.missing_parts, view.first_missing_sec, view.cut_off_sec) == ("words", 0, None, None)
    view = view_of([*old, b"3", b"4.2", b"9.0", b"nobody knows"])
    assert view is not None
    assert (view.missing_parts, view.first_missing_sec, view.cut_off_sec) == (3, 4.2, 9.0)
    assert view.no_speakers == "nobody knows"
