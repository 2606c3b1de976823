"""Human speech with transcripts: the telephone prompts of Debian's asterisk-core-sounds packages.

Professional speakers, one a language, at 16 kHz (G.722), under CC BY-SA 3.0; `make test` installs them. What they say
is in /usr/share/doc, in a package of its own. Music without words comes from a third one. The Spanish transcripts lack
accents and abbreviate ("2 para …" where the speaker says "marque número dos para …"): they serve to compare, not to
tell how well Spanish is understood.
"""

from __future__ import annotations

import difflib
import functools
import gzip
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ

VOICES = {
    "en": "en_US_f_Allison",
    "es": "es_MX_f_Allison",
    "fr": "fr_CA_f_June",
    "it": "it_IT_m_Carlo",
    "ru": "ru_RU_f_IvrvoiceRU",
}
ENCODINGS = {"en": "latin-1", "es": "latin-1", "fr": "latin-1", "it": "latin-1", "ru": "cp1251"}  # where not UTF-8
SOUNDS = Path("/usr/share/asterisk/sounds")
TRANSCRIPTS = Path("/usr/share/doc")
MUSIC = Path("/usr/share/asterisk/moh")
G722_BYTES_PER_SEC = 8000
SEED = 11
A_SOUND = "un suono"  # how the Italian transcripts begin where nothing is said
MIN_WORDS = 4
MIN_SEC, MAX_SEC = 1.2, 29.0
LOST_RUN_WORDS = 4

Samples = NDArray[np.int16]
HumanClips = Callable[[str, int], list["Clip"]]


class HumanVoicesMissingError(Exception):
    """There are no recordings here; the message names the package that has them."""


@dataclass(frozen=True)
class Clip:
    """One prompt. `samples`: mono, 16 kHz, shape (n,)."""

    name: str
    language: str
    text: str
    samples: Samples

    @property
    def pcm(self) -> bytes:
        """The samples as s16le bytes."""
        return self.samples.astype("<i2").tobytes()

    @property
    def sec(self) -> float:
        """How long it is."""
        return len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True)
class WordErrors:
    """Against what was wanted. `lost`: each run of LOST_RUN_WORDS wanted words or more that is missing."""

    errors: int
    words: int
    lost: tuple[str, ...] = ()

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(self.errors + other.errors, self.words + other.words, self.lost + other.lost)

    @property
    def rate(self) -> float:
        """Word error rate; 1 is 100 %."""
        return self.errors / max(1, self.words)


@pytest.fixture(scope="session")
def human_clips() -> HumanClips:
    """`clips`; where there are none the test that asks is skipped, and the reason names the package."""

    def ask(language: str, count: int) -> list[Clip]:
        try:
            return clips(language, count)
        except HumanVoicesMissingError as missing:
            pytest.skip(str(missing))

    return ask


def clips(language: str, count: int) -> list[Clip]:
    """The first `count` prompts of a language in an order that SEED fixes; a larger count begins with the same.

    Chosen are those of MIN_WORDS words or more and MIN_SEC to MAX_SEC long, without brackets (which stand for sounds)
    in their transcript. Raises HumanVoicesMissingError, also where there are fewer.
    """
    chosen = [
        (name, text)
        for name, text in prompts(language)
        if len(text.split()) >= MIN_WORDS
        and MIN_SEC <= _recording(language, name).stat().st_size / G722_BYTES_PER_SEC <= MAX_SEC
    ]
    if len(chosen) < count:
        raise HumanVoicesMissingError(f"only {len(chosen)} prompts of asterisk-core-sounds-{language}-g722 fit")
    order = np.random.default_rng(SEED).permutation(len(chosen))[:count]
    return [clip(language, *chosen[at]) for at in order]


def joined(language: str, count: int, gap_sec: float) -> Clip:
    """The first `count` clips as one recording, each with `gap_sec` of silence behind it."""
    found = clips(language, count)
    gap = np.zeros(int(gap_sec * SAMPLE_RATE_HZ), np.int16)
    samples = np.concatenate([piece for one in found for piece in (one.samples, gap)])
    return Clip(f"{language} {count} prompts", language, " ".join(one.text for one in found), samples)


