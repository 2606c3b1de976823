"""Files of human speech through stt_worker's own path: words wrong, the longest run of words missing, seconds.

    python -m bench.voices.worker_path [--languages en,es] [--prompts 50] [--skip 0] [--volumes 10] [--detect] [--clips]

Fifty telephone prompts a language (harness/human_voices.py) with 0.6 s between them, cut as file_worker cuts a
file, on `base`. `--volumes`: the English one also so many times, a volume 1 % lower each. `--clips`: each prompt alone.
Every segment is heard by every way before the next one, so that a slow moment of the machine meets all of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.files import say
from contract.audio import SAMPLE_RATE_HZ
from contract.jobs import AnalyzeJob, UtteranceJob
from file_worker.segments import Lengths, Segment, SegmentCutter
from file_worker.settings import FileSettings
from harness.human_voices import VOICES, Clip, clips, word_errors
from stt_worker.engine.load import load_engine
from stt_worker.engine.threads import use_threads
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.recognition import Recognition, Recording
from stt_worker.utterances.speech_check import SpeechCheck

GAP_SEC = 0.6
FIRST_VOLUME = 0.95
SESSION = "bench-of-files-in-human-voices"
WAYS: dict[str, dict[str, float | str]] = {
    "no look at cover": {"cover_hole_sec": 30.0},
    "default": {},
    "margin 5": {"whisper_window_margin_sec": 5.0},
    "full": {"whisper_window": "full"},
    "fp32 full": {"whisper_window": "full", "whisper_precision": "fp32"},
}


@dataclass
class Way:
    """One way to hear, and what it made of a file. `before`: letters of the text before that it is told as a prompt.
    `gaps`: seconds of speech that it says gave no words."""

    label: str
    recognition: Recognition
    before: int = 0
    texts: list[str] = field(default_factory=list)
    sec: float = 0.0
    gaps: float = 0.0
    again: int = 0
    dropped: list[str] = field(default_factory=list)

    def hear(self, segments: Sequence[Segment], language: str | None) -> None:
        """Segments of the file that go through the model together."""
        before = " ".join(self.texts)[-self.before :].partition(" ")[2] if self.before else ""
        recordings = [
            Recording(
                UtteranceJob(session=SESSION, start=one.start, end=one.end, language=language, hints=before), one.pcm
            )
            for one in segments
        ]
        began = time.monotonic()
        verdicts = self.recognition.verdicts(recordings)
        self.sec += time.monotonic() - began
        for verdict in verdicts:
            if isinstance(verdict, AnalyzeJob):
                self.texts.append(verdict.text)
                self.gaps += sum(gap.end_sec - gap.start_sec for gap in verdict.gaps)
                self.again += verdict.decoded_again
            elif verdict.type == "dropped":
                self.dropped.append(verdict.reason)


def segments(spoken: list[Clip], volume: float, apart: bool, lengths: Lengths) -> list[Segment]:
    """The prompts as file_worker cuts one recording of them; `apart`: one segment each."""
    pieces = [np.round(one.samples * volume).astype("<i2") for one in spoken]
    if apart:
        return [Segment(0, len(piece), piece.tobytes()) for piece in pieces]
    gap = np.zeros(int(GAP_SEC * SAMPLE_RATE_HZ), "<i2")
    cutter = SegmentCutter(lengths)
    whole = np.concatenate([part for piece in pieces for part in (piece, gap)])
    return [*cutter.feed(whole.tobytes()), *cutter.finish()]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", default=",".join(VOICES))
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--skip", type=int, default=0, help="leave so many prompts out: others than limits were set on")
    parser.add_argument("--volumes", type=int, default=10)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--together", type=int, default=FileSettings().file_segments_together)
    parser.add_argument("--before", type=int, default=0, help="letters of the text before as a prompt")
    parser.add_argument("--segment-sec", type=float, default=Lengths().segment_sec)
    parser.add_argument("--segment-min-sec", type=float, default=Lengths().segment_min_sec)
    parser.add_argument("--clips", action="store_true", help="each prompt alone instead of a file")
    parser.add_argument("--detect", action="store_true", help="do not tell the language")
    parser.add_argument("--translate", action="store_true", help="into English, too, as the workers do by default")
    parser.add_argument("--words", action="store_true", help="print the runs of words that are missing")
    asked = parser.parse_args()
    lengths = Lengths(asked.segment_sec, asked.segment_min_sec)
    engine_settings = SttSettings(whisper_model="base", stt_translate=asked.translate)
    use_threads(engine_settings.stt_threads, False)
    settings = {
        label: engine_settings.model_copy(update=changes)
        for label, changes in WAYS.items()
        if label in asked.ways.split(",")
    }
    check = SpeechCheck(engine_settings)
    check.warm_up()
    engines = {label: load_engine(one) for label, one in settings.items()}
    say("| file | volume | way | words wrong | words missing in a row | s | decoded again | gaps, s | dropped |")
    say("|---|---|---|---|---|---|---|---|---|")
    for language in asked.languages.split(","):
        spoken = clips(language, asked.skip + asked.prompts)[asked.skip :]
        text = " ".join(one.text for one in spoken)
        volumes = [FIRST_VOLUME - 0.01 * step for step in range(asked.volumes)] if language == "en" else []
        for volume in [1.0, *volumes]:
            ways = [
                Way(label, Recognition(settings[label], check, engine, DraftCache()), asked.before)
                for label, engine in engines.items()
            ]
            cut = segments(spoken, volume, asked.clips, lengths)
            for first in range(0, len(cut), asked.together):
                for way in ways:
                    way.hear(cut[first : first + asked.together], None if asked.detect else language)
            for way in ways:
                found = word_errors(language, text, " ".join(way.texts))
                longest = max((len(run.split()) for run in found.lost), default=0)
                say(
                    f"| {language}, {sum(one.sec for one in spoken):.0f} s | {volume:.2f} | {way.label} | "
                    f"{100 * found.rate:.1f} % | {longest} | {way.sec:.1f} | {way.again} | {way.gaps:.1f} | "
                    f"{' '.join(way.dropped)} |"
                )
                if asked.words:
                    for run in found.lost:
                        say(f"    {run}")


if __name__ == "__main__":
    main()
