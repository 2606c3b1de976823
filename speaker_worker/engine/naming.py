"""Pieces of speech to the speakers of a session: those who are known, and those who are new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from speaker_worker.engine.clusters import clusters_of
from speaker_worker.engine.likeness import Group
from speaker_worker.engine.memory import HeardPiece, Memory, Voice

PIECE_SEC = 1.2  # a shorter piece is in no cluster
JOINS = 0.89  # likeness from which a piece is that speaker's
CLEARER = 0.02  # so much more like one than like the next
OPENS = 0.81  # likeness to everybody below which OPENS_SEC of speech is somebody else's
OPENS_SEC = 2.0  # less is nobody's of his own
LITTLE_SEC = 4.0  # so much is judged as so little is
SURE = 0.89  # likeness below which SURE_SEC of speech is; in between, in between
SURE_SEC = 12.0
SAME = 0.95  # likeness from which two speakers are one, who were heard for SAME_SEC each
SAME_SEC = 12.0
SAME_LITTLE = 0.90  # where one of them was heard for hardly anything
NOBODY = -1.0  # a likeness to nobody


@dataclass
class Cluster:
    """Pieces of one voice, by what was heard up to now. `seconds`: of speech of each speaker that is in it."""

    group: Group
    seconds: dict[int, float] = field(default_factory=dict)
    number: int | None = None


def find_same(memory: Memory) -> list[tuple[int, int]]:
    """Take speakers whose voices came to be alike for one: (number, the lower number it is the same as)."""
    found: list[tuple[int, int]] = []
    while True:
        groups = [(one, group) for one in memory.voices if (group := memory.voice(one)) is not None]
        pairs = [
            (one.like(two) - _same(min(one.seconds, two.seconds)), at, other)
            for at, (_, one) in enumerate(groups)
            for other, (_, two) in enumerate(groups[:at])
        ]
        beyond, at, other = max(pairs, default=(NOBODY, 0, 0))
        if beyond < 0:
            return found
        lower, higher = sorted((groups[at][0], groups[other][0]), key=lambda voice: voice.number)
        memory.merge(higher, lower)
        found.append((higher.number, lower.number))


def _same(seconds: float) -> float:
    """Likeness from which two are one; `seconds`: of the one who was heard less."""
    return SAME_LITTLE + (SAME - SAME_LITTLE) * min(1.0, seconds / SAME_SEC)


def name_pieces(memory: Memory, max_speakers: int) -> list[int]:
    """Give those that nobody was told for to the speakers they are like; the numbers of new speakers."""
    loose = [one for one in memory.pieces if one.number is None]
    if not loose:
        return []
    clusters = _clusters(memory)
    _find_homes(memory.voices, clusters)
    new = []
    for cluster in sorted(clusters, key=lambda one: -one.group.seconds):
        if cluster.number is None and _is_new(cluster, clusters) and len(memory.voices) < max_speakers:
            cluster.number = memory.taken + 1
            is_told = any(_whose(piece, clusters) == cluster.number for piece in loose)  # else nobody would have it
            cluster.number = memory.open() if is_told else None
            new += [] if cluster.number is None else [cluster.number]
    for piece in loose:
        piece.number = _whose(piece, clusters)
    return new


def _clusters(memory: Memory) -> list[Cluster]:
    """What was heard up to now, voice by voice."""
    items: list[tuple[int | None, Group]] = [(one.number, one.group) for one in memory.voices if one.group is not None]
    items += [(one.number, one.group) for one in memory.pieces if one.group.seconds >= PIECE_SEC]
    found = []
    for members in clusters_of([group for _, group in items]):
        cluster = Cluster(Group.together(items[at][1] for at in members))
        for number, group in (items[at] for at in members):
            if number is not None:
                cluster.seconds[number] = cluster.seconds.get(number, 0.0) + group.seconds
        found.append(cluster)
    return found


def _find_homes(voices: Sequence[Voice], clusters: Sequence[Cluster]) -> None:
    """Each speaker is at home in the cluster that holds most of what he said; where several are, it is that of the one
    who said most there."""
    for voice in voices:
        said = [cluster.seconds.get(voice.number, 0.0) for cluster in clusters]
        if not any(said):
            continue
        home = clusters[said.index(max(said))]
        if home.number is None or home.seconds[home.number] < home.seconds[voice.number]:
            home.number = voice.number


def _is_new(cluster: Cluster, clusters: Sequence[Cluster]) -> bool:
    """Whether nobody who is known is like it."""
    nearest = max((cluster.group.like(one.group) for one in clusters if one.number is not None), default=NOBODY)
    seconds = cluster.group.seconds
    return seconds >= OPENS_SEC and nearest < _opens(seconds)


def _opens(seconds: float) -> float:
    """Likeness to everybody below which so much speech is somebody else's: the less there is, the more it may differ by
    chance, or because it was said otherwise."""
    return OPENS + (SURE - OPENS) * min(1.0, max(0.0, (seconds - LITTLE_SEC) / (SURE_SEC - LITTLE_SEC)))


def _whose(piece: HeardPiece, clusters: Sequence[Cluster]) -> int | None:
    """Whose it is for certain."""
    likeness = sorted((piece.group.like(one.group), one.number) for one in clusters if one.number is not None)
    best, number = likeness[-1] if likeness else (NOBODY, None)
    next_best = likeness[-2][0] if len(likeness) > 1 else NOBODY
    return number if best >= JOINS and best - next_best >= CLEARER else None
