"""The encoder's output, and what the decoder makes of it once: each layer's keys and values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

KeysValues = tuple[Tensor, Tensor]  # of the encoder's output, each (rows, heads, positions, width)


class EncodedAudio:
    """Utterances as the encoder gives them, `features` (rows, positions, n_audio_state). A layer's keys and values are
    made when they are first asked for and then kept: the language, the text, its translation and the times of its words
    are all read from the same ones. Some of the rows share what was made for all of them before."""

    def __init__(self, features: Tensor) -> None:
        self.features = features
        self._made: dict[int, KeysValues] = {}

    @classmethod
    def of(cls, audio: Tensor | EncodedAudio) -> EncodedAudio:
        """`audio` itself, or the encoder's bare output with nothing made of it yet."""
        return audio if isinstance(audio, EncodedAudio) else cls(audio)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, rows: slice | Sequence[int]) -> EncodedAudio:
        some = EncodedAudio(self.features[rows])
        some._made = {layer: (keys[rows], values[rows]) for layer, (keys, values) in self._made.items()}
        return some

    def keys_and_values(self, layer: int, make: Callable[[Tensor], KeysValues]) -> KeysValues:
        """Those of the layer with that number; `make` makes them of `features` where that has not been done."""
        if layer not in self._made:
            self._made[layer] = make(self.features)
        return self._made[layer]


Encoded = Tensor | EncodedAudio
