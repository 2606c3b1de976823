"""Texts with a soft label for the demo sentiment model: the speech sentences and many more of a broader lexicon.

A label is the probability that the text is positive: 1, 0, 0.5 for plain statements, 0.65 or 0.35 for "but" sentences
(the half that carries the point counts a little more). Frames, slots and words are in demo_words.toml.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from demo_models.frames import DAYS, NUMBERS, PEOPLE, THINGS, Polarity, word_section, word_table
from demo_models.sentences import is_held_out, make_sentences

_W = word_table("broad")
GOOD, BAD = _W["good"], _W["bad"]
SLOTS = {name: [choice.strip() for choice in text.split("/")] for name, text in word_section("slots").items()}
SLOTS |= {"thing": _W["more_things"] + THINGS + PEOPLE, "some": _W["objects"] + _W["more_things"] + THINGS}
SLOTS |= {"day": [day.lower() for day in DAYS], "hour": NUMBERS}
#: Slots that follow the sign of the sentence: (good, bad).
SIGNED = {
    "W": (GOOD, BAD),
    "O": (BAD, GOOD),
    "F": (_W["glad"], _W["sorry"]),
    "L": (_W["like"], _W["dislike"]),
    "D": (_W["liked"], _W["disliked"]),
    "B": (["better"], ["worse"]),
}
#: Phrases that no frame makes, with their labels.
PHRASE_LABELS = {
    " ".join(phrase.split()): float(label)
    for label, phrases in word_section("phrases").items()
    for phrase in phrases.split("/")
}
#: Contractions, also applied to the capitalised forms.
SHORT = {"i am": "i'm", "it is": "it's", "we are": "we're", "they are": "they're", "he is": "he's", "she is": "she's"}
SHORT |= {"that is": "that's", "cannot": "can't", "you are": "you're", "is not": "isn't", "was not": "wasn't"}
SHORT |= {full.capitalize(): short.capitalize() for full, short in SHORT.items()}
_NOUNS = frozenset(THINGS + _W["more_things"])


@dataclass(frozen=True)
class Example:
    """A text and the probability that it is positive; `negated` if its meaning hangs on a negation."""

    text: str
    positive: float
    negated: bool = False


def has_negation(text: str) -> bool:
    """True if a word of `text` negates."""
    words = text.lower().split()
    return any(w in ("not", "never", "no", "cannot", "hardly", "nothing") or w.endswith("n't") for w in words)


class Frames:
    """Fills the frames of one kind ("opinion" or "plain") of demo_words.toml."""

    def __init__(self, kind: str) -> None:
        self.frames: list[tuple[str, str]] = []
        for line in word_section("sentiment_frames")[kind].strip().splitlines():
            share, label, text = re.fullmatch(r"(\d+), ([\w.]+): (.*)", line).groups()  # type: ignore[union-attr]
            self.frames += [(label, text)] * int(share)

    def fill(self, rng: random.Random) -> Example:
        """A random sentence with its label."""
        label, text = rng.choice(self.frames)
        good = rng.random() < 0.5

        def choose(slot: re.Match[str]) -> str:
            name = slot[1]
            return rng.choice(SIGNED[name][not good] if name in SIGNED else SLOTS[name])

        while "{" in text:
            text = re.sub(r"\{(\w+)\}", choose, text)
        signs = {"good": float(good), "not": float(not good)}
        signs |= {"mixed": 0.35 if good else 0.65, "unmixed": 0.65 if good else 0.35}
        text = " ".join(text.split())
        return Example(text, signs[label] if label in signs else float(label), has_negation(text))


SPEECH_LABEL: dict[Polarity, float] = {"negative": 0.0, "neutral": 0.5, "positive": 1.0}


def speech_examples(count: int, seed: int, held_out: bool) -> list[Example]:
    """The sentences of the speech model with their labels."""
    found = []
    for s in make_sentences(count, seed, held_out):
        label = SPEECH_LABEL[s.polarity]
        if " but " in s.text:
            label = 0.65 if s.text.rstrip(".").split()[-1] in GOOD else 0.35
        found.append(Example(s.text, label, has_negation(s.text)))
    return found


def broad_examples(count: int, seed: int, held_out: bool) -> list[Example]:
    """Different sentences of the broader lexicon, held out or not by the same hash rule."""
    rng = random.Random(seed)
    frames = Frames("opinion")
    found: dict[str, Example] = {}
    while len(found) < count:
        example = frames.fill(rng)
        if is_held_out(example.text) == held_out:
            found.setdefault(example.text, example)
    return list(found.values())


def worn(example: Example, rng: random.Random, words: list[str]) -> Example:
    """Now and then as a recogniser might hear it: no end mark, one word lost or replaced by another."""
    text = example.text
    if rng.random() < 0.3:
        text = text.rstrip(".?")
    for full, short in SHORT.items():
        if rng.random() < 0.25:
            text = re.sub(rf"\b{full}\b", short, text)
    parts = text.split()
    if rng.random() < 0.08:  # an unknown word is no opinion
        parts = ["".join(rng.choices("abcdefgilmnoprstuvw", k=rng.randint(3, 9))) if w in _NOUNS else w for w in parts]
    if len(parts) > 3 and rng.random() < 0.06:
        place = rng.randrange(len(parts))
        if parts[place].lower() in ("the", "a", "my", "this", "that", "your", "is", "was", "are", "on", "so", "very"):
            parts[place : place + 1] = [] if rng.random() < 0.5 else [rng.choice(words)]
    return Example(" ".join(parts), example.positive, example.negated)


def training_examples(seed: int) -> Iterator[list[Example]]:
    """Endless epochs of about 47,000 examples: single sentences, phrases, and two or three sentences in one text."""
    rng = random.Random(seed)
    speech = speech_examples(14000, 1, held_out=False)
    phrases = [Example(text, label, has_negation(text)) for text, label in PHRASE_LABELS.items()]
    small = ["the", "a", "my", "this", "that", "your", "is", "and", "it", "to", "in", "of"]
    plain_frames = Frames("plain")
    while True:
        plain = [plain_frames.fill(rng) for _ in range(4000)]
        epoch = speech + plain + broad_examples(24000, rng.randrange(10**9), held_out=False) + phrases * 6
        pairs = []
        for _ in range(5000):
            parts = [rng.choice(speech) for _ in range(rng.choice([2, 2, 3]))]
            opinions = [part.positive for part in parts if part.positive != 0.5] or [0.5]
            pairs.append(Example(" ".join(part.text for part in parts), sum(opinions) / len(opinions)))
        epoch = [worn(e, rng, small) for e in epoch + pairs]
        rng.shuffle(epoch)
        yield epoch
