"""Everyday English sentences with a polarity: what the demo models are trained and measured on.

Sentences come from frames with slots ("The {thing} was {very} {good}.") over about 320 words, so a tiny speech model
can learn them. Every sentence belongs for ever to the training part or to the held-out part: a hash of its text
decides, so all scripts agree without a list that is passed around. Text is written as Whisper writes it.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Polarity = Literal["negative", "neutral", "positive"]

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

THINGS = """movie film food service weather book music song phone game show coffee place hotel room app story pizza
dinner restaurant party trip job website camera car concert class bus house staff screen beach tea cake market""".split()
PEOPLE = """friend brother sister mother father teacher doctor driver waiter boss team""".split()
GOOD = """good great nice amazing wonderful fantastic excellent beautiful lovely brilliant awesome fun
perfect special""".split()
BAD = """bad terrible awful horrible boring poor slow dirty disappointing disgusting useless
broken expensive cold""".split()
KIND = "kind friendly helpful great nice wonderful funny lovely".split()
RUDE = "rude angry terrible slow awful stupid horrible".split()
GLAD = "happy excited proud glad".split()
SORRY = "sad angry tired sick worried upset lonely afraid".split()
LIKE, DISLIKE = "love like enjoy".split(), "hate dislike".split()
DO_NOT = ["do not", "don't"]
LIKED, DISLIKED = "loved liked enjoyed".split(), "hated disliked".split()
VOWELS = "aeio"  # not u: "a useless app"
VERY = ["very ", "really ", "so ", "quite ", "", "", ""]
NUMBERS = "one two three four five six seven eight nine ten eleven twelve".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
OBJECTS = "books cats dogs children cars phones brothers sisters friends tickets".split()
EVENTS = "meeting train bus class concert party movie show game".split()
PLACES = "city school office park station hotel garden kitchen".split()
WHEN = ["today", "tomorrow", "yesterday", "now", "again"]
THEME = ["this", "the", "that", "my", "your"]
EXTRA = ["with my friends", "last night", "this morning", "today", "yesterday", "at home", "in the city", "on {day}"]


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


class _Frames:
    """Fills frames; one method a theme, each returns text without capital and its polarity."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.pick = rng.choice

    def thing(self) -> str:
        return f"{self.pick(THEME)} {self.pick(THINGS)}"

    def person(self) -> str:
        return self.pick([f"my {self.pick(PEOPLE)}", f"the {self.pick(PEOPLE)}", "he", "she", "they", "everyone"])

    def be(self, who: str, past: bool) -> str:
        plural = who in ("they", "we", "you")
        if past:
            return "were" if plural else "was"
        return "am" if who == "I" else "are" if plural else "is"

    def quality(self) -> tuple[str, Polarity]:
        p = self.pick
        good = self.rng.random() < 0.5
        word = p(GOOD if good else BAD)
        it, was = p([self.thing(), "it", "everything", self.thing()]), p(["is", "was"])
        shape = self.rng.random()
        if shape < 0.34:
            return f"{it} {was} {p(VERY)}{word}", "positive" if good else "negative"
        if shape < 0.58:
            no = p([f"{was} not", f"{was} not", f"{was}n't"])
            return f"{it} {no} {p(['', 'very ', '', 'really '])}{word}", "negative" if good else "positive"
        if shape < 0.64:
            return f"{it} {was} not {word} at all", "negative" if good else "positive"
        if shape < 0.76:
            lead = p(["what a", "this is a", "it was a", "that was a"])
            an = "n" if word[0] in VOWELS else ""
            return f"{lead}{an} {word} {p(THINGS)}", "positive" if good else "negative"
        if shape < 0.88:
            lead = p(["I think", "we think", "I know", "they say"])
            return f"{lead} {it} {was} {p(VERY)}{word}", "positive" if good else "negative"
        other = p(BAD if good else GOOD)
        return f"{it} {was} {word} but {self.thing()} was {other}", "neutral"

    def liking(self) -> tuple[str, Polarity]:
        p = self.pick
        good = self.rng.random() < 0.5
        what = p([self.thing(), self.thing(), f"my {p(PEOPLE)}", "it"])
        who, tail = p(["I", "we", "they", "you", "I"]), p(["", "", " so much", " very much", " a lot"])
        shape = self.rng.random()
        if shape < 0.3:
            really = p(["", "", "really ", "also "])
            return f"{who} {really}{p(LIKE if good else DISLIKE)} {what}{tail}", "positive" if good else "negative"
        if shape < 0.5:
            extra = p(EXTRA).format(day=p(DAYS))
            return f"{who} {p(LIKED if good else DISLIKED)} {what} {extra}", "positive" if good else "negative"
        if shape < 0.78:
            no = p([*DO_NOT, "did not", "didn't"])
            return f"{who} {no} {p(LIKE)} {what}{p(['', '', ' at all'])}", "negative"
        if shape < 0.86:
            return f"{who} {p(DO_NOT)} {p(DISLIKE)} {what}", "positive"
        if shape < 0.93:
            return f"{p(['I', 'we'])} {p(['would', 'can'])} recommend {what} to {p(['everyone', 'my friends'])}", "positive"
        return f"{p(['I', 'we'])} {p(['would not', 'cannot'])} recommend {what}", "negative"

    def feeling(self) -> tuple[str, Polarity]:
        p = self.pick
        good = self.rng.random() < 0.5
        who, past = p(["I", "I", "we", self.person(), "you"]), self.rng.random() < 0.4
        be, word, when = self.be(who, past), p(GLAD if good else SORRY), p(["", f" {p(WHEN)}"])
        shape = self.rng.random()
        if shape < 0.4:
            return f"{who} {be} {p(VERY)}{word}{when}", "positive" if good else "negative"
        if shape < 0.6:
            return f"{who} {be} not {word}{when}", "negative" if good else "positive"
        if shape < 0.8:
            return f"{p(['I', 'we'])} {p(['feel', 'felt'])} {p(VERY)}{word}{when}", "positive" if good else "negative"
        return f"{who} {be} {p(VERY)}{word} {'with' if good else 'about'} {self.thing()}", "positive" if good else "negative"

    def people(self) -> tuple[str, Polarity]:
        p = self.pick
        good = self.rng.random() < 0.5
        who = self.person()
        shape = self.rng.random()
        if shape < 0.5:
            return f"{who} {self.be(who, True)} {p(VERY)}{p(KIND if good else RUDE)}", "positive" if good else "negative"
        if shape < 0.75:
            return f"{who} {self.be(who, True)} not {p(KIND if good else RUDE)}", "negative" if good else "positive"
        return f"{who} {self.be(who, True)} {p(VERY)}{p(KIND if good else RUDE)} to {p(['me', 'us', 'everyone'])}", (
            "positive" if good else "negative"
        )

    def moments(self) -> tuple[str, Polarity]:
        p = self.pick
        good = self.rng.random() < 0.5
        word, best, sad = p(GOOD if good else BAD), "best" if good else "worst", p(GLAD if good else SORRY)
        choice = [
            f"{p(['this', 'it', 'that'])} {p(['is', 'was'])} the {best} {p(THINGS)} {p(['ever', 'I know', 'in the city'])}",
            f"{self.thing()} makes me {p(VERY)}{sad}",
            f"{p(['I', 'we'])} had a{'n' * (word[0] in VOWELS)} {word} {p(['time', 'day', 'night', 'week'])} {p(EXTRA[4:]).format(day=p(DAYS))}",
            f"{self.thing()} {p(['works', 'worked'])} {p(['very well', 'really well', 'well'])}"
            if good
            else f"{self.thing()} {p(['does not work', 'never works', 'did not work'])}{p(['', ' at all', ' again'])}",
            f"there is {p(['a', 'no'])} problem with {self.thing()}",
            f"I {p(['want to', 'never want to'])} {p(['see', 'buy'])} {p(['this', 'that'])} {p(THINGS)} again",
        ]
        text = p(choice)
        if "problem" in text:
            good = " no problem" in text
        if "want to" in text:
            good = "never" not in text
        return text, "positive" if good else "negative"

    def thanks(self) -> tuple[str, Polarity]:
        p = self.pick
        thank, what = p(["thank you", "thanks", "thank you so much"]), p(["your help", self.thing(), "everything"])
        return f"{thank} for {what}{p(['', f' {p(WHEN)}'])}", "positive"

    def plain(self) -> tuple[str, Polarity]:
        p = self.pick
        n, day, time = p(NUMBERS), p(DAYS), f"{p(['at', 'after', 'before'])} {p(NUMBERS)}"
        who = p(["I", "we", "they", "you"])
        choice: list[Callable[[], str]] = [
            lambda: f"{p(['the', 'my', 'our', 'your'])} {p(EVENTS)} is on {day}{p(['', f' {time}'])}",
            lambda: f"{who} have {p(NUMBERS[1:])} {p(OBJECTS)}",
            lambda: f"the {p(EVENTS)} {p(['starts', 'leaves', 'ends'])} {time}{p(['', f' on {day}'])}",
            lambda: f"{p(['my ' + p(PEOPLE), 'he', 'she'])} {p(['works', 'lives', 'is'])} in {p(['the', 'a'])} {p(PLACES)}",
            lambda: f"there are {p(NUMBERS[1:])} {p(OBJECTS)} in the {p(PLACES)}",
            lambda: f"{p(['today', 'tomorrow'])} is {day}",
            lambda: f"{p(['I', 'we'])} will {p(['call you', 'go home', 'see you', 'be there'])} {p(['tomorrow', f'on {day}', time])}",
            lambda: f"{who} {p(['went', 'go', 'walk'])} to the {p(PLACES)} {p(['today', 'every day', f'on {day}'])}",
            lambda: f"{p(['where', 'when'])} is {p(['the', 'your', 'my'])} {p(EVENTS + PLACES)}?",
            lambda: f"{p(['do you like', 'did you see', 'can you see'])} {self.thing()}?",
            lambda: f"please {p(['open', 'close'])} the {p(['door', 'window', 'book', 'app'])}",
            lambda: f"the {p(['car', 'house', 'phone', 'book', 'door', 'bus'])} is {p(['red', 'blue', 'green', 'black', 'white'])}",
            lambda: f"my number is {n} {p(NUMBERS)} {p(NUMBERS)}{p(['', f' {p(NUMBERS)}'])}",
            lambda: f"it is {n} o'clock",
            lambda: f"{who} need {p(['a', 'the', 'your'])} {p(THINGS)} {p(['today', 'tomorrow', 'now'])}",
        ]
        return p(choice)(), "neutral"


def make_sentences(count: int, seed: int, held_out: bool) -> list[Sentence]:
    """`count` different sentences of one part (training or held-out), the same for the same seed.

    Raises ValueError when the frames cannot give that many.
    """
    rng = random.Random(seed)
    frames = _Frames(rng)
    themes = [frames.quality] * 7 + [frames.liking] * 5 + [frames.feeling] * 3 + [frames.people] * 2 + [frames.moments] * 3
    themes += [frames.thanks] + [frames.plain] * 7
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
    return [f"{rng.choice(['The', 'My', 'I', 'It'])} {' '.join(rng.choices(words, k=rng.randint(2, 6)))}." for _ in range(count)]


def words_in_use(sentences: list[Sentence]) -> set[str]:
    """The different words, lower-case, without end marks."""
    return {word.strip(".?,").lower() for s in sentences for word in s.text.split()}


if __name__ == "__main__":
    made = make_sentences(9000, 1, held_out=False)
    sys.stdout.write(f"{len(made)} sentences, {len(words_in_use(made))} words\n")
    for sentence in random.Random(2).sample(made, 40):
        sys.stdout.write(f"{sentence.polarity:9s} {sentence.text}\n")
