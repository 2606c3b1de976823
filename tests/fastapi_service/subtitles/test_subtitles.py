"""Subtitles that editors and players take: how long and how wide cues are, where they are cut, that nothing is lost.

The page's are held to the same by tests/page/test_export_files.py.
"""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings

from fastapi_service.subtitles import script
from fastapi_service.subtitles.pieces import line_limit
from fastapi_service.upload.options import ResponseFormat
from tests.fastapi_service.subtitles.results import Heard, conversations, examples, recordings, subtitles, told_apart

TIME = r"(\d\d+):(\d\d):(\d\d)[.,](\d{3})"
TIMES = re.compile(f"{TIME} --> {TIME}", re.ASCII)
FORMS: tuple[ResponseFormat, ...] = ("srt", "vtt")
EMBEDDED = re.compile("[\u202b\u202c]")


@dataclass(frozen=True)
class Shown:
    begin_ms: int
    end_ms: int
    lines: list[str]


def cues(file: str, read: Callable[[str], str] = html.unescape) -> list[Shown]:
    """The cues of a WebVTT file. `read`: what a line says."""
    head, *blocks = file.split("\n\n")
    assert (head, blocks.pop()) == ("WEBVTT", "")
    found = []
    for block in blocks:
        times, *lines = block.split("\n")
        match = TIMES.fullmatch(times)
        assert match is not None
        h, m, s, ms, h2, m2, s2, ms2 = map(int, match.groups())
        begin_ms, end_ms = ((h * 60 + m) * 60 + s) * 1000 + ms, ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2
        found.append(Shown(begin_ms, end_ms, list(map(read, lines))))
    return found


def shown(*results: Heard) -> list[Shown]:
    return cues(subtitles(list(results), "vtt"))


def texts(*results: Heard) -> list[str]:
    return ["|".join(cue.lines) for cue in shown(*results)]


def evenly(text: str, start: float, end: float, language: str = "en") -> Heard:
    """Its words, or its characters where it has no spaces, one after the other."""
    said = text.split() if " " in text else list(text)
    step = (end - start) / len(said)
    words = [(word, start + number * step, start + (number + 1) * step) for number, word in enumerate(said)]
    return Heard(start, end, text, language, words)


@pytest.mark.parametrize("case", examples(), ids=lambda case: str(case["name"]))
def test_the_examples_are_as_written(case: dict[str, Any]) -> None:
    results = [Heard(**{**one, "words": one["words"]}) for one in case["results"]]
    write = told_apart if any("speaker" in one for one in case["results"]) else subtitles
    assert write(results, "srt").split("\n") == case["srt"]
    assert write(results, "vtt").split("\n") == case["vtt"]


@settings(max_examples=200, deadline=None)
@example([evenly("a b c d e f", 0.0, 0.1), evenly("g h", 0.1, 0.1), evenly("i", 0.11, 0.2)])
@given(recordings())
def test_any_results_give_cues_that_fit_and_lose_nothing(results: list[Heard]) -> None:
    found = shown(*results)
    widest = max((line_limit(one.language) for one in results), default=0)
    for cue in found:
        assert 700 <= cue.end_ms - cue.begin_ms <= 7000
        assert 1 <= len(cue.lines) <= 2
        for line in cue.lines:
            assert sum(map(script.width, line)) <= widest
            assert line == line.strip() != ""
    for one, other in pairwise(found):
        assert one.end_ms <= other.begin_ms, "none within the next"
    said = "".join(script.one_line(one.text) for one in results).replace(" ", "")
    assert EMBEDDED.sub("", "".join(line for cue in found for line in cue.lines)).replace(" ", "") == said


@settings(max_examples=60, deadline=None)
@given(recordings())
def test_both_formats_have_the_same_times(results: list[Heard]) -> None:
    srt = [line.replace(",", ".") for line in subtitles(results, "srt").split("\n") if TIMES.fullmatch(line)]
    assert srt == [line for line in subtitles(results, "vtt").split("\n") if TIMES.fullmatch(line)]


