"""Cues as SubRip and as WebVTT (https://www.w3.org/TR/webvtt1/). Pure; index.js is the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fastapi_service.subtitles import script
from fastapi_service.subtitles.cues import Cue, cues_of, label
from fastapi_service.subtitles.pieces import Spoken

# Embedding alone turns a line in players that lay out left to right whatever it begins with (libass, VLC).
RIGHT_TO_LEFT, OVER = "\u202b", "\u202c"


def srt(results: Sequence[Spoken]) -> str:
    """SubRip. A speaker is named where they begin to speak: `Speaker 1: Hello.`"""
    blocks = []
    for number, cue in enumerate(cues_of(results), 1):
        name = label(cue.speaker) if cue.speaker is not None and cue.named else ""
        blocks.append(f"{number}\n{_times(cue, ',')}\n{_text(cue, _srt_text, name)}\n\n")
    return "".join(blocks)


def vtt(results: Sequence[Spoken]) -> str:
    """WebVTT. The speaker of a cue is its voice: `<v Speaker 1>Hello.`, which ends with the cue."""
    blocks = (f"{_times(cue, '.')}\n{_voice(cue)}{_text(cue, _vtt_text)}\n\n" for cue in cues_of(results))
    return "WEBVTT\n\n" + "".join(blocks)


def _voice(cue: Cue) -> str:
    return "" if cue.speaker is None else f"<v {_vtt_text(script.one_line(cue.speaker))}>"


def _text(cue: Cue, safe: Callable[[str], str], name: str = "") -> str:
    lines = [safe(name * (number == 0) + line) for number, line in enumerate(cue.lines)]
    return "\n".join(f"{RIGHT_TO_LEFT}{line}{OVER}" if cue.right_to_left else line for line in lines)


def _srt_text(text: str) -> str:
    """SubRip cannot write what players take for times, tags or {\\commands}: other characters take their place."""
    text = re.sub("<(?=[/A-Za-z])", "\u2039", re.sub("-{2,}>", "\u2192", text))
    return text.replace("{", "(").replace("}", ")")


def _vtt_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _times(cue: Cue, point: str) -> str:
    return f"{_clock(cue.begin_ms, point)} --> {_clock(cue.end_ms, point)}"


def _clock(time_ms: int, point: str) -> str:
    """As 00:03:07.120; hours take more digits when they need them."""
    minutes, rest = divmod(time_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"
