"""What tells one voice from another: windows of speech to embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
Embeddings = NDArray[np.float32]


class EncoderLoadError(RuntimeError):
    """The encoder cannot be had; the message tells a person why and what would help."""


class EncoderError(RuntimeError):
    """The encoder failed on this audio."""


class VoiceEncoder(Protocol):
    """A voice to a point on a sphere: the nearer two are, the more likely one person spoke both."""

    name: str
    window_samples: int  # what it hears best at once, at 16 kHz

    def embed(self, windows: Sequence[Audio]) -> Embeddings:
        """The voice in each of `windows` (16 kHz mono, -1 to 1, each of shape (n,), not all of one length).

        Answers shape (number of windows, dimensions), rows of length 1; zeros where nothing is heard. Raises
        EncoderError.
        """
        ...