@settings(max_examples=150, deadline=None)
@given(conversations())
def test_no_cue_has_words_of_two_speakers(results: list[Heard]) -> None:
    said: dict[str | None, str] = {}
    for cue in cues(told_apart(results, "vtt"), read=str):
        voice = re.fullmatch("(?:<v ([^<>]+)>)?([^<>]*)", "".join(cue.lines))
        assert voice is not None
        name = None if voice[1] is None else html.unescape(voice[1])
        said[name] = said.get(name, "") + EMBEDDED.sub("", html.unescape(voice[2])).replace(" ", "")
    for name in {one.speaker for one in results}:
        own = "".join(script.one_line(one.text) for one in results if one.speaker == name).replace(" ", "")
        assert said.pop(name, "") == own
    assert not said


@settings(max_examples=60, deadline=None)
@given(conversations())
def test_subrip_names_a_speaker_where_another_begins(results: list[Heard]) -> None:
    heard = [one.speaker for one in results if script.one_line(one.text)]
    changes = [name for number, name in enumerate(heard) if name and name != ([None, *heard])[number]]
    names = {script_safe(name): name for name in changes}
    found = re.findall(rf"\n\u202b?({'|'.join(map(re.escape, names)) or '!'}): ", told_apart(results, "srt"))
    assert [names[name] for name in found] == changes


def script_safe(name: str) -> str:
    """As SubRip has it."""
    return name.replace("-->", "→").replace("<b", "‹b")  # noqa: RUF001


def test_a_cue_begins_with_its_first_word_and_ends_with_its_last() -> None:
    text = " ".join(f"word{number}" for number in range(30))
    said = evenly(text, 4.0, 19.0)
    found = shown(said)
    assert len(found) >= 3
    assert [line for cue in found for line in " ".join(cue.lines).split()] == text.split()
    begins = {round(1000 * begin) for _, begin, _ in said.words or []}
    ends = {round(1000 * end) for _, _, end in said.words or []}
    assert all(cue.begin_ms in begins and cue.end_ms in ends for cue in found)


def test_english_is_cut_after_a_sentence_and_before_small_words() -> None:
    first = "The quick brown fox jumped over the lazy dog and ran into the forest."
    second = "Nobody has seen it since then, but the dog is still waiting at the gate."
    found = texts(evenly(f"{first} {second}", 0.0, 13.0))
    assert [text.replace("|", " ") for text in found] == [first, second]
    assert all(not line.endswith((" the", " and", " a", " of")) for text in found for line in text.split("|"))


def test_latin_words_in_chinese_keep_their_spaces() -> None:
    words = [("使用", 0.0, 0.4), ("Visual", 0.4, 0.8), ("Studio", 0.8, 1.2), ("Code", 1.2, 1.6)]
    assert texts(Heard(0.0, 2.0, "使用 Visual Studio Code", "zh", words)) == ["使用 Visual Studio Code"]


def test_chinese_has_sixteen_to_a_line_and_two_lines() -> None:
    found = shown(evenly("字" * 80, 0.0, 6.4, "zh"))
    assert len(found) == 3
    assert all(len(line) <= 16 for cue in found for line in cue.lines)


def test_a_last_word_of_no_length_is_shown_with_those_before_it() -> None:
    words = [("a" * 80, 0.0, 2.0), ("word.", 2.0, 2.0)]
    (one, two) = shown(Heard(0.0, 2.0, "a" * 80 + " word.", "en", words))
    assert one.lines == ["a" * 42, "a" * 38]
    assert two.lines == ["word."]
    assert two.end_ms - two.begin_ms == 700


def test_words_for_which_there_is_no_time_go_to_a_neighbour() -> None:
    one = evenly("It was a very good film", 0.0, 3.0)
    at_once = Heard(3.0, 3.0, "indeed.", "en", [("indeed.", 3.0, 3.0)])
    found = shown(one, at_once, evenly("Then we went home.", 3.0, 5.0))
    assert [cue.lines for cue in found] == [["It was a very good film indeed."], ["Then we went home."]]
    assert [(cue.begin_ms, cue.end_ms) for cue in found] == [
        (0, 3000),
        (3001, 5001),
    ]  # 1 ms at least


