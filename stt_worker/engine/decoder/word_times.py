"""When each word is said: the path through what the tokens look at in the audio, as openai-whisper's `timing` finds it.

The attention of chosen heads of the decoder moves along the audio with the words (whisper's `alignment_heads`). It is
normalised, smoothed, and dynamic time warping (Sakoe and Chiba 1978) lays the tokens over the audio's 20 ms positions.
openai-whisper encodes again for that and compiles its warping when first used; here the features are there already,
the decoder runs once over all tokens, and numpy warps a diagonal at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from whisper.audio import HOP_LENGTH, TOKENS_PER_SECOND
from whisper.timing import WordTiming, add_word_timestamps, merge_punctuations
from whisper.tokenizer import Tokenizer

from stt_worker.engine.decoder.encoded import Encoded, EncodedAudio
from stt_worker.engine.decoder.greedy import GreedyDecoder
from stt_worker.engine.protocol import WordTime

SMOOTHED_POSITIONS = 7  # openai-whisper's `medfilt_width`
MEDIAN_OF_7 = (
    *((0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6)),
    *((2, 3), (3, 6), (4, 5), (1, 4), (1, 3), (3, 4)),
)
DOWN, RIGHT = 1, 2  # the ways of `warp` into a cell; 0 is both
_DEFAULTS = {name: one.default for name, one in signature(add_word_timestamps).parameters.items()}
OPENING_MARKS: str = _DEFAULTS["prepend_punctuations"]  # they belong to the word after them
CLOSING_MARKS: str = _DEFAULTS["append_punctuations"]  # and these to the word before

Path = tuple[NDArray[np.intp], NDArray[np.intp]]


def word_times(
    decoder: GreedyDecoder,
    model: Any,
    tokenizer: Tokenizer,
    features: Encoded,
    start: Sequence[int],
    text: Sequence[int],
    samples: int,
) -> tuple[WordTime, ...]:
    """The words of the tokens `text` in audio of so many `samples`, of which `features` (1, positions, n_audio_state)
    are the encoder's output. `start`: the tokens that decoding starts from; `tokenizer`: of the language spoken."""
    positions = min(samples // HOP_LENGTH // 2, EncodedAudio.of(features).features.shape[1])
    words, parts = tokenizer.split_to_word_tokens([*text, tokenizer.eot])
    if positions < 1 or len(parts) < 2:
        return ()
    heads = [(int(layer), int(head)) for layer, head in model.alignment_heads.indices().T.tolist()]
    seen = decoder.attention(features, [*start, *text, tokenizer.eot], heads)[:, :, :positions]
    matrix = alignment_matrix(seen.cpu())[len(start) - 1 : -1]  # openai-whisper's own steps on a GPU need Triton
    tokens, places = warp(-matrix.double().numpy())
    begins = places[np.diff(tokens, prepend=-1) > 0] / TOKENS_PER_SECOND  # of each token, and of the end
    bounds = np.cumsum([0, *map(len, parts[:-1])])
    timings = [
        WordTiming(word, part, float(begins[first]), float(begins[last]), 0.0)
        for word, part, first, last in zip(words, parts, bounds[:-1], bounds[1:], strict=False)
    ]
    merge_punctuations(timings, OPENING_MARKS, CLOSING_MARKS)
    found: list[WordTime] = []
    for one in timings:
        if found and one.word and not any(map(str.isalnum, one.word)):  # marks that are left alone, such as `!"`
            found[-1] = replace(found[-1], word=found[-1].word + one.word.rstrip())
        elif one.word.strip():
            found.append(WordTime(one.word.strip(), one.start, one.end))
    return tuple(found)


def alignment_matrix(scores: Tensor) -> Tensor:
    """Of `scores` (heads, tokens, positions): how much each token belongs to each position, (tokens, positions)."""
    weights = scores.softmax(dim=-1)
    std, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
    weights = ((weights - mean) / std).nan_to_num()
    return torch.stack([smoothed(head) for head in weights]).mean(dim=0)


def smoothed(rows: Tensor) -> Tensor:
    """Each value of `rows` (rows, columns) as the median of the 7 around it, mirrored at the ends: openai-whisper's
    `median_filter`, which sorts each seven, in the 13 comparisons that find a median of 7 (Devillard 1998, "Fast median
    search: an ANSI C implementation")."""
    side = SMOOTHED_POSITIONS // 2
    if rows.shape[-1] <= side:
        return rows
    wide = functional.pad(rows, (side, side), mode="reflect")
    seven = [wide[:, at : at + rows.shape[-1]] for at in range(SMOOTHED_POSITIONS)]
    for low, high in MEDIAN_OF_7:
        seven[low], seven[high] = torch.minimum(seven[low], seven[high]), torch.maximum(seven[low], seven[high])
    return seven[side]


def warp(costs: NDArray[np.float64]) -> Path:
    """The cheapest path through `costs` (rows, columns) from the first cell to the last, a row, a column or both at a
    time: the row and the column of each of its cells. Where ways cost the same the column advances, as in
    openai-whisper."""
    rows, columns = costs.shape
    flat = costs.ravel()
    came = np.full((rows + columns + 1, rows + 1), RIGHT, dtype=np.int8)  # by diagonal and row, each counted from 1
    before, last, now = (np.full(rows + 1, np.inf, dtype=np.float32) for _ in range(3))  # sums, one diagonal each
    before[0] = 0
    for diagonal in range(2, rows + columns + 1):
        low, high = max(1, diagonal - columns), min(rows, diagonal - 1)
        both, down, right = before[low - 1 : high], last[low - 1 : high], last[low : high + 1]
        by_both = both < np.minimum(down, right)
        by_down = down < np.minimum(both, right)
        cell = (low - 1) * columns + diagonal - low - 1
        cost = flat[cell :: max(1, columns - 1)][: high - low + 1]
        now[low : high + 1] = cost + np.where(by_both, both, np.where(by_down, down, right))
        came[diagonal, low : high + 1] = RIGHT - 2 * by_both - by_down
        before[0] = np.inf
        before, last, now = last, now, before
    at, path = (rows, columns), []
    while at != (0, 0):
        path.append((at[0] - 1, at[1] - 1))
        step = DOWN if at[1] == 0 else RIGHT if at[0] == 0 else int(came[sum(at), at[0]])
        at = (at[0] - (step != RIGHT), at[1] - (step != DOWN))
    found = np.array(path[::-1]).T
    return found[0], found[1]
