"""Who said it, in every format of a file's answer."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.jobs import MAX_POSITION
from contract.messages import Gap, Result, SentenceSentiment, Sentiment, Word
from contract.state.files import FileJob, FileSegment, FileTurn, FileView
from fastapi_service.upload.answers.events import added_events, done_event, speaker_events
from fastapi_service.upload.answers.formats import answer
from fastapi_service.upload.answers.lines import ELSEWHERE, label_of
from fastapi_service.upload.answers.transcript import Transcript
from fastapi_service.upload.options import ResponseFormat, UploadOptions, read_options

RATE = 16_000
VIEW = FileView("done", 12 * RATE, 12 * RATE, waiting=False, touched_ms=0.0, status=0, code="", message="")
JOB: dict[str, Any] = {"id": "i" * 32, "session": "s" * 32, "content": "0" * 64, "file_bytes": 1}
TEXTS = [("Do you like it?", 0.0, 2.0), ("I love it.", 2.0, 4.0), ("Me too.", 4.0, 6.0)]
TURNS = [(1, 0.0, 2.0), (2, 2.0, 4.1), (1, 4.1, 6.0)]


def felt(zone: str, score: float = 0.9) -> Sentiment:
    return Sentiment.model_validate({"label": "X", "score": score, "scores": {"X": score}, "zone": zone})


def words_of(text: str, begin: float, end: float) -> list[Word]:
    said = text.split()
    step = (end - begin) / len(said)
    return [
        Word(word=word, start_sec=round(begin + n * step, 3), end_sec=round(begin + (n + 1) * step, 3))
        for n, word in enumerate(said)
    ]


def conversation(**more: Any) -> Result:
    """Three sentences in six seconds, of two speakers."""
    zones = ["neutral", "positive", "positive"]
    fields: dict[str, Any] = {
        "utterance": "x-0",
        "text": " ".join(text for text, _, _ in TEXTS),
        "language": "en",
        "words": [word for one in TEXTS for word in words_of(*one)],
        "sentiment": felt("positive"),
        "sentences": [SentenceSentiment(text=t[0], sentiment=felt(z)) for t, z in zip(TEXTS, zones, strict=True)],
        "gaps": [Gap(start_sec=3.0, end_sec=3.5, reason="no_words")],
    }
    return Result(**{**fields, **more})


def segment(outcome: Result, begin: float = 0.0, end: float = 6.0, channel: int | None = None) -> FileSegment:
    return FileSegment(start=round(begin * RATE), end=round(end * RATE), outcome=outcome, channel=channel)


def turns(*spans: tuple[int, float, float]) -> list[FileTurn]:
    return [FileTurn(speaker=one, start=round(begin * RATE), end=round(end * RATE)) for one, begin, end in spans]


def options(**fields: str) -> UploadOptions:
    return read_options({name: [value] for name, value in fields.items()})


def transcript(*segments: FileSegment, told: list[FileTurn], word_times: bool = False) -> Transcript:
    found = Transcript("file", job=FileJob(**JOB, word_times=word_times, speakers=True))
    for one in segments:
        found.add(one)
    found.turns = told
    return found


def body(kind: ResponseFormat, *segments: FileSegment, told: list[FileTurn], word_times: bool = False) -> Any:
    """The answer in JSON or as text."""
    asked = options(response_format=kind, speakers="true")
    text = answer(transcript(*segments, told=told, word_times=word_times), asked, VIEW)
    return json.loads(text) if kind.endswith("json") else text


def test_segments_of_verbose_json_are_divided_at_turns() -> None:
    answered = body("verbose_json", segment(conversation()), told=turns(*TURNS))
    found = answered["segments"]
    assert [(one["speaker"], one["text"]) for one in found] == [
        (1, " Do you like it?"),
        (2, " I love it."),
        (1, " Me too."),
    ]
    assert [one["id"] for one in found] == [0, 1, 2]
    assert [(one["start"], one["end"]) for one in found] == [(0.0, 2.0), (2.0, 4.1), (4.1, 6.0)]
    assert [one["sentiment"]["zone"] for one in found] == ["neutral", "positive", "positive"]
    assert [[sentence["text"] for sentence in one["sentences"]] for one in found] == [[text] for text, _, _ in TEXTS]
    assert [len(one["gaps"]) for one in found] == [0, 1, 0], "a gap is with who speaks then"
    assert "".join(one["text"] for one in found).strip() == answered["text"]
    assert answered["warnings"] == []


def test_words_that_nobody_asked_for_are_not_told() -> None:
    answered = body("verbose_json", segment(conversation()), told=turns(*TURNS))
    assert not any("words" in one for one in answered["segments"])
    asked = options(response_format="verbose_json", speakers="1", **{"timestamp_granularities[]": "word"})
    both = transcript(segment(conversation()), told=turns(*TURNS), word_times=True)
    answered = json.loads(answer(both, asked, VIEW))
    assert [[word["word"] for word in one["words"]] for one in answered["segments"]] == [
        text.split() for text, _, _ in TEXTS
    ]
    assert len(answered["words"]) == 9


def test_a_sentence_of_two_speakers_counts_once_and_says_so() -> None:
    text = "So you went there and I stayed here alone."
    whole = [SentenceSentiment(text=text, sentiment=felt("negative"))]
    said = conversation(text=text, words=words_of(text, 0.0, 6.0), sentences=whole, gaps=[])
    one, other = body("verbose_json", segment(said), told=turns((1, 0.0, 2.7), (2, 2.7, 6.0)))["segments"]
    assert (one["text"], other["text"]) == (" So you went there", " and I stayed here alone.")
    counted = [part["sentiment"] for part in (one, other)]
    assert counted.count(None) == 1
    assert {part["sentiment_reason"] for part in (one, other)} == {None, ELSEWHERE}


def test_a_segment_of_one_speaker_stays_as_it_is() -> None:
    (one,) = body("verbose_json", segment(conversation()), told=turns((3, 0.4, 5.5)))["segments"]
    assert (one["speaker"], one["start"], one["end"], one["sentiment"]["zone"]) == (3, 0.0, 6.0, "positive")


def test_where_nobody_can_tell_the_speaker_is_null_or_a_question_mark() -> None:
    segments = [segment(conversation(), 0.0, 6.0), segment(Result(utterance="x", text="Hm.", language="en"), 8.0, 9.0)]
    told = turns(*TURNS)
    assert [one["speaker"] for one in body("verbose_json", *segments, told=told)["segments"]] == [1, 2, 1, None]
    assert [one["speaker"] for one in body("diarized_json", *segments, told=told)["segments"]] == ["A", "B", "A", "?"]
    assert body("text", *segments, told=told).splitlines()[-1] == "Speaker ?: Hm."


def test_text_and_subtitles_name_who_speaks() -> None:
    assert body("text", segment(conversation()), told=turns(*TURNS)) == (
        "Speaker 1: Do you like it?\nSpeaker 2: I love it.\nSpeaker 1: Me too.\n"
    )
    srt = body("srt", segment(conversation()), told=turns(*TURNS))
    assert [line for line in srt.splitlines() if line[:1] == "S"] == [
        "Speaker 1: Do you like it?",
        "Speaker 2: I love it.",
        "Speaker 1: Me too.",
    ]
    assert "\n<v Speaker 2>I love it.\n" in body("vtt", segment(conversation()), told=turns(*TURNS))


@pytest.mark.parametrize("kind", ["verbose_json", "srt", "vtt", "text"])
def test_nobody_is_named_where_that_was_not_asked(kind: ResponseFormat) -> None:
    found = Transcript("file")
    found.add(segment(conversation(channel=2, speaker=2), channel=2))
    text = answer(found, options(response_format=kind), VIEW)
    assert "Speaker" not in text and "<v" not in text and '"speaker"' not in text


def test_a_channel_is_its_speaker() -> None:
    segments = [segment(conversation(channel=2), channel=2), segment(conversation(gaps=[]), 6.0, 12.0, channel=1)]
    answered = body("verbose_json", *segments, told=[])
    assert [(one["speaker"], one["channel"]) for one in answered["segments"]] == [(2, 2), (1, 1)]
    told = list(speaker_events(transcript(*segments, told=[]), options(response_format="json", stream="true")))
    assert [(one["channel"], one["turns"][0]["speaker"]) for one in told] == [(2, 2), (1, 1)]
    assert answered["warnings"] == [], "nobody has to be told apart"


def test_a_translation_is_divided_as_well() -> None:
    said = "¿Te gusta? Me encanta. A mí también."
    english = " ".join(text for text, _, _ in TEXTS)
    outcome = conversation(text=said, language="es", translation=english, words=None)
    found = transcript(segment(outcome), told=turns(*TURNS))
    translated = Transcript("file", "translate", FileJob(**JOB, speakers=True))
    translated.add(segment(outcome))
    translated.turns = turns(*TURNS)
    for one, text in ((found, said), (translated, english)):
        answered = json.loads(answer(one, options(response_format="verbose_json"), VIEW))
        assert "".join(part["text"] for part in answered["segments"]).strip() == text
        assert [part["speaker"] for part in answered["segments"]] == [1, 2, 1]
        assert [part["translation"] for part in answered["segments"]] == [text for text, _, _ in TEXTS]


def test_what_is_missing_is_told() -> None:
    late = replace(VIEW, no_speakers="Too late.", code="damaged", message="Broken.")
    found = transcript(segment(conversation()), told=[])
    asked = options(response_format="diarized_json", **{"known_speaker_names[]": "Anna"})
    answered = json.loads(answer(found, asked, late))
    assert [(one["code"], one["message"]) for one in answered["warnings"]][:2] == [
        ("damaged", "Broken."),
        ("no_speakers", "Too late."),
    ]
    assert answered["warnings"][2]["code"] == "known_speakers_ignored"
    assert done_event(found, late, asked)["warnings"] == answered["warnings"]
    assert [one["speaker"] for one in answered["segments"]] == ["?"]
    empty = transcript(told=[])
    assert json.loads(answer(empty, asked, VIEW))["warnings"][0]["code"] == "known_speakers_ignored"


def test_a_stream_brings_text_at_once_and_speakers_at_the_end() -> None:
    asked = options(response_format="diarized_json", stream="true")
    found = transcript(told=[])
    added = found.add(segment(conversation()))
    assert added is not None
    at_once = list(added_events(found, added, asked))
    assert [one["type"] for one in at_once] == ["transcript.text.delta"]
    found.turns = turns(*TURNS)
    later = list(speaker_events(found, asked))
    assert later == body("diarized_json", segment(conversation()), told=turns(*TURNS))["segments"]


def test_a_stream_of_segments_tells_the_turns_of_each() -> None:
    asked = options(response_format="verbose_json", stream="true", speakers="true")
    found = transcript(told=[])
    added = found.add(segment(conversation(text="  Do you\nlike it? I love it. Me too. ")))
    assert added is not None
    _, brought = added_events(found, added, asked)
    assert (brought["id"], brought["speaker"]) == ("0", ""), "as long as nobody knows"
    assert "words" not in brought
    found.turns = turns(*TURNS)
    (told,) = speaker_events(found, asked)
    assert (told["type"], told["id"], told["start"]) == ("transcript.segment.turns", "0", 0.0)
    text = brought["text"].strip()
    assert [(one["speaker"], text[one["first_char"] : one["end_char"]].strip()) for one in told["turns"]] == [
        (speaker, said) for (speaker, _, _), (said, _, _) in zip(TURNS, TEXTS, strict=True)
    ]
    found.turns = []
    (nobody,) = speaker_events(found, asked)
    whole = {"speaker": None, "start": 0.0, "end": 6.0, "first_char": 0, "end_char": len(text)}
    assert nobody["turns"] == [whole]


def test_speakers_are_letters_beyond_z_as_well() -> None:
    assert [label_of(number) for number in (1, 2, 26, 27, 52, 53, 702, 703)] == [
        *("A", "B", "Z", "AA", "AZ", "BA", "ZZ", "AAA"),
    ]
    assert label_of(None) == "?"


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 12 * RATE), st.integers(1, 6 * RATE)), max_size=12))
def test_any_turns_lose_nothing(spans: list[tuple[int, int, int]]) -> None:
    at, told = 0, []
    for speaker, pause, length in spans:
        told.append(FileTurn(speaker=speaker, start=min(at + pause, MAX_POSITION - 1), end=at + pause + length))
        at += pause + length
    segments = [segment(conversation(), 0.0, 6.0), segment(conversation(words=None), 6.0, 12.0)]
    answered = body("verbose_json", *segments, told=told)
    assert " ".join(one["text"].strip() for one in answered["segments"]) == answered["text"]
    assert sum(len(one["sentences"]) for one in answered["segments"]) == 6
    assert sum(len(one["gaps"]) for one in answered["segments"]) == len(answered["gaps"]) == 2
    assert all(one["start"] <= one["end"] for one in answered["segments"])
    assert all(one["start"] <= other["start"] for one, other in pairwise(answered["segments"]))
