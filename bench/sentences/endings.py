"""How speech that is finished, and speech that goes on, is taken at a pause: in 100 prompts of each, by language.

    python -m bench.sentences.endings [--languages en fr] [--first 60] [--last 140] [--model base]

Each prompt as it is and up to the quietest place of its middle third, where it goes on, with the 0.2 s of quiet behind
which a worker looks. The thresholds (stt_worker/sentences/ending.py) were chosen with the prompts from 60 on. Much of
what goes on is a sentence to the eye: no way can tell it from a finished one.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np

from bench.files import say, table
from bench.sentences.pauses import quiet_place
from bench.sentences.speakers import LONGEST_SEC
from contract.audio import SAMPLE_RATE_HZ
from contract.events import Ending
from contract.jobs import AnalyzeJob, UtteranceJob
from harness.human_voices import Clip, clips
from stt_worker.engine.load import load_engine
from stt_worker.sentences.ending import ending_of
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.recognition import Recognition, Recording
from stt_worker.utterances.speech_check import SpeechCheck

QUIET_SEC = 0.2
ENDINGS: tuple[Ending, ...] = ("sentence", "likely", "open", "silence")


def look(recognition: Recognition, clip: Clip, until: int) -> Ending:
    """What a worker says of the clip up to this sample."""
    quiet = np.zeros(int(QUIET_SEC * SAMPLE_RATE_HZ), clip.samples.dtype)
    pcm = np.concatenate([clip.samples[:until], quiet]).astype("<i2").tobytes()
    job = UtteranceJob(session="e" * 32, start=0, end=len(pcm) // 2, language=clip.language)
    verdict = recognition.look(Recording(job, pcm), lambda: None)
    if not isinstance(verdict, AnalyzeJob):
        return "silence"
    return ending_of(verdict, recognition.sentence_end, recognition.phrase_end)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", nargs="+", default=["en", "es", "fr", "it", "ru"])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, default=60)
    parser.add_argument("--model", default="base")
    args = parser.parse_args()
    settings = SttSettings(whisper_model=args.model)
    engine = load_engine(settings)
    engine.warm_up()
    recognition = Recognition(settings, SpeechCheck(settings), engine, DraftCache())
    rows = []
    for language in args.languages:
        spoken = [one for one in clips(language, args.last)[args.first :] if one.sec < LONGEST_SEC]
        for kind in ("finished", "goes on"):
            taken = Counter(
                look(recognition, one, len(one.samples) if kind == "finished" else quiet_place(one)) for one in spoken
            )
            rows.append(
                [language, kind, len(spoken), *(f"{100 * taken[ending] / len(spoken):.0f}" for ending in ENDINGS)]
            )
            say(f"{rows[-1]}")
    say(table(["language", "speech", "prompts", *(f"{ending}, %" for ending in ENDINGS)], rows))


if __name__ == "__main__":
    main()
