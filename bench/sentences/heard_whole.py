"""Words wrong of prompts with a pause inside that are heard whole, not live: what making them costs.

    python -m bench.sentences.heard_whole [--prompts 40]

A place where a word ends is known to a tenth of a second, so some words are cut. Live figures (bench.sentences.measure)
are read beside these.
"""

from __future__ import annotations

import argparse

from bench.files import say, table
from bench.sentences.measure import kinds_of
from bench.sentences.speakers import LONGEST_SEC
from contract.jobs import AnalyzeJob, UtteranceJob
from harness.human_voices import Clip, WordErrors, clips, word_errors
from stt_worker.engine.load import load_engine
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.recognition import Recognition, Recording
from stt_worker.utterances.speech_check import SpeechCheck


def errors_of(recognition: Recognition, clip: Clip) -> WordErrors:
    """Those of one final."""
    job = UtteranceJob(session="h" * 32, start=0, end=len(clip.samples), language=clip.language)
    (verdict,) = recognition.verdicts([Recording(job, clip.pcm)])
    text = verdict.text if isinstance(verdict, AnalyzeJob) else ""
    return word_errors(clip.language, clip.text, text)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=40)
    args = parser.parse_args()
    settings = SttSettings(whisper_model="base")
    engine = load_engine(settings)
    recognition = Recognition(settings, SpeechCheck(settings), engine, DraftCache())
    spoken = [one for one in clips("en", args.prompts) if one.sec < LONGEST_SEC]
    rows = []
    for kind, sounds in kinds_of(spoken, engine).items():
        total = sum((errors_of(recognition, one) for one in sounds), WordErrors(0, 0))
        rows.append([kind, len(sounds), f"{total.rate:.1%}"])
    say(table(["sentences", "prompts", "words wrong"], rows))


if __name__ == "__main__":
    main()
