"""Decides whether a transcript is kept, and cuts loops out of it. Pure functions.

The no-speech, log-probability and compression limits are those of openai-whisper's `transcribe`. There as here the
compression only asks for another try: people do repeat themselves. What Whisper makes up from noise is caught by the
others, not by a list of phrases that people also say.
"""

from __future__ import annotations

import unicodedata
import zlib
from typing import Literal

from contract.jobs import MAX_TEXT_CHARS
from stt_worker.engine.protocol import Refusal, Transcript
from stt_worker.settings import SttSettings

LOOP_WORDS = 8  # a repetition is a loop from so many words on (one word 8 times, two 4 times)
LOOP_PHRASE_WORDS = 4  # phrases of up to so many words are looked at in every text
WHOLE_TEXT_WORDS = 100  # longest phrase looked for in a text that compresses too well
CHARACTER_PHRASE = 20  # the same in characters, for scripts without spaces and for one endless word
ASCII = 128  # characters of a byte of their own
UNFINISHED = "\ufffd"  # a character whose last bytes the token limit cut off


Doubt = Literal["low_confidence", "repetition", "translation"]


def compression_ratio(text: str) -> float:
    """How many times smaller zlib makes `text`, a byte for each character; 0 for the empty text.

    For ASCII it is openai-whisper's. There each other character is two or three bytes, of which the first hardly vary,
    so that true sentences seem repetitive; here it is one of the other 128 bytes.
    """
    codes: dict[str, int] = {}
    for character in text:
        codes.setdefault(character, ord(character) if character.isascii() else ASCII + len(codes) % ASCII)
    raw = bytes(codes[character] for character in text)
    return len(raw) / len(zlib.compress(raw))


def needs_fallback(compression: float, avg_logprob: float, no_speech_prob: float, settings: SttSettings) -> bool:
    """Whether to decode again at the next temperature: repetitive or unsure, and not simply silence."""
    if compression > settings.compression_ratio_threshold:
        return True
    unsure = avg_logprob < settings.logprob_threshold
    return unsure and not no_speech_prob > settings.no_speech_threshold


def judge(heard: Transcript, settings: SttSettings, clear_speech: bool = False) -> str | Refusal:
    """The text to show, or why there is none. `clear_speech`: somebody surely spoke, so that what the model is unsure
    of is kept too (see `doubt`)."""
    unsure = heard.avg_logprob < settings.logprob_threshold
    confidence = f"mean log-probability {heard.avg_logprob:.2f} is below {settings.logprob_threshold:.2f}"
    if unsure and heard.no_speech_prob > settings.no_speech_threshold:
        above = f"no-speech probability {heard.no_speech_prob:.2f} is above {settings.no_speech_threshold:.2f}"
        return Refusal("no_speech", f"{above} and {confidence}")
    text = tidy(heard.text)
    if not has_words(text):
        return Refusal("empty_text", "the speech model heard no words")
    if unsure and not clear_speech:
        return Refusal("low_confidence", confidence)
    return without_loops(text, settings)


def doubt(heard: Transcript, settings: SttSettings) -> Doubt | None:
    """Why a text that is kept may be wrong: the model is unsure of it, a loop was cut out of it, or it is unsure of the
    translation alone."""
    if heard.avg_logprob < settings.logprob_threshold:
        return "low_confidence"
    if has_loops(tidy(heard.text), settings):
        return "repetition"
    return "translation" if heard.unsure_translation else None


def tidy(text: str) -> str:
    """`text` with single spaces and whole characters (Hangul as syllables: NFC), without half ones at its end, at most
    as long as an envelope takes."""
    return unicodedata.normalize("NFC", " ".join(text.strip(UNFINISHED + " ").split()))[:MAX_TEXT_CHARS]


def has_words(text: str) -> bool:
    """Whether there is any letter or digit, of any script."""
    return any(character.isalnum() for character in text)


def without_loops(text: str, settings: SttSettings) -> str:
    """`text` with each loop cut down to its first occurrence.

    A loop is a phrase said `loop_min_repeats` times in a row and LOOP_WORDS words long in all, so that
    `no no no`, `very very good` and `thank you thank you thank you` stay. Where the whole text compresses too well,
    long phrases are looked at too, and then phrases of characters.
    """
    text = _cut(text.split(), LOOP_PHRASE_WORDS, settings, " ")
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
        if repeats >= settings.loop_min_repeats and repeats * size >= LOOP_WORDS:
            # A phrase broken off at the end of the text belongs to the loop; elsewhere it may be real.
            return size, end if end == len(plain) else at + repeats * size
    return 1, at + 1


def _plain(unit: str) -> str:
    """`unit` for comparing: without case and punctuation, or as it is when there is nothing else in it."""
    return "".join(filter(str.isalnum, unit)).casefold() or unit
