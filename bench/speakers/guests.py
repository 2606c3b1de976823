"""Somebody who says little: one person speaks for ten minutes, and another one a few seconds of it. What it costs that
one person alone is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench.files import say
from bench.speakers.conversations import Conversation, Spoken, with_guest
from bench.speakers.errors import Span
from bench.speakers.listening import Listened
from bench.speakers.people import Take
from bench.speakers.ways import Hearing
from contract.audio import SAMPLE_RATE_HZ

GUEST_SEC = (5.0, 10.0, 20.0)
PAIRS = (("en", "fr"), ("fr", "it"), ("it", "ru"), ("ru", "lj"), ("lj", "es"))  # host and guest


def own_share(spoken: Sequence[Spoken], spans: Sequence[Span], host: str) -> float:
    """How much of what the guest says is told as one speaker's who is not the host. 1 is all."""
    told: dict[str, Counter[int]] = {one.voice: Counter() for one in spoken}
    for one in spoken:
        for speaker, start, end in spans:
            both = min(end, one.end) - max(start, one.start)
            if speaker is not None and both > 0:
                told[one.voice][speaker] += both
    guest = next(voice for voice in told if voice != host)
    of_host = told[host].most_common(1)[0][0] if told[host] else None
    best = max((samples for speaker, samples in told[guest].items() if speaker != of_host), default=0)
    return best / sum(one.end - one.start for one in spoken if one.voice == guest)


def measure_guests(
    hearing: Hearing,
    people: dict[str, list[Take]],
    sec: float,
    ways: dict[str, Callable[[Hearing, Conversation], Listened]],
    seed: int,
) -> list[dict[str, Any]]:
    """A row for each way and each length of what the guest says, of all PAIRS whose voices are there."""
    rows = []
    pairs = [(host, guest) for host, guest in PAIRS if host in people and guest in people]
    for guest_sec in GUEST_SEC:
        heard: dict[str, list[tuple[Listened, float]]] = {way: [] for way in ways}
        said = []
        for host, guest in pairs:
            one = with_guest(people[host], people[guest], sec, guest_sec, seed)
            said.append(sum(part.end - part.start for part in one.spoken if part.voice == guest) / SAMPLE_RATE_HZ)
            for way, listen in ways.items():
                listened = listen(hearing, one)
                heard[way].append((listened, own_share(one.spoken, listened.spans, host)))
        for way, found in heard.items():
            speakers = [listened.speakers for listened, _ in found]
            row: dict[str, Any] = {"way": way, "guest_sec": guest_sec, "said_sec": round(float(np.mean(said)), 1)}
            row |= {"conversations": len(found), "speakers": speakers, "two": speakers.count(2)}
            rows.append(row | {"own": round(float(np.mean([own for _, own in found])), 4)})
            say(f"{rows[-1]}")
    return rows
