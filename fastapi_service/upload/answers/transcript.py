"""What was said in a file, from its segments. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from contract.messages import Dropped, Error, Gap, Result
from contract.state.files import FileJob, FileSegment, FileTurn
from fastapi_service.upload.answers.english import NO_ENGLISH, in_english
from fastapi_service.upload.answers.lines import Line, Voices, lines_of, one_line
from fastapi_service.upload.options import Task

UNSPACED = {"zh", "yue", "ja", "th", "lo", "my"}  # written without spaces between words


@dataclass(frozen=True)
class Added:
    """A segment that was taken, undivided: its number among those with words, and what it adds to the text."""

    number: int
    line: Line
    delta: str


class Transcript:
    """The segments of a file so far; with the task `translate` in English. `speakers`: it was asked who speaks."""

    def __init__(self, file_id: str, task: Task = "transcribe", job: FileJob | None = None) -> None:
        self.file_id = file_id
        self.task: Task = task
        self.speakers = job is not None and job.speakers
        self.gaps: list[Gap] = []
        self.failed: list[tuple[FileSegment, Error]] = []
        self.turns: Sequence[FileTurn] = ()
        self.words_asked = not self.speakers or (job is not None and job.word_times)  # else they only divide texts
        self._spoken: list[tuple[FileSegment, Result]] = []

    def add(self, segment: FileSegment) -> Added | None:
        """Take the next segment; None where it has no words."""
        if self.task == "translate":
            segment = in_english(segment)
        outcome = segment.outcome
        if isinstance(outcome, Error):
            self.failed.append((segment, outcome))
        if isinstance(outcome, Dropped) and outcome.reason != "no_speech":
            self.gaps.append(Gap(start_sec=segment.start_sec, end_sec=segment.end_sec, reason=outcome.reason))
        if not isinstance(outcome, Result) or not outcome.text.strip():
            return None
        if segment.channel is not None:
            outcome = outcome.model_copy(update={"channel": segment.channel})
        before = self._spoken[-1][1].text if self._spoken else ""
        self._spoken.append((segment, outcome))
        self.gaps += outcome.gaps
        line = Line(segment.start_sec, segment.end_sec, outcome)
        return Added(len(self._spoken) - 1, line, glue(before, outcome) + one_line(outcome.text))

    @property
    def lines(self) -> list[Line]:
        """What was said, divided among the speakers by `turns` where these were asked for."""
        if not self.speakers:
            return [Line(segment.start_sec, segment.end_sec, result) for segment, result in self._spoken]
        return [line for segment, result in self.told() for line in lines_of(segment, result)]

    def told(self) -> list[tuple[FileSegment, Result]]:
        """The segments with words, each in one line and with its turns."""
        voices = Voices(self.turns)
        return [(segment, voices.told(segment, result)) for segment, result in self._spoken]

    @property
    def lacks_speakers(self) -> bool:
        """Whether nobody can tell who spoke any of it, though that was asked."""
        return self.speakers and not self.turns and any(result.channel is None for _, result in self._spoken)

    @property
    def text(self) -> str:
        """All that was said."""
        pieces: list[str] = []
        before = ""
        for _, result in self._spoken:
            pieces += [glue(before, result), one_line(result.text)]
            before = result.text
        return "".join(pieces)

    @property
    def untranslated(self) -> str | None:
        """Why more of what was said is missing in English than is there; None where it is not."""
        missing = [(segment, error) for segment, error in self.failed if error.code == NO_ENGLISH]
        lost = sum(segment.end - segment.start for segment, _ in missing)
        there = sum(segment.end - segment.start for segment, _ in self._spoken)
        return missing[0][1].message if lost > there else None

    @property
    def language(self) -> str:
        """The language that was spoken for longest."""
        lasted: Counter[str] = Counter()
        for segment, result in self._spoken:
            lasted[result.language] += segment.end - segment.start
        return lasted.most_common(1)[0][0] if lasted else ""


def glue(before: str, result: Result) -> str:
    """What stands between the text `before` and that of `result`: nothing where its language has no spaces, unless two
    words of Latin script would become one."""
    if not before:
        return ""
    joint = f"{before.rstrip()[-1:]}{result.text.lstrip()[:1]}"
    latin = re.fullmatch("[!-~\u00c0-\u024f][0-9A-Za-z\u00c0-\u024f]", joint)
    return " " if latin or result.language not in UNSPACED else ""
