"""Who speaks in a file, once all of it is heard: the pieces of all its segments grouped by likeness, then each moment
given to the voice that it is like (agglomerative clustering with average linkage, then Viterbi)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.cells import Cells
from speaker_worker.engine.pieces import Piece, pieces_of
from speaker_worker.engine.voices import UtteranceVoices
from speaker_worker.engine.windows import unit_rows

APART = 0.3  # mean cosine distance from which two groups are two people
PIECE_SEC = 1.2  # a shorter piece opens no group
VOICE_SEC = 3.0  # a group of less speech in all is nobody of his own
PIECES_MAX = 3000  # compared with each other: 36 MB
JOIN_SEC = 0.5  # between turns of one person


@dataclass(frozen=True)
class FileTurn:
    """Samples `start` to `end` (exclusive) of the file; `speaker` from 1 on, in the order of appearance."""

    speaker: int
    start: int
    end: int


def file_turns(heard: Sequence[tuple[int, UtteranceVoices]], max_speakers: int) -> list[FileTurn]:
    """The turns of a file, in order. `heard`: the first sample of each segment and the voices in it."""
    heard = [(start, voices) for start, voices in sorted(heard, key=lambda one: one[0]) if len(voices.windows)]
    pieces = [piece for _, voices in heard for piece in pieces_of(voices)]
    known = _known(pieces, max_speakers)
    if not len(known):
        return []
    found: list[FileTurn] = []
    for start, voices in heard:
        cells = Cells.of(voices)
        for stretch in cells.path(cells.likeness(voices.embeddings, known)):
            found.append(FileTurn(stretch.voice + 1, start + stretch.start, start + stretch.end))
    return _numbered(_joined(found))


def _known(pieces: list[Piece], max_speakers: int) -> NDArray[np.float32]:
    """The voices, shape (k, d), rows of length 1."""
    enough = [piece for piece in pieces if piece.sec >= PIECE_SEC] or pieces
    if len(enough) > PIECES_MAX:
        enough = [enough[at] for at in np.linspace(0, len(enough) - 1, PIECES_MAX).astype(int)]
    if not enough:
        return np.zeros((0, 0), dtype=np.float32)
    points = np.stack([piece.embedding for piece in enough])
    seconds = np.array([piece.sec for piece in enough])
    if len(points) == 1:
        return points
    tree = linkage(points, "average", metric="cosine")
    labels = fcluster(tree, APART, "distance")
    totals = np.bincount(labels, weights=seconds)
    kept = [label for label in np.argsort(-totals).tolist() if totals[label] >= VOICE_SEC][:max_speakers]
    kept = kept or [int(totals.argmax())]
    sums = [(points[labels == label] * seconds[labels == label, None]).sum(axis=0) for label in kept]
    return unit_rows(np.stack(sums).astype(np.float32))


def _joined(turns: list[FileTurn]) -> list[FileTurn]:
    """Turns of one speaker with little between them as one."""
    found: list[FileTurn] = []
    for turn in turns:
        last = found[-1] if found else None
        if last and last.speaker == turn.speaker and turn.start - last.end <= JOIN_SEC * SAMPLE_RATE_HZ:
            found[-1] = FileTurn(turn.speaker, last.start, max(last.end, turn.end))
        else:
            found.append(turn)
    return found


def _numbered(turns: list[FileTurn]) -> list[FileTurn]:
    numbers: dict[int, int] = {}
    for turn in turns:
        numbers.setdefault(turn.speaker, len(numbers) + 1)
    return [FileTurn(numbers[turn.speaker], turn.start, turn.end) for turn in turns]