def test_a_flash_takes_the_silence_after_it_and_then_that_before_it() -> None:
    (after,) = shown(Heard(1.0, 1.1, "Yes.", "en", None))
    assert (after.begin_ms, after.end_ms) == (1000, 1700)
    found = shown(Heard(1.0, 1.1, "Yes.", "en", None), evenly("Then we went home.", 1.3, 4.0))
    assert [(cue.begin_ms, cue.end_ms) for cue in found] == [(600, 1300), (1300, 4000)]


def test_what_lasts_too_long_ends_after_seven_seconds() -> None:
    (cue,) = shown(Heard(2.0, 20.0, "Hmm.", "en", [("Hmm.", 2.0, 20.0)]))
    assert (cue.begin_ms, cue.end_ms) == (2000, 9000)


def test_without_times_of_words_a_text_is_shared_out_by_its_length() -> None:
    text = "One sentence that has forty characters. " * 4
    found = shown(Heard(0.0, 16.0, text.strip(), "en", None))
    assert [cue.begin_ms for cue in found] == pytest.approx([0, 4000, 8000, 12_000], abs=110)


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() -> None:
    text = "彼は「映画が好きです」と言いました。しかし、「音楽」も好きだと、何度も何度も言っていました！"  # noqa: RUF001
    for length in [length for length in range(20, len(text)) if text[length - 1] != "「"]:
        for cue in shown(evenly(text[:length], 0.0, 9.0, "ja")):
            for line in cue.lines:
                assert line[0] not in "」。、！っー"  # noqa: RUF001
                assert line[-1] not in "「"


def test_korean_is_cut_at_spaces() -> None:
    text = "저는 어제 친구와 함께 극장에서 새로운 영화를 보았는데 정말 재미있었습니다."
    lines = [line for cue in shown(evenly(text, 0.0, 6.0, "ko")) for line in cue.lines]
    assert " ".join(lines) == text
    assert len(lines) > 1


@pytest.mark.parametrize(
    ("language", "text", "embedded"),
    [
        ("he", "Windows 11 הוא מערכת הפעלה.", True),
        ("ar", "مرحبا بالعالم.", True),
        ("en", "שלום עולם.", True),
        ("en", "He said שלום to me.", False),
        ("he", "OK, bye.", False),
    ],
)
def test_what_is_read_from_the_right_says_so(language: str, text: str, embedded: bool) -> None:
    expected = f"\u202b{text}\u202c" if embedded else text
    for form in FORMS:
        assert subtitles([Heard(0.0, 2.0, text, language, None)], form).split("\n")[-3] == expected


def test_controls_of_direction_in_a_text_are_left_out() -> None:
    assert texts(Heard(0.0, 2.0, "a\u202eb\u2066c", "en", None)) == ["abc"]
    assert texts(Heard(0.0, 2.0, "\u202e", "en", None)) == []


def test_an_address_is_broken_only_where_it_is_wider_than_a_line() -> None:
    fits = "https://example.org/some/path"
    assert texts(evenly(f"Look at the page {fits} for more.", 0.0, 4.0)) == [f"Look at the page|{fits} for more."]
    long = "https://example.org/some/very/long/path/that/does/not/fit?query=1"
    lines = [line for cue in shown(evenly(f"Look {long} now", 0.0, 6.0)) for line in cue.lines]
    assert long in "".join(lines)
    assert any(line.endswith("/") for line in lines)


def test_markup_is_text() -> None:
    one = Heard(0.0, 2.0, "a <b> & c --> {d}", "en", None)
    assert subtitles([one], "srt").split("\n")[2] == "a ‹b> & c → (d)"  # noqa: RUF001
    assert subtitles([one], "vtt").split("\n")[3] == "a &lt;b&gt; &amp; c --&gt; {d}"


def test_widths_are_those_of_unicode() -> None:
    every = map(chr, range(sys.maxunicode + 1))
    known = [char for char in every if unicodedata.category(char) not in ("Cn", "Cs", "Co")]
    wrong = [
        char
        for char in known
        if script.width(char) and (script.width(char) == 2) != (unicodedata.east_asian_width(char) in "WF")
    ]
    assert wrong == []
