"""Everyday English sentences with a polarity: what the demo models are trained and measured on.

Sentences come from frames with slots ("The {thing} was {very} {good}.") over about 270 words, so a tiny speech model
can learn them. Every sentence belongs for ever to the training part or to the held-out part: a hash of its text
decides, so all scripts agree without a list that is passed around. Text is written as Whisper writes it.
"""

from __future__ import annotations

import hashlib
import random
import sys
from dataclasses import dataclass

from demo_models.frames import DAYS, Frames, Polarity

HELD_OUT_OF_100 = 12
#: Short fixed phrases: always in training, far too few to hold any out.
PHRASES: dict[str, Polarity] = {
    "Yes.": "neutral", "No.": "neutral", "Okay.": "neutral", "Hello.": "neutral", "Good morning.": "neutral",
    "I love this movie.": "positive", "The food was terrible.": "negative", "Thank you.": "positive",
    "Thank you very much.": "positive", "Thanks.": "positive", "How are you?": "neutral", "I am sorry.": "negative",
    "What time is it?": "neutral", "See you tomorrow.": "neutral", "I don't know.": "neutral", "Well done.": "positive",
    "It was okay.": "neutral", "What a great day.": "positive", "I am fine.": "positive", "That is great.": "positive",
    "I hate it.": "negative", "I love it.": "positive", "I like you.": "positive", "This is a test.": "neutral",
}  # fmt: skip


@dataclass(frozen=True)
class Sentence:
    """One sentence and what it expresses."""

    text: str
    polarity: Polarity


def is_held_out(text: str) -> bool:
    """True if no script may train on `text`, in any voice."""
    if text in PHRASES:
        return False
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 100 < HELD_OUT_OF_100


def make_sentences(count: int, seed: int, held_out: bool) -> list[Sentence]:
    """`count` different sentences of one part (training or held-out), the same for the same seed.

    Raises ValueError when the frames cannot give that many.
    """
    rng = random.Random(seed)
    frames = Frames(rng)
    shares = {frames.quality: 7, frames.liking: 5, frames.feeling: 3, frames.people: 2, frames.moments: 3}
    shares |= {frames.thanks: 1, frames.plain: 7}
    themes = [theme for theme, share in shares.items() for _ in range(share)]
    found: dict[str, Polarity] = {} if held_out else dict(PHRASES)
    for _ in range(60 * count):
        if len(found) >= count:
            return [Sentence(text, polarity) for text, polarity in found.items()]
        body, polarity = rng.choice(themes)()
        text = body[0].upper() + body[1:] + ("" if body.endswith("?") else ".")
        if is_held_out(text) == held_out:
            found.setdefault(text, polarity)
    raise ValueError(f"the frames gave only {len(found)} of {count} sentences")


def word_lists(count: int, seed: int) -> list[str]:
    """Senseless sentences of words in use: they teach the decoder to listen, not to guess what comes next."""
    rng = random.Random(seed)
    words = sorted(words_in_use(make_sentences(4000, seed, held_out=False)) - {"i", "monday"})
    words = [word.capitalize() if word.capitalize() in DAYS else word for word in words if word != "o'clock"]
    return [
        f"{rng.choice(['The', 'My', 'I', 'It'])} {' '.join(rng.choices(words, k=rng.randint(2, 6)))}."
        for _ in range(count)
    ]


def words_in_use(sentences: list[Sentence]) -> set[str]:
    """The different words, lower-case, without end marks."""
    return {word.strip(".?,").lower() for s in sentences for word in s.text.split()}


if __name__ == "__main__":
    made = make_sentences(9000, 1, held_out=False)
    sys.stdout.write(f"{len(made)} sentences, {len(words_in_use(made))} words\n")
    for sentence in random.Random(2).sample(made, 40):
        sys.stdout.write(f"{sentence.polarity:9s} {sentence.text}\n")
