"""Results for tests of subtitles: the examples that Python and the page share, and any at random."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Result, Word
from contract.state.files import FileSegment, FileView
from fastapi_service.subtitles.files import srt, vtt
from fastapi_service.subtitles.pieces import Said, Spoken, milliseconds
from fastapi_service.upload.answers.formats import answer
from fastapi_service.upload.answers.transcript import Transcript
from fastapi_service.upload.options import ResponseFormat, UploadOptions

EXAMPLES = Path(__file__).parents[3] / "contract" / "subtitle_examples.json"
LANGUAGES = ["en", "zh", "ja", "ko", "he", "ar", "th", "xx"]
SCRIPTS = {
    "en": "I you the of and to love movie. really? well, extraordinarily incomprehensibilities 1,000 it's (so)",
    "zh": "我 喜欢 这部电影 。 你好，世界！ 使用 Visual Studio Code 编程 「不」 3.5元",  # noqa: RUF001
    "ja": "映画が とても 好きです。 コンピューター っと 「はい」、 ー OpenAI を使う",
    "ko": "저는 이 영화를 정말 좋아합니다. 그런데 아버지가방에들어가신다고말했다 Netflix 에서",
    "he": "שלום עולם, Windows 11 הוא (טוב)! 42",
    "ar": "مرحبا بالعالم، YouTube جيد؟",
    "th": "สวัสดีครับ ผมชอบหนังเรื่องนี้มากๆเลยนะครับเพราะว่ามันสนุกมากจริงๆ",
    "xx": "https://example.org/a/very/long/address?with=a&query=and-more --> <b> {x} & e\u0301 👩‍👩‍👧 \u202e \u200b",
}


@dataclass(frozen=True)
class Heard:
    """A result in a file: from where to where, in seconds. `speaker`: how they are called."""

    start: float
    end: float
    text: str
    language: str
    words: list[tuple[str, float, float]] | None
    speaker: str | None = None

    @property
    def as_json(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end, "text": self.text, "language": self.language, "words": self.words}


def subtitles(results: list[Heard], form: ResponseFormat) -> str:
    """The file that the API answers with."""
    transcript = Transcript("file")
    for one in results:
        words = [Word(word=word, start_sec=begin, end_sec=end) for word, begin, end in one.words or []]
        span = {"start": round(one.start * SAMPLE_RATE_HZ), "end": round(one.end * SAMPLE_RATE_HZ)}
        timed = None if one.words is None else words
        outcome = Result(utterance="x-0", text=one.text, language=one.language, words=timed)
        transcript.add(FileSegment(**span, outcome=outcome))
    options = UploadOptions(language=None, hints="", format=form, stream=False, words=False)
    view = FileView("done", 0, 0, waiting=False, touched_ms=0.0, status=200, code="", message="")
    return answer(transcript, options, view)


def told_apart(results: list[Heard], form: ResponseFormat) -> str:
    """The file of results whose speakers are named."""
    spoken = []
    for one in results:
        words = [Said(word, milliseconds(begin), milliseconds(end)) for word, begin, end in one.words or []]
        end_ms = max(milliseconds(one.start) + 1, milliseconds(one.end))
        spoken.append(Spoken(milliseconds(one.start), end_ms, one.text, one.language, words, one.speaker))
    return srt(spoken) if form == "srt" else vtt(spoken)


def examples() -> list[dict[str, Any]]:
    """As the page's tests read them, too."""
    listed: list[dict[str, Any]] = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return listed


@st.composite
def texts(draw: st.DrawFn, language: str) -> str:
    pieces = st.sampled_from(SCRIPTS[language].split(" ")) | st.sampled_from(SCRIPTS["xx"].split(" "))
    own = st.sampled_from(SCRIPTS[language].split(" "))
    glue = draw(st.sampled_from([" ", " ", ""]))
    return glue.join(draw(st.lists(own | own | own | pieces, min_size=1, max_size=60)))


@st.composite
def word_times(draw: st.DrawFn, text: str, start: float, end: float) -> list[tuple[str, float, float]] | None:
    """Those of the text, in some rhythm: of no length, all at once, or beyond the end; or of another text; or none."""
    kind = draw(st.sampled_from(["none", "even", "odd", "odd", "other"]))
    if kind == "none":
        return None
    said = text.split() if " " in text or kind == "other" else list(text)
    said = [word[:200] for word in said]  # as long as a word may be
    if kind == "other":
        said = draw(st.permutations(said[:20])) if said else said
    if kind == "even":
        step = (end - start) / max(1, len(said))
        return [(word, round(start + n * step, 3), round(start + (n + 1) * step, 3)) for n, word in enumerate(said)]
    at, found = start, []
    for word in said:
        at += draw(st.sampled_from([0.0, 0.0, 0.05, 0.3, 1.2]))
        length = draw(st.sampled_from([0.0, 0.0, 0.02, 0.2, 0.5, 9.0]))
        found.append((word, round(at, 3), round(at + length, 3)))
        at += length
    return found


@st.composite
def recordings(draw: st.DrawFn) -> list[Heard]:
    """Results that follow each other, with or without a pause."""
    at = 0.0
    found = []
    for _ in range(draw(st.integers(1, 5))):
        at += draw(st.sampled_from([0.0, 0.0, 0.01, 0.5, 3.0]))
        lasts = draw(st.sampled_from([0.0, 0.05, 0.4, 1.5, 6.0, 12.0, 25.0]))
        language = draw(st.sampled_from(LANGUAGES))
        text = draw(texts(language))
        start, end = round(at, 3), round(at + lasts, 3)
        found.append(Heard(start, end, text, language, draw(word_times(text, start, end))))
        at += lasts
    return found


@st.composite
def conversations(draw: st.DrawFn) -> list[Heard]:
    """The same by several speakers, some of them with odd names, or with none."""
    names = st.sampled_from(["Speaker 1", "Speaker 2", "화자 1", "Speaker ?", "A & <b> --> c", "x" * 60, None])
    return [replace(one, speaker=draw(names)) for one in draw(recordings())]
