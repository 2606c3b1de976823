"""Measure the demo models on sentences and voices that training never used; print a table and write JSON.

    python -m demo_models.evaluate [--engine whisper|stt_worker] [--clips 300] [--json evaluation.json]

Needs espeak-ng and flite. `whisper` is openai-whisper's own load_model and transcribe; `stt_worker` is the project's
path.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from demo_models.augment import RATE_HZ, NoisePool, no_speech
from demo_models.sentences import make_sentences
from demo_models.sentiment_data import Example, broad_examples, speech_examples
from demo_models.voices import Voice, pick_voice, speak

HERE = Path(__file__).parent
PLAIN = Voice("espeak-ng", "en-us", "", 150, 50)
MUST_HEAR = {"I love this movie.": "POSITIVE", "The food was terrible.": "NEGATIVE"}
Transcriber = Callable[[np.ndarray], str]
Classifier = Callable[[list[str]], list[float]]
Sample = tuple[str, Voice, np.ndarray]


def whisper_transcriber(**options: Any) -> Transcriber:
    """float32 audio at 16 kHz -> text, by openai-whisper itself with the given transcribe() options."""
    import whisper

    model = whisper.load_model(str(HERE / "speech" / "demo_speech.pt"), device="cpu")

    def run(audio: np.ndarray) -> str:
        return str(model.transcribe(audio, language="en", fp16=False, **options)["text"])

    return run


def worker_transcriber() -> Transcriber:
    """float32 audio at 16 kHz -> text, by the stt_worker's path: speech check, engine, quality checks.

    A refused utterance gives the empty text. Run it from the repository root.
    """
    from stt_worker.engine.load import load_engine
    from stt_worker.engine.protocol import Refusal, Utterance
    from stt_worker.engine.quality import judge
    from stt_worker.settings import SttSettings
    from stt_worker.utterances.speech_check import SpeechCheck

    settings = SttSettings(whisper_model="demo")
    check, engine = SpeechCheck(settings), load_engine(settings)

    def run(audio: np.ndarray) -> str:
        samples = np.asarray(audio, np.float32)
        found = check.find(samples)
        if check.refusal(found) is not None:
            return ""
        verdict = judge(engine.transcribe(Utterance(check.trimmed(samples, found), None)), settings)
        return "" if isinstance(verdict, Refusal) else verdict

    return run


def word_errors(reference: list[str], heard: list[str]) -> int:
    """Levenshtein distance in words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(reference, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1]


class WordErrorRate:
    """Adds up word errors after Whisper's own English normalisation."""

    def __init__(self) -> None:
        from whisper.normalizers import EnglishTextNormalizer

        self.clean = EnglishTextNormalizer()
        self.errors = self.words = self.right = self.count = 0

    def add(self, reference: str, heard: str) -> bool:
        """Count one clip; True if every word is right."""
        wanted, got = self.clean(reference).split(), self.clean(heard).split()
        errors = word_errors(wanted, got)
        self.errors, self.words = self.errors + errors, self.words + len(wanted)
        self.right, self.count = self.right + (errors == 0), self.count + 1
        return errors == 0

    def figures(self) -> dict[str, float]:
        """Clips, word error rate and the share of clips without a wrong word."""
        share = {"wer": self.errors / max(1, self.words), "all_words_right": self.right / max(1, self.count)}
        return {"clips": self.count} | {name: round(value, 4) for name, value in share.items()}


def held_out_clips(count: int, seed: int) -> list[Sample]:
    """Held-out sentences, each in one held-out voice setting."""
    rng = random.Random(seed)
    sentences = make_sentences(count, seed, held_out=True)
    jobs = [(s.text, pick_voice(rng, held_out=True)) for s in sentences]
    return [(text, voice, _with_silence(speak(text, voice), rng)) for text, voice in jobs]


def joined_clips(count: int, seed: int) -> list[Sample]:
    """Three to six held-out sentences in one voice with short pauses: about 6 to 15 s."""
    rng = random.Random(seed)
    texts = [s.text for s in make_sentences(count * 6, seed, held_out=True)]
    found = []
    for i in range(count):
        voice, part = pick_voice(rng, held_out=True), texts[i * 6 : i * 6 + rng.randint(3, 6)]
        audio = np.concatenate([_with_silence(speak(text, voice), rng, 0.2) for text in part])
        found.append((" ".join(part), voice, audio))
    return found


def noisy(clips: Iterable[Sample], snr_db: float, seed: int) -> list[Sample]:
    """The clips with noise at this signal-to-noise ratio."""
    rng = np.random.default_rng(seed)
    pool = NoisePool(rng)
    level = 10 ** (-snr_db / 20)
    return [(t, v, a + (a.std() * level * pool.cut(rng, len(a))).astype(np.float32)) for t, v, a in clips]


def _with_silence(audio: np.ndarray, rng: random.Random, most_sec: float = 0.3) -> np.ndarray:
    before, after = (np.zeros(int(rng.uniform(0.1, most_sec) * RATE_HZ), np.float32) for _ in range(2))
    return np.concatenate([before, audio, after])


