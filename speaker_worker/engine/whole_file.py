"""Who speaks in a file, once all of it is heard: the pieces of all its segments grouped by likeness, then each moment
given to the voice that it is like (agglomerative clustering with average linkage, then Viterbi)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from contract.audio import SAMPLE_RATE_HZ
from contract.state.files import FileTurn
from speaker_worker.engine.cells import Cells, Stretch
from speaker_worker.engine.likeness import Group
from speaker_worker.engine.pieces import Piece, pieces_of
from speaker_worker.engine.voices import UtteranceVoices

APART = 0.2  # mean cosine distance from which two groups are two people
PIECE_SEC = 1.2  # a shorter piece opens no group
VOICE_SEC = 3.0  # a group of less speech in all is nobody of his own
PIECES_MAX = 3000  # compared with each other: 36 MB
GROUPS_MAX = 64  # at first, before those that are one are put together
ROUNDS = 4  # of giving moments to voices and hearing the voices anew
SAME = 0.915  # likeness from which two of them are one all the same, who speak for SAME_SEC each
SAME_SEC = 20.0
SAME_LITTLE = 0.87  # where one of them speaks little
SAME_SELDOM = 0.88  # at most, where one of them speaks for less than SELDOM_SHARE: rather one person, who says some of
SELDOM_SHARE = 0.1  # it otherwise, or says it into another microphone
SAME_RARE = 0.80  # where that is so rare in a long file that chance alone would bring it about:
RARE_SHARE = 0.02  # of all speech
JOIN_SEC = 0.5  # between turns of one person

Heard = Sequence[tuple[int, UtteranceVoices]]


def file_turns(heard: Sequence[tuple[int, UtteranceVoices]], max_speakers: int) -> list[FileTurn]:
    """The turns of a file, in order; speakers are numbered as they first speak. `heard`: the first sample of each
    segment and the voices in it."""
    heard = [(start, voices) for start, voices in sorted(heard, key=lambda one: one[0]) if len(voices.windows)]
    pieces = [piece for _, voices in heard for piece in pieces_of(voices)]
    groups = _merged(_first_groups(pieces))[:max_speakers]
    if not groups:
        return []
    cells = [Cells.of(voices) for _, voices in heard]
    for _ in range(ROUNDS):
        paths = _paths(heard, cells, groups)
        groups = _merged(_groups_of(heard, paths, len(groups))) or groups
    found = [
        FileTurn(speaker=stretch.voice + 1, start=start + stretch.start, end=start + stretch.end)
        for (start, _), path in zip(heard, _paths(heard, cells, groups), strict=True)
        for stretch in path
    ]
    return _numbered(_joined(found))


def _first_groups(pieces: list[Piece]) -> list[Group]:
    """Pieces that are like each other, by average linkage; the largest groups, in that order."""
    pieces = [piece for piece in pieces if piece.embedding.any()]
    enough = [piece for piece in pieces if piece.sec >= PIECE_SEC] or pieces
    if len(enough) > PIECES_MAX:
        enough = [enough[at] for at in np.linspace(0, len(enough) - 1, PIECES_MAX).astype(int)]
    if len(enough) < 2:
        return [Group.of(piece.embedding, piece.sec) for piece in enough]
    labels = fcluster(linkage(np.stack([piece.embedding for piece in enough]), "average", "cosine"), APART, "distance")
    groups = [
        Group.together(
            Group.of(piece.embedding, piece.sec) for piece, mine in zip(enough, labels, strict=True) if mine == label
        )
        for label in np.unique(labels)
    ]
    return sorted(groups, key=lambda group: -group.seconds)[:GROUPS_MAX]


def _paths(heard: Heard, cells: Sequence[Cells], groups: Sequence[Group]) -> list[list[Stretch]]:
    known = np.stack([group.mean for group in groups])
    return [one.path(one.likeness(voices.embeddings, known)) for one, (_, voices) in zip(cells, heard, strict=True)]


def _groups_of(heard: Heard, paths: Sequence[Sequence[Stretch]], count: int) -> list[Group]:
    """The voices anew, from the windows that lie in their stretches."""
    parts: list[list[Group]] = [[] for _ in range(count)]
    for (_, voices), path in zip(heard, paths, strict=True):
        for stretch in path:
            embedding = voices.inside(stretch.start, stretch.end)
            if embedding is not None:
                parts[stretch.voice].append(Group.of(embedding, (stretch.end - stretch.start) / SAMPLE_RATE_HZ))
    return [Group.together(part) for part in parts if part]


def _merged(groups: list[Group]) -> list[Group]:
    """Without those who hardly speak, and with those who are like each other as one."""
    total = sum(group.seconds for group in groups)
    found = [group for group in groups if group.seconds >= VOICE_SEC] or groups[:1]
    while len(found) > 1:
        pairs = [
            (one.like(two) - _same(min(one.seconds, two.seconds), total), at, other)
            for at, one in enumerate(found)
            for other, two in enumerate(found[:at])
        ]
        beyond, at, other = max(pairs)
        if beyond < 0:
            break
        found[other] = Group.together((found[other], found.pop(at)))
    return found


def _same(seconds: float, total: float) -> float:
    """Likeness from which two are one; `seconds`: of the one who speaks less; `total`: of all."""
    if seconds < min(SAME_SEC, RARE_SHARE * total):
        return SAME_RARE
    same = SAME_LITTLE + (SAME - SAME_LITTLE) * min(1.0, seconds / SAME_SEC)
    return min(same, SAME_SELDOM) if seconds < SELDOM_SHARE * total else same


def _joined(turns: list[FileTurn]) -> list[FileTurn]:
    """Turns of one speaker with little between them as one."""
    found: list[FileTurn] = []
    for turn in turns:
        last = found[-1] if found else None
        if last and last.speaker == turn.speaker and turn.start - last.end <= JOIN_SEC * SAMPLE_RATE_HZ:
            found[-1] = last.model_copy(update={"end": max(last.end, turn.end)})
        else:
            found.append(turn)
    return found


def _numbered(turns: list[FileTurn]) -> list[FileTurn]:
    numbers: dict[int, int] = {}
    for turn in turns:
        numbers.setdefault(turn.speaker, len(numbers) + 1)
    return [turn.model_copy(update={"speaker": numbers[turn.speaker]}) for turn in turns]
