"""The file model.bin of CTranslate2: its header, and its variables one by one, mapped into memory.

Format version 6, little-endian (CTranslate2's specs/model_spec.py): version u32, name of the spec, revision u32, number
of variables u32; for each its name, rank u8, sizes u32, type u8, bytes u32, data; then the number of aliases u32 and
for each two names. A name is its length u16 and that many bytes, the last of them zero.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stt_worker.engine.weights.assembly import ModelFormatError

VERSION = 6
SCALE = "_scale"
MAX_VARIABLES = 10_000  # large-v3 has 1264
# By type id. numpy has no bfloat16: it is read as the 16 bits that it is.
TYPES = (("<f4", None), ("i1", None), ("<i2", None), ("<i4", None), ("<f2", None), ("<i2", torch.bfloat16))


@dataclass(frozen=True)
class Variable:
    """Where a variable is in the file. `kind`: place in TYPES."""

    shape: tuple[int, ...]
    kind: int
    offset: int

    @property
    def size(self) -> int:
        """Its bytes."""
        return prod(self.shape) * np.dtype(TYPES[self.kind][0]).itemsize


class CTranslate2File:
    """Variables by name; an alias is as good as its variable."""

    def __init__(self, path: Path) -> None:
        """Reads the header. Raises ModelFormatError, also for a file that is cut off anywhere."""
        try:
            self._bytes: NDArray[np.uint8] = np.memmap(path, np.uint8, mode="c")  # written to by nobody
        except (OSError, ValueError) as problem:
            raise ModelFormatError(f"{path.name} cannot be read ({problem})") from problem
        self._name, self._at = path.name, 0
        try:
            self._read()
        except UnicodeDecodeError as problem:
            raise ModelFormatError(f"{path.name} is no model of CTranslate2 ({problem})") from problem

    def __contains__(self, name: str) -> bool:
        return self._known(name) is not None

    def variable(self, name: str) -> Variable:
        """Raises ModelFormatError when there is none of that name."""
        found = self._known(name)
        if found is None:
            raise ModelFormatError(f"{self._name} has no variable {name}")
        return found

    def read(self, name: str, rows: slice = slice(None)) -> Tensor:
        """A variable, or those rows of it, as it is in the file. Raises ModelFormatError when there is none."""
        variable = self.variable(name)
        kind, as_type = TYPES[variable.kind]
        whole: NDArray[np.generic] = np.ndarray(variable.shape, kind, self._bytes.data, variable.offset)
        tensor = torch.from_numpy(np.array(whole[rows] if variable.shape else whole))
        return tensor if as_type is None else tensor.view(as_type)

    def same(self, name: str, other: str) -> bool:
        """Whether both names are of one variable, or of two that are equal."""
        return self.variable(name) == self.variable(other) or torch.equal(self.read(name), self.read(other))

    def _known(self, name: str) -> Variable | None:
        """An alias of a weight is one of its scale too, which the file does not say."""
        scale = SCALE if name.endswith(SCALE) else ""
        return self._variables.get(name) or self._variables.get(self._aliases.get(name.removesuffix(SCALE), "") + scale)

    def _read(self) -> None:
        version = self._number("I")
        if version != VERSION:
            raise ModelFormatError(f"{self._name} is no model of CTranslate2, or of another format than {VERSION}")
        spec = self._text()
        if spec != "WhisperSpec":
            raise ModelFormatError(f"{self._name} is no Whisper but a {spec[:40]!r} of CTranslate2")
        self._number("I")
        self._variables = dict(self._variable() for _ in range(self._count()))
        self._aliases = {self._text(): self._text() for _ in range(self._count())}

    def _variable(self) -> tuple[str, Variable]:
        name = self._text()
        shape = tuple(self._number("I") for _ in range(self._number("B")))
        kind, size = self._number("B"), self._number("I")
        if kind >= len(TYPES):
            raise ModelFormatError(f"the variable {name} of {self._name} has the type {kind}, which is not known here")
        variable = Variable(shape, kind, self._at)
        if variable.size != size:
            raise ModelFormatError(f"the variable {name} of {self._name} has another size than its shape")
        self._skip(size)
        return name, variable

    def _count(self) -> int:
        count = self._number("I")
        if count > MAX_VARIABLES:
            raise ModelFormatError(f"{self._name} claims {count} variables, which no Whisper has")
        return count

    def _text(self) -> str:
        length = self._number("H")
        start = self._skip(length)
        return self._bytes[start : start + length].tobytes().rstrip(b"\0").decode("utf-8")

    def _number(self, form: Literal["B", "H", "I"]) -> int:
        start = self._skip(struct.calcsize(form))
        (number,) = struct.unpack_from(f"<{form}", self._bytes.data, start)
        return int(number)

    def _skip(self, size: int) -> int:
        """Go on by so many bytes, which must be there; from where."""
        start = self._at
        self._at += size
        if self._at > len(self._bytes):
            raise ModelFormatError(f"{self._name} is cut off, or no model of CTranslate2: it has {start} bytes of it")
        return start