@functools.cache
def prompts(language: str) -> tuple[tuple[str, str], ...]:
    """Name and transcript of every prompt that has both a recording and words without brackets.

    Raises HumanVoicesMissingError.
    """
    return tuple(_prompts(language))


def music(sec: float) -> list[Clip]:
    """The first `sec` of every tune. Raises HumanVoicesMissingError."""
    tunes = sorted(MUSIC.glob("*.g722"))
    if not tunes:
        raise HumanVoicesMissingError("no music: package asterisk-moh-opsound-g722")
    return [Clip(tune.stem, "", "", decoded(tune)[: int(sec * SAMPLE_RATE_HZ)]) for tune in tunes]


def clip(language: str, name: str, text: str) -> Clip:
    """One prompt, decoded. Raises HumanVoicesMissingError."""
    return Clip(name, language, text, decoded(_recording(language, name)))


def decoded(path: Path) -> Samples:
    """The samples of a G.722 file. Raises HumanVoicesMissingError where nothing decodes it."""
    if shutil.which("ffmpeg") is None:
        raise HumanVoicesMissingError("no ffmpeg (package ffmpeg) to decode human voices")
    command = ["ffmpeg", "-v", "error", "-f", "g722", "-i", str(path)]
    command += ["-ac", "1", "-ar", str(SAMPLE_RATE_HZ), "-f", "s16le", "-"]
    pcm = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    return np.frombuffer(pcm, "<i2").astype(np.int16)


def word_errors(language: str, wanted: str, got: str) -> WordErrors:
    """Compare as Whisper's own figures do: without case and punctuation, in English with spellings and numbers made
    one, in other languages without accents."""
    from demo_models.evaluate import word_errors as distance

    said, heard = normalised(language, wanted), normalised(language, got)
    changes = difflib.SequenceMatcher(None, said, heard, autojunk=False).get_opcodes()
    lost = [
        " ".join(said[start:end])
        for change, start, end, other_start, other_end in changes
        if change != "equal" and (end - start) - (other_end - other_start) >= LOST_RUN_WORDS
    ]
    return WordErrors(distance(said, heard), len(said), tuple(lost))


def normalised(language: str, text: str) -> list[str]:
    """The words of `text` as they are compared."""
    return str(_normaliser(language == "en")(text)).split()


@functools.cache
def _normaliser(english: bool) -> Callable[[str], Any]:
    from whisper.normalizers import BasicTextNormalizer, EnglishTextNormalizer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the English one leaves a file open
        found: Callable[[str], Any] = (
            EnglishTextNormalizer() if english else BasicTextNormalizer(remove_diacritics=True)
        )
    return found


def _prompts(language: str) -> Iterator[tuple[str, str]]:
    package = f"asterisk-core-sounds-{language}"
    if not (SOUNDS / VOICES[language]).is_dir():
        raise HumanVoicesMissingError(f"no human voices: package {package}-g722")
    path = TRANSCRIPTS / package / f"core-sounds-{language}.txt.gz"
    if not path.is_file():
        raise HumanVoicesMissingError(f"no transcripts of the human voices: {path} of package {package}")
    seen = set()
    for line in _read(gzip.decompress(path.read_bytes()), ENCODINGS[language]).splitlines():
        name, _, text = (part.strip() for part in line.partition(":"))
        usable = text and not line.startswith(";") and not set("[](){}<>") & set(text) and name not in seen
        usable = usable and not text.startswith(A_SOUND)
        if usable and _recording(language, name).is_file():
            seen.add(name)
            yield name, text


def _read(raw: bytes, otherwise: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode(otherwise)


def _recording(language: str, name: str) -> Path:
    return SOUNDS / VOICES[language] / f"{name}.g722"
