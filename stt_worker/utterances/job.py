"""Between the contract and the engine: what a job asks for, and the times of its words in its stream. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ
from contract.jobs import MAX_SPANS, AudioSpan
from contract.messages import Gap, Word
from stt_worker.engine.hints import joined
from stt_worker.engine.protocol import Span, Utterance, WordTime
from stt_worker.settings import SttSettings


def utterance_of(
    passage: AudioSpan,
    audio: NDArray[np.float32],
    settings: SttSettings,
    word_times: bool = False,
    speech: tuple[Span, ...] = (),
) -> Utterance:
    """`audio` of `passage` with its language and its hints. STT_LANGUAGE goes before a language only assumed."""
    certain = None if passage.language_assumed else passage.language
    language = certain or settings.stt_language or passage.language
    return Utterance(
        audio,
        language,
        assumed=language is not None and certain is None and settings.stt_language is None,
        prompt=joined(settings.whisper_prompt, passage.hints),
        word_times=word_times,
        speech=speech,
    )


def words_of_stream(
    words: Sequence[WordTime], text: str, stream_start: int, audio_start: int, speech: tuple[int, int]
) -> list[Word]:
    """`words` as the contract has them, those that `text` still has.

    In samples: the utterance begins at `stream_start` of its stream, the audio that was heard at `audio_start` of the
    utterance, and `speech` is from where to where there is any; the first word begins and the last one ends there.
    """
    first, last = (max(0, sample - audio_start) / SAMPLE_RATE_HZ for sample in speech)
    offset = (stream_start + audio_start) / SAMPLE_RATE_HZ
    found = []
    composed = (replace(word, word=unicodedata.normalize("NFC", word.word)) for word in words)
    for word in _kept(composed, text):
        start = min(max(word.start_sec, first), last)
        end = min(max(word.end_sec, start), max(last, start))
        found.append(Word(word=word.word, start_sec=round(offset + start, 3), end_sec=round(offset + end, 3)))
    return found


def in_seconds(stretches: Sequence[tuple[int, int]], audio_start: int) -> tuple[Span, ...]:
    """`stretches`, in samples of an utterance, in seconds of the audio that begins at its sample `audio_start`."""
    return tuple(
        ((start - audio_start) / SAMPLE_RATE_HZ, (end - audio_start) / SAMPLE_RATE_HZ) for start, end in stretches
    )


def spans_of_stream(stretches: Sequence[tuple[int, int]], start: int) -> list[tuple[int, int]]:
    """`stretches`, in samples of an utterance that begins at sample `start` of its stream, in those of the stream. The
    shortest pauses are left out where there would be more than MAX_SPANS."""
    spans = [(start + first, start + last) for first, last in stretches]
    if len(spans) <= MAX_SPANS:
        return spans
    pauses = sorted(after[0] - before[1] for before, after in pairwise(spans))
    short = pauses[len(spans) - MAX_SPANS - 1]
    joined_spans: list[tuple[int, int]] = []
    for first, last in spans:
        if joined_spans and first - joined_spans[-1][1] <= short:
            joined_spans[-1] = (joined_spans[-1][0], last)
        else:
            joined_spans.append((first, last))
    return joined_spans


def gaps_of_stream(gaps: Sequence[Span], start: int) -> list[Gap]:
    """`gaps` as the contract has them, of audio that begins at sample `start` of its stream."""
    offset = start / SAMPLE_RATE_HZ
    return [
        Gap(start_sec=round(offset + begin, 3), end_sec=round(offset + end, 3), reason="no_words")
        for begin, end in gaps
    ]


def _kept(words: Iterable[WordTime], text: str) -> Iterator[WordTime]:
    """Loops are cut out of a text: what is left of `words`, in order."""
    for word in words:
        rest = text.lstrip()
        if rest.startswith(word.word):
            text = rest[len(word.word) :]
            yield word
