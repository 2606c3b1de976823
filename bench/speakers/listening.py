"""Who speaks in a conversation, as the speaker worker says it: live, utterance by utterance, and of the whole file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.speakers.conversations import Conversation
from bench.speakers.errors import Errors, Span, diarization_errors
from bench.speakers.ways import Hearing, file_pieces, live_pieces
from contract.audio import SAMPLE_RATE_HZ
from contract.messages import Turn, Word
from runtime.audio.timeline import Timeline
from speaker_worker.engine.live import LiveSpeakers
from speaker_worker.engine.voices import UtteranceVoices
from speaker_worker.engine.whole_file import file_turns

SPEAKERS_MAX = 8
WORD_SAMPLES = SAMPLE_RATE_HZ // 5


@dataclass(frozen=True)
class Listened:
    """Of one conversation. `speakers`: how many were told, those who are the same taken once. `unsure`: share of the
    speech told as nobody's at first. `merged`: how often two were found to be one. `took_ms`: for each utterance or
    segment, voices and turns. `spans`: who was told when, in the end."""

    errors: Errors
    speakers: int
    unsure: float
    merged: int
    took_ms: tuple[float, ...]
    spans: tuple[Span, ...]


def listen_to_file(hearing: Hearing, conversation: Conversation) -> Listened:
    """The second pass over a file."""
    heard, took = hearing.voices(file_pieces(conversation.pcm))
    turns = file_turns(heard, SPEAKERS_MAX)
    spans: list[Span] = [(turn.speaker, turn.start, turn.end) for turn in turns]
    return Listened(
        _errors(conversation, spans), len({turn.speaker for turn in turns}), 0.0, 0, tuple(took), tuple(spans)
    )


def listen_live(hearing: Hearing, conversation: Conversation) -> Listened:
    """A session, with its state packed between utterances. What was told of each utterance last counts."""
    pieces, timeline = live_pieces(conversation.pcm)
    heard, took = hearing.voices(pieces)
    state, told, same, first = b"", dict[int, list[Turn]](), dict[int, int](), []
    for number, (start, voices) in enumerate(heard):
        began = time.perf_counter()
        live = LiveSpeakers.from_state(state, max_speakers=SPEAKERS_MAX)
        said = live.hear(start, voices, *made_words(start, voices))
        state = live.to_state()
        took[number] += 1000 * (time.perf_counter() - began)
        first += said.turns[0][1]
        told.update(said.turns)
        same.update(said.merged)
    spans = [_in_the_room(turn, same, timeline) for turns in told.values() for turn in turns]
    speakers = {speaker for speaker, _, _ in spans if speaker is not None}
    unknown = sum(turn.end_sec - turn.start_sec for turn in first if turn.speaker is None)
    unsure = unknown / max(1e-9, sum(turn.end_sec - turn.start_sec for turn in first))
    return Listened(_errors(conversation, spans), len(speakers), unsure, len(same), tuple(took), tuple(spans))


def made_words(start: int, voices: UtteranceVoices) -> tuple[str, list[Word]]:
    """A text without sentences, whose words are where somebody speaks: turns are where the voices change, no better."""
    words = [
        Word(
            word=" word",
            start_sec=(start + first) / SAMPLE_RATE_HZ,
            end_sec=(start + min(end, first + WORD_SAMPLES)) / SAMPLE_RATE_HZ,
        )
        for begin, end in voices.spans.tolist()
        for first in range(begin, end, WORD_SAMPLES)
    ]
    return " ".join("word" for _ in words), words


def _in_the_room(turn: Turn, same: dict[int, int], timeline: Timeline) -> Span:
    """`turn` in samples of the room, its speaker as it is known in the end."""
    speaker = turn.speaker
    while speaker in same:
        speaker = same[speaker]
    first, last = round(turn.start_sec * SAMPLE_RATE_HZ), round(turn.end_sec * SAMPLE_RATE_HZ) - 1
    return speaker, timeline.captured_at(first), timeline.captured_at(last) + 1


def _errors(conversation: Conversation, spans: Sequence[Span]) -> Errors:
    return diarization_errors([(one.voice, one.start, one.end) for one in conversation.spoken], spans)
