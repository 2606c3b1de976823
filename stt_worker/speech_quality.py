"""Decides whether a transcript is kept, and cuts loops out of it. Pure functions; every limit is a setting.

The no-speech, log-probability and compression limits, and what they are compared with, are those of openai-whisper's
`transcribe`. What Whisper makes up from noise is caught by them, not by a list of phrases that people also say.
"""

from __future__ import annotations

import unicodedata
import zlib
from dataclasses import dataclass

from speech_engine import Transcript
from stt_settings import SttSettings

from contract.envelopes import MAX_TEXT_CHARS

WHOLE_TEXT_WORDS = 100  # longest phrase looked for in a text that compresses too well
CHARACTER_PHRASE = 20  # the same in characters, for scripts without spaces and for one endless word
UNFINISHED = "\ufffd"  # a character whose last bytes the token limit cut off


@dataclass(frozen=True)
class Refusal:
    """Why an utterance is dropped: a `reason` for programs, a `detail` for people. No word of the transcript."""

    reason: str
    detail: str


def compression_ratio(text: str) -> float:
    """How many times smaller zlib makes the UTF-8 bytes of `text`; 0 for the empty text."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw))


def needs_fallback(compression: float, avg_logprob: float, no_speech_prob: float, settings: SttSettings) -> bool:
    """Whether to decode again at the next temperature: repetitive or unsure, and not simply silence."""
    if compression > settings.compression_ratio_threshold:
        return True
    unsure = avg_logprob < settings.logprob_threshold
    return unsure and not no_speech_prob > settings.no_speech_threshold


def judge(heard: Transcript, settings: SttSettings) -> str | Refusal:
    """The text to show, or why there is none."""
    unsure = heard.avg_logprob < settings.logprob_threshold
    confidence = f"mean log-probability {heard.avg_logprob:.2f} is below {settings.logprob_threshold:.2f}"
    if unsure and heard.no_speech_prob > settings.no_speech_threshold:
        above = f"no-speech probability {heard.no_speech_prob:.2f} is above {settings.no_speech_threshold:.2f}"
        return Refusal("no_speech", f"{above} and {confidence}")
    text = tidy(heard.text)
    if not has_words(text):
        return Refusal("empty_text", "the speech model heard no words")
    if unsure:
        return Refusal("low_confidence", confidence)
    text = without_loops(text, settings)
    ratio = compression_ratio(text)
    if ratio > settings.compression_ratio_threshold:
        limit = settings.compression_ratio_threshold
        return Refusal("repetition", f"the text repeats itself: compression ratio {ratio:.1f} is above {limit:.1f}")
    if not has_words(text):
        return Refusal("repetition", "nothing is left when what repeats is cut out")
    return text


def tidy(text: str) -> str:
    """`text` with single spaces and whole characters (Hangul as syllables: NFC), without half ones at its end, at most
    as long as an envelope takes."""
    return unicodedata.normalize("NFC", " ".join(text.strip(UNFINISHED + " ").split()))[:MAX_TEXT_CHARS]


def has_words(text: str) -> bool:
    """Whether there is any letter or digit, of any script."""
    return any(character.isalnum() for character in text)


def without_loops(text: str, settings: SttSettings) -> str:
    """`text` with each loop cut down to its first occurrence.

    A loop is a phrase said `loop_min_repeats` times in a row and `loop_min_words` words long in all, so that
    `no no no`, `very very good` and `thank you thank you thank you` stay. Where the whole text compresses too well,
    long phrases are looked at too, and then phrases of characters.
    """
    text = _cut(text.split(), settings.loop_phrase_words, settings, " ")
    if compression_ratio(text) > settings.compression_ratio_threshold:
        text = _cut(text.split(), WHOLE_TEXT_WORDS, settings, " ")
    if compression_ratio(text) > settings.compression_ratio_threshold:
        text = _cut(list(text), CHARACTER_PHRASE, settings, "")
    return text


def has_loops(text: str, settings: SttSettings) -> bool:
    """Whether `without_loops` would cut something."""
    return without_loops(text, settings) != " ".join(text.split())


def _cut(units: list[str], longest: int, settings: SttSettings, joiner: str) -> str:
    plain = [_plain(unit) for unit in units]
    kept: list[str] = []
    at = 0
    while at < len(units):
        size, end = _loop_at(plain, at, longest, settings)
        kept += units[at : at + size]
        at = end
    return joiner.join(kept)


def _loop_at(plain: list[str], at: int, longest: int, settings: SttSettings) -> tuple[int, int]:
    """Length of the phrase that loops from `at` on, and where its loop ends; (1, at + 1) when none does."""
    for size in range(1, min(longest, (len(plain) - at) // settings.loop_min_repeats) + 1):
        end = at + size
        while end < len(plain) and plain[end] == plain[end - size]:
            end += 1
        repeats = (end - at) // size
        if repeats >= settings.loop_min_repeats and repeats * size >= settings.loop_min_words:
            # A phrase broken off at the end of the text belongs to the loop; elsewhere it may be real.
            return size, end if end == len(plain) else at + repeats * size
    return 1, at + 1


def _plain(unit: str) -> str:
    """`unit` for comparing: without case and punctuation, or as it is when there is nothing else in it."""
    return "".join(filter(str.isalnum, unit)).casefold() or unit
