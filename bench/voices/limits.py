"""What the speech worker's thresholds do to human speech: all of it was truly said, so each drop is a loss.

Each recording is heard twice with the default precision and window: with every threshold out of the way, and with the
defaults. So what each limit would say of the first text is known, and what came of decoding again.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from bench.voices.ways import Heard, Way, WorkerWay
from contract.audio import FULL_SCALE
from harness.human_voices import MIN_WORDS, Clip, WordErrors, clip, prompts, word_errors
from stt_worker.engine.quality import has_loops
from stt_worker.settings import SttSettings
from stt_worker.utterances.speech_check import SpeechCheck


def limits_row(language: str, clips: list[Clip], bare: WorkerWay, default: Way) -> dict[str, Any]:
    """One language: how often each limit is passed, what is dropped, and words wrong before and after."""
    settings = SttSettings()
    passed: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    before = after = WordErrors(0, 0)
    first_texts: list[Heard] = []
    for one in clips:
        first, kept = bare.hear(one), default.hear(one)
        if first.refused:  # by the speech check, which has no part in this
            dropped[f"speech check: {first.refused}"] += 1
            continue
        first_texts.append(first)
        found = [name for name, limit in _limits(first, settings).items() if limit]
        passed.update(found)
        passed["decoded again"] += kept.again
        passed["another temperature"] += kept.temperature > 0
        if kept.refused:
            dropped[kept.refused] += 1
        if found or kept.again or kept.refused:
            before += word_errors(language, one.text, first.text)
            after += word_errors(language, one.text, kept.text)
    return {
        "language": language,
        "recordings": len(clips),
        "sec": round(sum(one.sec for one in clips), 1),
        "passed": dict(passed),
        "dropped": dict(dropped),
        "words_of_those": before.words,
        "wrong_at_first": before.errors,
        "wrong_at_last": after.errors,
        "highest_compression": round(max(one.compression for one in first_texts), 2),
        "lowest_log_probability": round(min(one.log_probability for one in first_texts), 2),
        "highest_no_speech": round(max(one.no_speech for one in first_texts), 2),
    }


def _limits(first: Heard, settings: SttSettings) -> dict[str, bool]:
    unsure = first.log_probability < settings.logprob_threshold
    return {
        "log-probability": unsure,
        "no-speech": first.no_speech > settings.no_speech_threshold,
        "no-speech and log-probability": unsure and first.no_speech > settings.no_speech_threshold,
        "compression": first.compression > settings.compression_ratio_threshold,
        "loop": has_loops(first.text, settings),
        "did not end": first.again,
    }


def check_row(language: str, check: SpeechCheck) -> dict[str, Any]:
    """The speech check alone on every prompt there is, single words too: what it refuses, and by which limit."""
    settings = SttSettings()
    counts: Counter[str] = Counter()
    least_ms, refused = 10**9, []
    for name, text in prompts(language):
        short = len(text.split()) < MIN_WORDS
        counts["short" if short else "long"] += 1
        found = check.find(np.asarray(clip(language, name, text).samples, np.float32) / FULL_SCALE)
        if found.peak < settings.vad_threshold:
            counts["below the threshold, short" if short else "below the threshold, long"] += 1
            refused.append(name)
        elif check.refusal(found) is not None:
            counts["too little, short" if short else "too little, long"] += 1
            refused.append(name)
        else:
            least_ms = min(least_ms, found.speech_ms)
    return {"language": language, "counts": dict(counts), "least_speech_ms": least_ms, "refused": refused}
