"""The page's export files of any transcript, read back by readers that are not ours and by strict ones of our own.

The page's own modules write them, in a node process that lives as long as the tests here.
"""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
import srt
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fastapi_service.subtitles.results import Heard, recordings, subtitles
from tests.page.any_transcript import NOW_MS, transcripts

FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # spreadsheets take wide ones as well
# What JavaScript's \s and the two ranges of control characters are.
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
BREAKS = re.compile("[\\x00-\\x20\\x7f-\\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+")


class Exporter:
    """The page's modules in node."""

    def __init__(self, node: str) -> None:
        self._process = subprocess.Popen(
            [node, str(Path(__file__).with_name("export") / "server.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "TZ": "UTC"},
        )

    def __call__(self, form: str, entries: list[dict[str, Any]]) -> str:
        return self.ask(form, {"entries": entries})

    def ask(self, form: str, what: dict[str, Any]) -> str:
        """The file in this format of what tests/page/export/server.mjs takes."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"format": form, "now": NOW_MS, **what}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"node ended: {self._process.wait(10)}"
        return str(json.loads(answer)["file"])

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def exporter() -> Iterator[Exporter]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    running = Exporter(node)
    yield running
    running.close()


def results(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry["outcome"] for entry in entries if entry["state"] == "result"]


def one_line(text: str) -> str:
    return BREAKS.sub(" ", text).strip(" ")


def spoken(entries: list[dict[str, Any]]) -> list[str]:
    """The texts that subtitles show."""
    return [line for line in (one_line(DIRECTIONS.sub("", result["text"])) for result in results(entries)) if line]


def check_cues(cues: list[list[str]], texts: list[str], changed: str = "") -> None:
    """All the texts, in lines. `changed`: what a cut may change."""
    assert all(1 <= len(lines) <= 2 and all(line.strip() for line in lines) for lines in cues)
    left_out = str.maketrans("", "", f" {changed}")
    shown = DIRECTIONS.sub("", "".join(line for lines in cues for line in lines))
    assert shown.translate(left_out) == "".join(texts).translate(left_out)


def check_times(spans: list[tuple[timedelta, timedelta]]) -> None:
    """In order, none within another, each long enough to be read and not too long."""
    end = timedelta()
    for begin, over in spans:
        assert begin >= end
        assert timedelta(seconds=0.7) <= over - begin <= timedelta(seconds=7)
        end = over


def clock(found: re.Match[str]) -> list[timedelta]:
    numbers = [int(group) for group in found.groups()]
    return [
        timedelta(hours=hours, minutes=minutes, seconds=seconds, milliseconds=ms)
        for hours, minutes, seconds, ms in (numbers[:4], numbers[4:])
    ]


PER_FORMAT = settings(max_examples=120, deadline=None)


@PER_FORMAT
@given(entries=transcripts())
def test_csv_comes_back_and_no_cell_is_a_formula(exporter: Exporter, entries: list[dict[str, Any]]) -> None:
    file = exporter("csv", entries)
    assert file.startswith("\ufeffnumber,") and file.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(file[1:], newline=""), strict=True))
    assert [row["type"] for row in rows] == ["error" if e["state"] == "lost" else e["state"] for e in entries]
    for row, entry in zip(rows, entries, strict=True):
        assert None not in row and None not in row.values(), "as many cells as columns"
        assert not [cell for cell in row.values() if cell.startswith(FORMULA)]
        outcome = entry["outcome"] or {"code": "lost"}
        texts = {
            "language": outcome.get("language", ""),
            "text": outcome.get("text", ""),
            "translation": outcome.get("translation") or "",
            "reason": outcome.get("reason", outcome.get("code", "")),
            "detail": outcome.get("detail", outcome.get("message", outcome.get("sentiment_reason") or "")),
        }
        for name, text in texts.items():
            assert row[name] == (f"'{text}" if text.startswith(FORMULA) else text)
        felt = outcome.get("sentiment")
        assert row["score"] == "" if felt is None else float(row["score"]) == felt["score"]
        assert (row["spoken_at"] == "") == (entry["spokenAtMs"] is None)


@PER_FORMAT
@given(entries=transcripts())
def test_json_comes_back(exporter: Exporter, entries: list[dict[str, Any]]) -> None:
    read = json.loads(exporter("json", entries))
    assert len(read["utterances"]) == len(entries)
    for utterance, entry in zip(read["utterances"], entries, strict=True):
        outcome = dict(entry["outcome"] or {"type": "error", "code": "lost", "start_sec": entry["startSec"]})
        outcome.pop("seq", None)
        assert {name: utterance[name] for name in outcome} == outcome
        assert utterance["session"] == entry["session"] + 1
        spoken = utterance["spoken_at"]
        assert (spoken is None) == (entry["spokenAtMs"] is None)
        if spoken is not None:
            told = datetime.fromisoformat(spoken) - datetime.fromtimestamp(0, UTC)
            assert abs(told / timedelta(milliseconds=1) - entry["spokenAtMs"]) <= 1


@PER_FORMAT
@given(entries=transcripts())
def test_subrip_is_read_by_other_programs(exporter: Exporter, entries: list[dict[str, Any]]) -> None:
    file = exporter("srt", entries)
    expected = [
        re.sub("<(?=[/a-zA-Z])", "‹", re.sub("-{2,}>", "→", text)).replace("{", "(").replace("}", ")")  # noqa: RUF001
        for text in spoken(entries)
    ]
    blocks = file.split("\n\n")
    assert blocks.pop() == ""
    assert not re.search("[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", file)
    spans, cues = [], []
    for number, block in enumerate(blocks, 1):
        index, times, *lines = block.split("\n")
        assert index == str(number) and not any("-->" in line for line in lines)
        cues.append(lines)
        found = re.fullmatch(r"(\d\d+):(\d\d):(\d\d),(\d{3}) --> (\d\d+):(\d\d):(\d\d),(\d{3})", times, re.ASCII)
        assert found is not None
        spans.append((clock(found)[0], clock(found)[1]))
    check_times(spans)
    check_cues(cues, expected, "-→<‹>/")  # noqa: RUF001
    read = list(srt.parse(file))
    assert [(cue.index, cue.start, cue.end) for cue in read] == [(n, *span) for n, span in enumerate(spans, 1)]
    assert [cue.content.strip() for cue in read] == ["\n".join(lines).strip() for lines in cues]


@PER_FORMAT
@given(entries=transcripts())
def test_webvtt_is_read_by_other_programs(exporter: Exporter, entries: list[dict[str, Any]]) -> None:
    file = exporter("vtt", entries)
    header, *blocks = file.split("\n\n")
    assert header == "WEBVTT" and blocks.pop() == ""
    assert not re.search("[\r\0\x0b\x0c\x85\u2028\u2029]", file)
    spans, cues = [], []
    for block in blocks:
        times, *lines = block.split("\n")
        assert not any("-->" in line for line in lines) and not re.search("<|&(?!amp;|lt;|gt;)", "".join(lines))
        cues.append([html.unescape(line) for line in lines])
        found = re.fullmatch(r"(\d\d+):(\d\d):(\d\d)\.(\d{3}) --> (\d\d+):(\d\d):(\d\d)\.(\d{3})", times, re.ASCII)
        assert found is not None
        spans.append((clock(found)[0], clock(found)[1]))
    check_times(spans)
    check_cues(cues, spoken(entries))
    if spans and spans[-1][1] >= timedelta(hours=100):
        return  # webvtt-py takes two digits; the standard takes more
    read = webvtt.from_string(file)
    assert [[html.unescape(line) for line in cue.raw_text.split("\n")] for cue in read] == cues


@PER_FORMAT
@given(heard=recordings(), form=st.sampled_from(("srt", "vtt")))
def test_api_and_page_make_the_same_subtitles(
    exporter: Exporter, heard: list[Heard], form: Literal["srt", "vtt"]
) -> None:
    assert exporter.ask(form, {"heard": [one.as_json for one in heard]}) == subtitles(heard, form)


@PER_FORMAT
@given(entries=transcripts())
def test_text_has_one_line_an_utterance(exporter: Exporter, entries: list[dict[str, Any]]) -> None:
    file = exporter("txt", entries)
    said = [entry for entry in entries if entry["state"] == "result"]
    expected: list[str | None] = []  # None: a day or an empty line
    day = None
    for entry in said:
        at = entry["spokenAtMs"]
        if at is not None and at // 86_400_000 != day:
            expected += [None] * (3 if expected else 2)
            day = at // 86_400_000
        expected.append(one_line(entry["outcome"]["text"]) or "No words")
        sentences = entry["outcome"]["sentences"]
        if len(sentences) > 1:
            expected += [f"    {one_line(sentence['text'])} (" for sentence in sentences]
        if entry["outcome"]["translation"] is not None:
            expected.append(f"    In English: {one_line(entry['outcome']['translation'])}")
    lines = file.splitlines()
    assert file == "".join(f"{line}\n" for line in lines), "no other line ends"
    assert len(lines) == len(expected)
    for line, words in zip(lines, expected, strict=True):
        if words is None:
            assert not line.startswith(("[", " "))
        elif words.startswith("    In English: ") and line.startswith("    "):
            assert line == words
        elif words.startswith("    ") and line.startswith("    "):
            assert line.startswith(words)
        else:
            assert re.match(r"\[[^\]]+\] ", line)
            assert line.partition("] ")[2].startswith(words)
