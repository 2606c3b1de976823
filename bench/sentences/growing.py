"""Partials of long speech, heard whole each time and heard on from what is known: words, and what they cost.

    python -m bench.sentences.growing [--language en] [--first 0] [--last 60] [--model base]

Stretches of 8 to 15 s made of prompts, a partial for each second from the fourth on, one thread, in its CPU time. Both
ways hear the same in turn. `partials`: words wrong in what is shown beyond 8 s; `last`: in that of all the stretch;
`changed`: of the settled words those that another text, or the final, has not.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from bench.files import say, table
from bench.sentences.settling import Kept, running_speech
from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from contract.messages import Partial
from fastapi_service.speaking.settled import Settled, words_of
from harness.human_voices import Clip, clips, normalised, word_errors
from stt_worker.engine.load import load_engine
from stt_worker.engine.protocol import NO_DRAFT, Draft, Refusal, SpeechEngine, Utterance
from stt_worker.engine.quality import judge
from stt_worker.settings import SttSettings

FIRST_SEC, EVERY_SEC = 4.0, 1.0
SHORTEST_SEC, ENOUGH_SEC, LONGEST_SEC = 8.0, 11.0, 14.9
WAYS = ("whole", "on from before")


@dataclass
class Found:
    """Words wrong of words, of the partials and of the last one; settled and changed; milliseconds by seconds said."""

    wrong: int = 0
    words: int = 0
    last_wrong: int = 0
    last_words: int = 0
    settled: int = 0
    changed: int = 0
    ms: dict[int, list[float]] = field(default_factory=dict)


def stretches(spoken: Sequence[Clip]) -> list[Clip]:
    """Some prompts in a row each, a voice without its pauses."""
    found: list[Clip] = []
    begun: list[Clip] = []
    for one in spoken:
        if begun and running_speech([*begun, one], 0.15).sec > LONGEST_SEC:
            found, begun = [*found, running_speech(begun, 0.15)], []
        begun.append(one)
        if running_speech(begun, 0.15).sec >= ENOUGH_SEC:
            found, begun = [*found, running_speech(begun, 0.15)], []
    return [one for one in found if SHORTEST_SEC <= one.sec <= LONGEST_SEC]


def least_wrong(said: Sequence[str], wanted: Sequence[str]) -> int:
    """Words of `said` that are not the beginning of `wanted`, wherever that ends."""
    row = list(range(len(wanted) + 1))
    for at, word in enumerate(said):
        above, row = row, [at + 1, *row[1:]]
        for place, other in enumerate(wanted):
            row[place + 1] = min(above[place + 1] + 1, row[place] + 1, above[place] + (word != other))
    return min(row)


def partials(engine: SpeechEngine, settings: SttSettings, sound: Clip, way: str, found: Found) -> None:
    """Hear one stretch as it grows."""
    audio, language = sound.samples.astype(np.float32) / FULL_SCALE, sound.language
    final = [word for word, _ in words_of(engine.transcribe(Utterance(audio, language)).text)]
    settled, kept, before, text = Settled(), Kept(), NO_DRAFT, ""
    ends = [*(int(at * SAMPLE_RATE_HZ) for at in np.arange(FIRST_SEC, sound.sec, EVERY_SEC)), len(audio)]
    for end in ends:
        began = time.thread_time()
        heard = engine.partial(Utterance(audio[:end], language), lambda: None, before)
        found.ms.setdefault(end // SAMPLE_RATE_HZ, []).append(1000 * (time.thread_time() - began))
        before = Draft(heard.tokens, None if way == WAYS[0] else heard.encoded)
        verdict = judge(heard, settings)
        text = "" if isinstance(verdict, Refusal) else verdict
        if not text:
            continue
        if end > SHORTEST_SEC * SAMPLE_RATE_HZ:
            said = normalised(language, text)
            found.wrong += least_wrong(said, normalised(language, sound.text))
            found.words += len(said)
        kept.take(settled.take(Partial(utterance="stretch0-0", text=text)))
    kept.end(final)
    found.settled += kept.settled
    found.changed += kept.changed
    errors = word_errors(language, sound.text, text)
    found.last_wrong += errors.errors
    found.last_words += errors.words


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", default="en")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, default=60)
    parser.add_argument("--model", default="base")
    args = parser.parse_args()
    settings = SttSettings(whisper_model=args.model)
    engine = load_engine(settings)
    torch.set_num_threads(1)
    engine.warm_up()
    sounds = stretches(clips(args.language, args.last)[args.first :])
    found = {way: Found() for way in WAYS}
    for sound in sounds:
        for way in WAYS:
            partials(engine, settings, sound, way, found[way])
    rows = []
    for way, one in found.items():
        at = {second: round(statistics.median(ms)) for second, ms in sorted(one.ms.items()) if second in (6, 9, 11, 13)}
        wrong = (one.wrong, one.words), (one.last_wrong, one.last_words), (one.changed, one.settled)
        rows.append([way, *(f"{100 * some / max(1, all_):.1f}%" for some, all_ in wrong), *at.values()])
    say(f"{args.language}, prompts {args.first} to {args.last}, {len(sounds)} stretches")
    header = ["heard", "partials wrong", "last wrong", "changed", *(f"ms at {second} s" for second in at)]
    say(table(header, rows))


if __name__ == "__main__":
    main()
