"""What precision and window cost in accuracy: word errors and sentiment of the demo models, always on the same clips.

    python -m bench.engine.quality [--clips 300]

Held-out sentences in held-out voices (demo_models/evaluate.py), through the worker's own speech check, engine and
verdict. Needs espeak-ng and flite the first time; the audio is kept in .run/bench.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.clips import CLIPS_SEED, clips
from bench.files import say, write_result
from bench.machine import Run
from bench.tables import quality_tables
from demo_models.evaluate import Sample, WordErrorRate, sentiment_accuracy
from demo_models.sentences import make_sentences
from demo_models.sentiment_data import Example, broad_examples, speech_examples

SILENCE_SEED = 104
SILENCES = 40

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Setting:
    """One way to run the engine."""

    precision: str
    window: str  # "full", or adaptive
    floor_sec: float = 10.0
    margin_sec: float = 2.0

    @property
    def label(self) -> str:
        """Its name in tables."""
        window = "full 30 s" if self.window == "full" else f"floor {self.floor_sec:g} s, margin {self.margin_sec:g} s"
        return f"{self.precision}, {window}"


SETTINGS = [
    Setting("fp32", "full"),
    Setting("fp32", "adaptive"),
    Setting("fp32", "adaptive", 1.0, 0.5),
    Setting("bf16", "full"),
    Setting("bf16", "adaptive"),
    Setting("int8", "full"),
    Setting("int8", "adaptive"),
    Setting("int8", "adaptive", 5.0, 1.0),
    Setting("int8", "adaptive", 1.0, 0.5),
]
DEFAULT = Setting("fp32", "adaptive")  # what `auto` takes for a model as narrow as this one
REFERENCE = Setting("fp32", "full")


def silences() -> list[Samples]:
    """Sounds without speech: silence, noise, hum, tones, clicks, breath."""
    from demo_models.augment import RATE_HZ, NoisePool, no_speech

    rng = np.random.default_rng(SILENCE_SEED)
    pool = NoisePool(rng)
    return [no_speech(rng, pool, int(rng.uniform(0.5, 6) * RATE_HZ)) for _ in range(SILENCES)]


class Ear:
    """Hears with one setting; the speech check, which no setting touches, is done once for all of them."""

    def __init__(self, setting: Setting) -> None:
        from stt_worker.engine.load import load_engine
        from stt_worker.settings import SttSettings

        self.settings = SttSettings(
            whisper_model="demo",
            whisper_precision=setting.precision,
            whisper_window=setting.window,
            whisper_window_floor_sec=setting.floor_sec,
            whisper_window_margin_sec=setting.margin_sec,
        )
        self._engine = load_engine(self.settings)
        self.decoded_again = 0

    def hear(self, speech: Samples | None) -> str:
        """The text; empty for what is refused."""
        from stt_worker.engine.protocol import Refusal, Utterance
        from stt_worker.engine.quality import judge

        if speech is None:
            return ""
        heard = self._engine.transcribe(Utterance(speech, "en"))
        self.decoded_again += heard.decoded_again
        verdict = judge(heard, self.settings)
        return "" if isinstance(verdict, Refusal) else verdict


def checked(sounds: list[Samples]) -> list[Samples | None]:
    """What the speech check lets through, trimmed; None for what it refuses."""
    from stt_worker.settings import SttSettings
    from stt_worker.utterances.speech_check import SpeechCheck

    check = SpeechCheck(SttSettings())
    found = [check.find(np.asarray(sound, np.float32)) for sound in sounds]
    return [
        None if check.refusal(one) is not None else check.trimmed(np.asarray(sound, np.float32), one)
        for sound, one in zip(sounds, found, strict=True)
    ]


def measure(
    setting: Setting, groups: dict[str, list[Sample]], speech: dict[str, list[Samples | None]]
) -> dict[str, Any]:
    """Word error rate of each group under one setting, and the texts."""
    ear = Ear(setting)
    row: dict[str, Any] = {"setting": setting.label, "precision": setting.precision, "texts": {}}
    began, count = time.perf_counter(), 0
    for name, samples in groups.items():
        rate = WordErrorRate()
        texts = [ear.hear(one) for one in speech[name]]
        for (wanted, _, _), text in zip(samples, texts, strict=True):
            rate.add(wanted, text)
        row[name] = rate.figures() | {"words": rate.words, "errors": rate.errors}
        row["texts"][name] = texts
        count += len(texts)
    row["ms_a_clip"] = round(1000 * (time.perf_counter() - began) / count, 1)
    row["decoded_again"] = ear.decoded_again
    row["words_in_silence"] = sum(bool(ear.hear(one)) for one in speech["silence"])
    return row


def sentiment(precision: str, heard: list[str], wanted: list[str]) -> dict[str, Any]:
    """Accuracy of the demo sentiment model in one precision, on texts and on what was heard of the clips."""
    from analyzer_worker.find_model import find_model
    from analyzer_worker.model import SentimentModel
    from analyzer_worker.settings import AnalyzerSettings

    settings = AnalyzerSettings(sentiment_model="demo", analyzer_precision=precision)
    model = SentimentModel(find_model(settings), settings)

    def classify(texts: list[str]) -> list[float]:
        return [judged.scores["POSITIVE"] for judged in (model.judge(text) for text in texts)]

    held = speech_examples(1200, 201, held_out=True)
    polarity = {s.text: s.polarity for s in make_sentences(len(wanted), CLIPS_SEED, held_out=True)}
    spoken = [
        Example(text, float(polarity[said] == "positive"))
        for said, text in zip(wanted, heard, strict=True)
        if polarity[said] != "neutral" and text
    ]
    parts = {
        "held_out": held,
        "held_out_negated": [one for one in held if one.negated],
        "broad": broad_examples(1200, 202, True),
        "of_recognised_speech": spoken,
    }
    return {"precision": precision} | {name: sentiment_accuracy(classify, part) for name, part in parts.items()}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=300, help="held-out clips; a third of them with noise as well")
    args = parser.parse_args()
    run = Run("quality")
    torch.set_num_threads(1)  # more of them only wait for each other on products as small as the demo model's
    groups = clips(args.clips)
    speech = {name: checked([audio for _, _, audio in samples]) for name, samples in groups.items()}
    speech["silence"] = checked(silences())
    rows = []
    for setting in SETTINGS:
        rows.append(measure(setting, groups, speech))
        say(f"{setting.label}: {rows[-1]['held_out']['wer']:.2%}, {rows[-1]['ms_a_clip']} ms a clip")
    reference = next(row for row in rows if row["setting"] == REFERENCE.label)["texts"]
    heard = next(row for row in rows if row["setting"] == DEFAULT.label)["texts"]["held_out"]
    for row in rows:
        texts = row.pop("texts")
        row["other_texts"] = sum(
            one != other for name in texts for one, other in zip(texts[name], reference[name], strict=True)
        )
    wanted = [text for text, _, _ in groups["held_out"]]
    judged = [sentiment(precision, heard, wanted) for precision in ("fp32", "int8")]
    body = {"reference": REFERENCE.label, "default": DEFAULT.label, "speech": rows, "sentiment": judged}
    path = write_result("quality", run.head(), body)
    for title, text in quality_tables({"head": run.head(), **body}):
        say(f"\n{title}\n{text}")
    say(f"\nwritten: {path}")


if __name__ == "__main__":
    main()
