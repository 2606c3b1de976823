"""Sentences for the offline sentiment model: review and plot sentences from a folder, spoken ones from a file here.

The folder holds train.tsv and dev.tsv, lines of a label (negative, neutral, positive), a tab and a sentence.
"""

from __future__ import annotations

import random
import re
import tomllib
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CLASSES = ("negative", "neutral", "positive")
NEUTRAL = CLASSES.index("neutral")
SPOKEN = Path(__file__).with_name("spoken_sentences.toml")
HELD_OUT = Path(__file__).with_name("spoken_held_out.toml")
#: One of so many sentences is held out, by its hash.
HELD_SHARE = 14
_PRODUCT = re.compile(
    r"\b(camera|phone|player|battery|ipod|router|mp3|dvd|software|lens|zoom|photos?|pictures|nokia|canon|nikon|apex|"
    r"creative|zen|linksys|norton|diaper|warranty|firmware|screen|keypad|headphones|usb|amazon|product|unit|device)\b"
)


@dataclass(frozen=True)
class Example:
    """A text, the number of its class in CLASSES, and where it is from (review, spoken)."""

    text: str
    label: int
    source: str


def read_reviews(path: Path) -> list[Example]:
    """The sentences of one .tsv file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t", 1) for line in lines if "\t" in line)
    return [Example(text.strip(), CLASSES.index(label), "review") for label, text in pairs]


def read_spoken(path: Path) -> list[Example]:
    """The sentences of a file of spoken ones: a list of strings for each class."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return [
        Example(line.strip(), CLASSES.index(label), "spoken")
        for label in CLASSES
        for line in table[label].splitlines()
        if line.strip()
    ]


def is_held_out(text: str) -> bool:
    """True for the sentences that a training with --hold-out does not see."""
    return zlib.crc32(text.encode()) % HELD_SHARE == 0


def is_about_a_product(text: str) -> bool:
    """True if a review sentence reads as one of a customer; a rough guess by its words."""
    return bool(_PRODUCT.search(text))


def filled_frames(path: Path, count: int, rng: random.Random) -> list[Example]:
    """`count` different sentences of each class from the frames of a file: {slot} becomes one of the slot's choices."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    slots = {name: [one.strip() for one in text.split("/")] for name, text in table["slots"].items()}
    found: list[Example] = []
    for label in CLASSES:
        frames = [line.strip() for line in table["frames"][label].splitlines() if line.strip()]
        texts: dict[str, None] = {}
        while len(texts) < count:
            text = rng.choice(frames)
            while "{" in text:
                text = re.sub(r"\{(\w+)\}", lambda slot: rng.choice(slots[slot[1]]), text)
            texts[text[0].upper() + text[1:]] = None
        found += [Example(text, CLASSES.index(label), "spoken") for text in texts]
    return found


def worn(example: Example, rng: random.Random) -> Example:
    """Now and then without its last mark or its commas, or with the mark that Whisper would write.

    Capitals change nothing: the base's tokenizer lower-cases.
    """
    text = example.text
    if example.source == "review":
        text = text.replace(" 't", "'t").replace(" 's", "'s")
    mark = rng.random()
    if mark < 0.3:
        text = text.rstrip(" .!?")
    elif mark < 0.5 and text[-1:] not in ".!?":
        text += "."
    if rng.random() < 0.15:
        text = text.replace(",", "")
    return Example(text or example.text, example.label, example.source)


def joined(spoken: list[Example], count: int, rng: random.Random) -> list[Example]:
    """Two spoken sentences in one text: of one class, or a neutral one beside an opinion, which then decides."""
    by_class: dict[int, list[Example]] = defaultdict(list)
    for example in spoken:
        by_class[example.label].append(example)
    pairs = []
    for _ in range(count):
        label = rng.choice((0, 0, 1, 2, 2))
        parts = [rng.choice(by_class[label]), rng.choice(by_class[rng.choice((label, 1))])]
        rng.shuffle(parts)
        pairs.append(Example(" ".join(part.text for part in parts), label, "spoken"))
    return pairs


def batches(examples: list[Example], size: int, rng: random.Random) -> Iterator[list[Example]]:
    """All examples once, those of about one length together, the batches in random order."""
    ranked = sorted(examples, key=lambda example: len(example.text) + 12 * rng.random())
    groups = [ranked[at : at + size] for at in range(0, len(ranked), size)]
    rng.shuffle(groups)
    yield from groups
