"""Prompts with a pause in their middle, made where a word ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from contract.speech.segmenter import quietest_place
from contract.text.sentences import sentences_of
from harness.human_voices import Clip
from stt_worker.engine.protocol import SpeechEngine, Utterance

NEAR_SEC = 0.08  # the times of the words are no better


def quiet_place(clip: Clip) -> int:
    """The sample of the quietest place of its middle third: mostly where a phrase ends, or a sentence."""
    third = len(clip.samples) // 3
    return third + quietest_place(clip.pcm, third, third)


def middle_place(clip: Clip, engine: SpeechEngine) -> int | None:
    """The quietest sample about the end of the word that ends nearest to the middle, wherever that is in the sentence.
    None where there is no word inside."""
    audio = (clip.samples / FULL_SCALE).astype(np.float32)
    words = engine.transcribe(Utterance(audio, clip.language, word_times=True)).words
    if len(words) < 2:
        return None
    middle = (words[0].start_sec + words[-1].end_sec) / 2
    end = min((word.end_sec for word in words[:-1]), key=lambda end_sec: abs(end_sec - middle))
    first = max(0, int((end - NEAR_SEC) * SAMPLE_RATE_HZ))
    return first + quietest_place(clip.pcm, first, int(2 * NEAR_SEC * SAMPLE_RATE_HZ))


def with_a_pause(clip: Clip, at: int, pause_sec: float) -> Clip:
    """`clip` with so much quiet from this sample on."""
    quiet = np.zeros(int(pause_sec * SAMPLE_RATE_HZ), clip.samples.dtype)
    return replace(clip, samples=np.concatenate([clip.samples[:at], quiet, clip.samples[at:]]))


def is_one_sentence(text: str, language: str = "en") -> bool:
    """Whether no sentence ends inside."""
    return len(sentences_of(text.strip(), language)) == 1
