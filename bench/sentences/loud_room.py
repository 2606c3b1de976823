"""A room with music that never stops, through the gate and the whole system: do utterances end, is music shown?

    python -m bench.sentences.loud_room [--prompts 24]

English prompts with 4 s between them over music 10 dB below (bench.gate.rooms), played in real time through the gate
that follows the noise. Part of bench.sentences.measure; alone for a look. The gate's constants were chosen with other
prompts and other tunes.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.files import say
from bench.gate.rooms import Room, furnish, noises, speakers
from bench.pipeline.speakers import DRAIN_SEC
from bench.pipeline.system import Workload, running
from bench.sentences.speakers import BLOCK_SEC, LONGEST_SEC, THRESHOLD, through_the_gate
from contract.audio import BYTES_PER_SAMPLE, SAMPLE_RATE_HZ
from contract.messages import Accepted, Dropped, Error, Result
from harness.human_voices import Clip, HumanVoicesMissingError, WordErrors, word_errors
from harness.stack import Stack
from recorder_service.client.client import StreamClient
from runtime.audio.gate import FRAME_SAMPLES, VoiceGate

BELOW_DB = 10.0
ENDS_WITHIN_SEC = 1.5  # of the last word
HALF = "measuring"


@dataclass
class Played:
    """When each utterance ended, and the outcomes with their first and last frame in the room and when they came; in s
    from the room's beginning."""

    ended: dict[str, float] = field(default_factory=dict)
    outcomes: list[tuple[Result | Dropped | Error, int, int, float]] = field(default_factory=list)


async def play(url: str, room: Room) -> Played:
    """Play `room` into the system."""
    played, gate = Played(), VoiceGate(THRESHOLD)
    async with StreamClient(url, language="en", sentences=True) as client:
        began = time.monotonic()

        async def read() -> None:
            async for message in client.messages():
                if isinstance(message, Accepted):
                    played.ended.setdefault(message.utterance, time.monotonic() - began)
                if isinstance(message, Result | Dropped | Error) and message.utterance:
                    start = int(message.utterance.rpartition("-")[2])
                    last = start + round(message.duration_sec * SAMPLE_RATE_HZ) - 1
                    first, last = (gate.timeline.captured_at(at) // FRAME_SAMPLES for at in (start, last))
                    played.outcomes.append((message, first, last, time.monotonic() - began))

        reader = asyncio.create_task(read())
        async for _ in through_the_gate(client, gate, room.pcm, began):
            pass
        await client.drain(DRAIN_SEC)
    await reader
    return played


def figures(rooms: list[tuple[Room, list[Clip], Played]]) -> dict[str, Any]:
    """When each prompt had its last text, its words, and how often music alone became text or was dropped."""
    ends, waits, errors, of_music = [], [], WordErrors(0, 0), []
    for room, spoken, played in rooms:
        alone = room.alone
        of_music += [one for one, first, last, _ in played.outcomes if alone[first : last + 1].all()]
        for (first, last), clip in zip(room.said, spoken, strict=True):
            mine = [(one, came) for one, begin, end, came in played.outcomes if begin <= last and end >= first]
            said = (last + 1) * BLOCK_SEC
            waits.append(max((came for _, came in mine), default=float("inf")) - said)
            ends.append(max((played.ended[one.utterance] for one, _ in mine), default=float("inf")) - said)
            errors += word_errors("en", clip.text, " ".join(one.text for one, _ in mine if isinstance(one, Result)))
    shown = sum(isinstance(one, Result) for one in of_music)
    return {
        "prompts": len(waits),
        "ended_in_time": sum(end <= ENDS_WITHIN_SEC for end in ends),
        "in_time": sum(wait <= ENDS_WITHIN_SEC for wait in waits),
        "p50_ms": round(1000 * float(np.median(waits))),
        "wer": round(errors.rate, 4),
        "music_shown": shown,
        "music_dropped": len(of_music) - shown,
        "sec": round(sum(len(room.pcm) for room, _, _ in rooms) / BYTES_PER_SAMPLE / SAMPLE_RATE_HZ),
    }


def measure_loud_rooms(stack: Stack, spoken: list[Clip]) -> dict[str, Any]:
    """All tunes of the measuring half, each with its share of `spoken`."""
    tunes = [noise for name, noise in noises(HALF).items() if name.startswith("music")]
    found = []
    for number, tune in enumerate(tunes):
        mine = spoken[number :: len(tunes)]
        room = furnish(mine, tune, BELOW_DB)
        found.append((room, mine, asyncio.run(play(stack.ws_url, room))))
    return figures(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=24)
    args = parser.parse_args()
    try:
        spoken = [one for one in speakers(HALF)[: args.prompts] if one.sec < LONGEST_SEC]
    except HumanVoicesMissingError as missing:
        parser.error(str(missing))
    load = Workload("people", {"WHISPER_MODEL": "base", "SENTIMENT_MODEL": "auto"}, people=True)
    with tempfile.TemporaryDirectory() as folder, running(load, Path(folder)) as stack:
        say(f"{measure_loud_rooms(stack, spoken)}")


if __name__ == "__main__":
    main()
