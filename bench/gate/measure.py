"""The voice gate in loud rooms, with and without following the noise: when it closes, what it holds back, what opens.

    python -m bench.gate.measure [--half measuring] [--no-worker] [--no-write]

English telephone prompts of a professional speaker, one after the other, over music and noise that never stop: numbers
0 to 59, three tunes, noises of one seed. The gate's constants (runtime/audio/noise_floor.py; the page has the
same) were chosen with the other half: numbers 60 to 119, two other tunes, noises of another seed (`--half tuning`).
What the gate lets through while nobody speaks is shown to the speech worker's own check: what it would show as text.
It takes a minute: nothing is played in real time.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.files import say, write_result
from bench.gate.hearing import Heard, hear
from bench.gate.rooms import SPEAKERS, Room, furnish, noises, speakers
from bench.machine import Run
from contract.audio import FULL_SCALE
from harness.human_voices import Clip, HumanVoicesMissingError
from runtime.audio.gate import FRAME_BYTES

BELOW_DB = (10.0, 15.0)  # noise under the speech; music is 10 dB below alone
LEVELS = (0.001, 0.003)  # mean squares of noise and music whatever the speech is: -30 and -25 dB
WAYS = {"fixed": False, "follows": True}
UTTERANCE_FRAMES = 750  # the server cuts after 15 s
QUIET = 1e-6  # mean square of a quiet room


def rooms(half: str, spoken: list[Clip]) -> Iterator[tuple[str, list[Room]]]:
    """What each row of the table is measured in. Raises HumanVoicesMissingError."""
    found = noises(half)
    yield "a quiet room", [furnish(spoken, found["white"], None, QUIET)]
    kinds = {"music": [noise for name, noise in found.items() if name.startswith("music")]}
    kinds |= {name: [noise] for name, noise in found.items() if not name.startswith("music")}
    for kind, signals in kinds.items():
        for below in BELOW_DB[:1] if kind == "music" else BELOW_DB:
            yield f"{kind}, {below:.0f} dB below", [furnish(spoken, signal, below) for signal in signals]
        for level in LEVELS:
            name = f"{kind}, at {10 * np.log10(level):.0f} dB"
            yield name, [furnish(spoken, signal, None, level) for signal in signals]


class Worker:
    """Says which pieces the speech worker would take for speech."""

    def __init__(self) -> None:
        from stt_worker.settings import SttSettings
        from stt_worker.utterances.speech_check import SpeechCheck

        self._check = SpeechCheck(SttSettings())

    def takes(self, room: Room, heard: Heard) -> int:
        """How many of them, in utterances as the server cuts them."""
        taken = 0
        for first, last in heard.pieces:
            for begin in range(first, last + 1, UTTERANCE_FRAMES):
                end = min(last + 1, begin + UTTERANCE_FRAMES)
                pcm = np.frombuffer(room.pcm[begin * FRAME_BYTES : end * FRAME_BYTES], "<i2")
                found = self._check.find(pcm.astype(np.float32) / np.float32(FULL_SCALE))
                taken += self._check.refusal(found) is None
        return taken


def measure(name: str, found: list[Room], way: str, worker: Worker | None) -> dict[str, Any]:
    """One room, or one for each tune, and one way of the gate."""
    heard = [hear(room, WAYS[way]) for room in found]
    together = heard[0]
    for other in heard[1:]:
        together += other
    row: dict[str, Any] = {"room": name, "gate": way, **together.figures()}
    if worker is not None:
        row["taken_for_speech"] = sum(worker.takes(room, one) for room, one in zip(found, heard, strict=True))
    return row


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=sorted(SPEAKERS), default="measuring")
    parser.add_argument("--no-worker", dest="worker", action="store_false", help="without the worker's speech check")
    parser.add_argument("--no-write", action="store_true", help="leave bench/results as it is")
    args = parser.parse_args()
    run, rows = Run("gate"), []
    worker = Worker() if args.worker else None
    try:
        for name, found in rooms(args.half, speakers(args.half)):
            for way in WAYS:
                rows.append(measure(name, found, way, worker))
                say(f"{rows[-1]}")
    except HumanVoicesMissingError as missing:
        parser.error(str(missing))
    if not args.no_write and args.half == "measuring":
        say(f"written: {write_result('gate', run.head(), {'rows': rows})}")


if __name__ == "__main__":
    main()
