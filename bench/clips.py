"""The spoken clips that the benchmark uses: made once with espeak-ng and flite, then read from .run/bench."""

from __future__ import annotations

import pickle

from bench.files import cached, say
from demo_models.evaluate import Sample, held_out_clips, joined_clips, noisy

CLIPS_SEED = 101
JOINED_SEED = 103
JOINED_CLIPS = 40
NOISE_DB = 15.0


def clips(count: int) -> dict[str, list[Sample]]:
    """The groups of clips: made once, then read from .run/bench."""
    path = cached(f"quality-{count}.pickle")  # our own file, in our own folder
    if path.exists():
        found: dict[str, list[Sample]] = pickle.loads(path.read_bytes())
        return found
    say("synthesising the clips (once)")
    held = held_out_clips(count, CLIPS_SEED)
    made = {
        "held_out": held,
        "noise_15_db": noisy(held[: count // 3], NOISE_DB, 5),
        "joined": joined_clips(JOINED_CLIPS, JOINED_SEED),
    }
    path.write_bytes(pickle.dumps(made))
    return made