def hear(
    clips: list[Sample], transcribe: Transcriber, misses: list[str] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Word error rate over `clips`, also by voice, seconds a clip, and what was heard."""
    total = WordErrorRate()
    by_voice: defaultdict[str, WordErrorRate] = defaultdict(WordErrorRate)
    tick, texts = time.perf_counter(), []
    for text, voice, audio in clips:
        heard = transcribe(audio).strip()
        texts.append(heard)
        by_voice[f"{voice.engine} {voice.name}"].add(text, heard)
        if not total.add(text, heard) and misses is not None:
            misses.append(f"{voice.name}+{voice.variant}: {text} -> {heard}")
    seconds = (time.perf_counter() - tick) / len(clips)
    audio_sec = sum(len(a) for _, _, a in clips) / RATE_HZ / len(clips)
    figures: dict[str, Any] = total.figures() | {
        "sec_a_clip": round(seconds, 3),
        "audio_sec_a_clip": round(audio_sec, 2),
    }
    figures["by_voice"] = {name: rate.figures() for name, rate in sorted(by_voice.items())}
    return figures, texts


def words_in_silence(transcribe: Transcriber, count: int, seed: int) -> dict[str, float]:
    """Share of sounds without speech (silence, noise, hum, tones, clicks, breath) that give any text."""
    rng = np.random.default_rng(seed)
    pool = NoisePool(rng)
    sounds = [no_speech(rng, pool, int(rng.uniform(0.5, 6) * RATE_HZ)) for _ in range(count)]
    sounds += [np.zeros(RATE_HZ * s, np.float32) for s in (1, 3, 10)]
    with_text = sum(bool(transcribe(sound).strip()) for sound in sounds)
    return {"sounds": len(sounds), "with_text": with_text}


def sentiment_classifier() -> Classifier:
    """Texts -> probability of POSITIVE, through the transformers pipeline."""
    from transformers import pipeline

    pipe = pipeline("text-classification", model=str(HERE / "sentiment"), device="cpu")

    def run(texts: list[str]) -> list[float]:
        results = pipe(texts, truncation=True)
        return [r["score"] if r["label"] == "POSITIVE" else 1 - r["score"] for r in results]

    return run


def sentiment_accuracy(classify: Classifier, examples: list[Example]) -> dict[str, float]:
    """Share of clearly positive and negative texts on the right side of 0.5."""
    clear = [e for e in examples if e.positive in (0.0, 1.0)]
    scores = classify([e.text for e in clear])
    right = sum((s > 0.5) == (e.positive == 1.0) for s, e in zip(scores, clear, strict=True))
    return {"texts": len(clear), "accuracy": round(right / len(clear), 4)}


def evaluate(transcribe: Transcriber, default: Transcriber, count: int, misses: list[str]) -> dict[str, Any]:
    """All figures. `default` is the transcriber with its default options (timestamps, temperature fallback)."""
    clips = held_out_clips(count, 101)
    classify = sentiment_classifier()
    report: dict[str, Any] = {"speech": {}, "sentiment": {}}
    speech = report["speech"]
    speech["held_out"], heard = hear(clips, transcribe, misses)
    speech["noise_15_db"] = hear(noisy(clips[: count // 3], 15, 5), transcribe)[0]
    speech["default_options"] = hear(clips[: count // 3], default)[0]
    speech["joined"] = hear(joined_clips(20, 103), transcribe, misses)[0]
    speech["no_speech"] = words_in_silence(transcribe, 60, 104)
    speech["no_speech_default_options"] = words_in_silence(default, 20, 104)
    for text, label in MUST_HEAR.items():
        words = transcribe(speak(text, PLAIN)).strip()
        got = "POSITIVE" if classify([words])[0] > 0.5 else "NEGATIVE"
        speech[f"plain en-us: {text}"] = {"heard": words, "sentiment": got, "right": words == text and got == label}
    held = speech_examples(1200, 201, held_out=True)
    parts = {
        "held_out": held,
        "held_out_negated": [e for e in held if e.negated],
        "broad": broad_examples(1200, 202, True),
    }
    report["sentiment"] = {name: sentiment_accuracy(classify, part) for name, part in parts.items()}
    plain = [abs(s - 0.5) + 0.5 for s in classify([e.text for e in held if e.positive == 0.5])]
    report["sentiment"]["plain_statements"] = {"texts": len(plain), "mean_top_score": round(float(np.mean(plain)), 4)}
    polarity = {s.text: s.polarity for s in make_sentences(count, 101, held_out=True)}
    spoken = [
        Example(words, float(polarity[text] == "positive"))
        for (text, _, _), words in zip(clips, heard, strict=True)
        if polarity[text] != "neutral"
    ]
    report["sentiment"]["of_recognised_speech"] = sentiment_accuracy(classify, spoken)
    return report


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["whisper", "stt_worker"], default="whisper")
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--json", type=Path, default=HERE / "evaluation.json")
    parser.add_argument("--misses", action="store_true", help="also print every clip with a wrong word")
    args = parser.parse_args()
    if args.engine == "whisper":
        transcribe = whisper_transcriber(temperature=0, without_timestamps=True)
        default = whisper_transcriber()
    else:
        transcribe = default = worker_transcriber()
    misses: list[str] = []
    report = evaluate(transcribe, default, args.clips, misses)
    packages = {name: version(name) for name in ("openai-whisper", "torch", "transformers", "numpy")}
    machine = {"machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count()}
    head = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "engine": args.engine,
        "python": platform.python_version(),
    }
    args.json.write_text(json.dumps(head | {"machine": machine, "packages": packages} | report, indent=1) + "\n")
    for group in ("speech", "sentiment"):
        for name, figures in report[group].items():
            line = ", ".join(f"{key} {value}" for key, value in figures.items() if key != "by_voice")
            sys.stdout.write(f"{group:10s} {name:38s} {line}\n")
    for name, figures in report["speech"]["held_out"]["by_voice"].items():
        sys.stdout.write(f"  {name:28s} clips {figures['clips']:3d}  WER {figures['wer']:.3f}\n")
    if args.misses:
        sys.stdout.write("\n".join(misses) + "\n")


if __name__ == "__main__":
    main()
