"""The sentence frames behind demo_models/sentences.py; the words that fill them are in demo_words.toml."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

Polarity = Literal["negative", "neutral", "positive"]


def word_section(section: str) -> dict[str, str]:
    """One section of demo_words.toml: texts by name."""
    table = tomllib.loads(Path(__file__).with_name("demo_words.toml").read_text(encoding="utf-8"))
    texts: dict[str, str] = table[section]
    return texts


def word_table(section: str) -> dict[str, list[str]]:
    """One section of demo_words.toml: word lists by name."""
    return {name: text.split() for name, text in word_section(section).items()}


_W = word_table("speech")
THINGS, PEOPLE, NUMBERS, DAYS = _W["things"], _W["people"], _W["numbers"], _W["days"]
GOOD, BAD, KIND, RUDE, GLAD, SORRY = (_W[name] for name in ("good", "bad", "kind", "rude", "glad", "sorry"))
LIKE, DISLIKE, LIKED, DISLIKED = (_W[name] for name in ("like", "dislike", "liked", "disliked"))
OBJECTS, EVENTS, PLACES = _W["objects"], _W["events"], _W["places"]
DO_NOT, US, IT = ["do not", "don't"], ["I", "we"], ["this", "it", "that"]
TIMES, PLANS = ["time", "day", "night", "week"], ["call you", "go home", "see you", "be there"]
SEEN, COLOURS = ["car", "house", "phone", "book", "door", "bus"], ["red", "blue", "green", "black", "white"]
VOWELS = "aeio"  # not u: "a useless app"
VERY = ["very ", "really ", "so ", "quite ", "", "", ""]
WHEN = ["today", "tomorrow", "yesterday", "now", "again"]
THEME = ["this", "the", "that", "my", "your"]
EXTRA = ["with my friends", "last night", "this morning", "today", "yesterday", "at home", "in the city", "on {day}"]


def sign(good: bool) -> Polarity:
    """The polarity of a sentence that is `good` or is not."""
    return "positive" if good else "negative"


class Frames:
    """Fills frames; one method a theme, each returns text without capital and its polarity."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.pick = rng.choice

    def thing(self) -> str:
        """Something to have an opinion on."""
        return f"{self.pick(THEME)} {self.pick(THINGS)}"

    def person(self) -> str:
        """Someone, as the subject of a sentence."""
        return self.pick([f"my {self.pick(PEOPLE)}", f"the {self.pick(PEOPLE)}", "he", "she", "they", "everyone"])

    def be(self, who: str, past: bool) -> str:
        """The form of 'to be' that goes with `who`."""
        plural = who in ("they", "we", "you")
        if past:
            return "were" if plural else "was"
        return "am" if who == "I" else "are" if plural else "is"

    def quality(self) -> tuple[str, Polarity]:
        """What something is or is not like."""
        p = self.pick
        good = self.rng.random() < 0.5
        word = p(GOOD if good else BAD)
        it, was = p([self.thing(), "it", "everything", self.thing()]), p(["is", "was"])
        shape = self.rng.random()
        if shape < 0.34:
            return f"{it} {was} {p(VERY)}{word}", sign(good)
        if shape < 0.58:
            no = p([f"{was} not", f"{was} not", f"{was}n't"])
            return f"{it} {no} {p(['', 'very ', '', 'really '])}{word}", sign(not good)
        if shape < 0.64:
            return f"{it} {was} not {word} at all", sign(not good)
        if shape < 0.76:
            lead = p(["what a", "this is a", "it was a", "that was a"])
            an = "n" if word[0] in VOWELS else ""
            return f"{lead}{an} {word} {p(THINGS)}", sign(good)
        if shape < 0.88:
            lead = p(["I think", "we think", "I know", "they say"])
            return f"{lead} {it} {was} {p(VERY)}{word}", sign(good)
        other = p(BAD if good else GOOD)
        return f"{it} {was} {word} but {self.thing()} was {other}", "neutral"

    def liking(self) -> tuple[str, Polarity]:
        """Who likes or dislikes what."""
        p = self.pick
        good = self.rng.random() < 0.5
        what = p([self.thing(), self.thing(), f"my {p(PEOPLE)}", "it"])
        who, tail = p(["I", "we", "they", "you", "I"]), p(["", "", " so much", " very much", " a lot"])
        shape = self.rng.random()
        if shape < 0.3:
            really = p(["", "", "really ", "also "])
            return f"{who} {really}{p(LIKE if good else DISLIKE)} {what}{tail}", sign(good)
        if shape < 0.5:
            extra = p(EXTRA).format(day=p(DAYS))
            return f"{who} {p(LIKED if good else DISLIKED)} {what} {extra}", sign(good)
        if shape < 0.78:
            no = p([*DO_NOT, "did not", "didn't"])
            return f"{who} {no} {p(LIKE)} {what}{p(['', '', ' at all'])}", "negative"
        if shape < 0.86:
            return f"{who} {p(DO_NOT)} {p(DISLIKE)} {what}", "positive"
        if shape < 0.93:
            return (
                f"{p(US)} {p(['would', 'can'])} recommend {what} to {p(['everyone', 'my friends'])}",
                "positive",
            )
        return f"{p(US)} {p(['would not', 'cannot'])} recommend {what}", "negative"

    def feeling(self) -> tuple[str, Polarity]:
        """How someone feels."""
        p = self.pick
        good = self.rng.random() < 0.5
        who, past = p(["I", "I", "we", self.person(), "you"]), self.rng.random() < 0.4
        be, word, when = self.be(who, past), p(GLAD if good else SORRY), p(["", f" {p(WHEN)}"])
        shape = self.rng.random()
        if shape < 0.4:
            return f"{who} {be} {p(VERY)}{word}{when}", sign(good)
        if shape < 0.6:
            return f"{who} {be} not {word}{when}", sign(not good)
        if shape < 0.8:
            return f"{p(US)} {p(['feel', 'felt'])} {p(VERY)}{word}{when}", sign(good)
        return (
            f"{who} {be} {p(VERY)}{word} {'with' if good else 'about'} {self.thing()}",
            sign(good),
        )

    def people(self) -> tuple[str, Polarity]:
        """How someone treats others."""
        p = self.pick
        good = self.rng.random() < 0.5
        who = self.person()
        shape = self.rng.random()
        if shape < 0.5:
            return (
                f"{who} {self.be(who, True)} {p(VERY)}{p(KIND if good else RUDE)}",
                sign(good),
            )
        if shape < 0.75:
            return f"{who} {self.be(who, True)} not {p(KIND if good else RUDE)}", sign(not good)
        return (
            f"{who} {self.be(who, True)} {p(VERY)}{p(KIND if good else RUDE)} to {p(['me', 'us', 'everyone'])}",
            sign(good),
        )

    def moments(self) -> tuple[str, Polarity]:
        """The best and the worst, what works, and problems."""
        p = self.pick
        good = self.rng.random() < 0.5
        word, best, sad = p(GOOD if good else BAD), "best" if good else "worst", p(GLAD if good else SORRY)
        choice = [
            f"{p(IT)} {p(['is', 'was'])} the {best} {p(THINGS)} {p(['ever', 'I know', 'in the city'])}",
            f"{self.thing()} makes me {p(VERY)}{sad}",
            f"{p(US)} had a{'n' * (word[0] in VOWELS)} {word} {p(TIMES)} {p(EXTRA[4:]).format(day=p(DAYS))}",
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
        return text, sign(good)

    def thanks(self) -> tuple[str, Polarity]:
        """Thanks."""
        p = self.pick
        thank, what = p(["thank you", "thanks", "thank you so much"]), p(["your help", self.thing(), "everything"])
        return f"{thank} for {what}{p(['', f' {p(WHEN)}'])}", "positive"

    def plain(self) -> tuple[str, Polarity]:
        """A statement or a question without an opinion."""
        p = self.pick
        n, day, time = p(NUMBERS), p(DAYS), f"{p(['at', 'after', 'before'])} {p(NUMBERS)}"
        who = p(["I", "we", "they", "you"])
        choice: list[Callable[[], str]] = [
            lambda: f"{p(['the', 'my', 'our', 'your'])} {p(EVENTS)} is on {day}{p(['', f' {time}'])}",
            lambda: f"{who} have {p(NUMBERS[1:])} {p(OBJECTS)}",
            lambda: f"the {p(EVENTS)} {p(['starts', 'leaves', 'ends'])} {time}{p(['', f' on {day}'])}",
            lambda: (
                f"{p(['my ' + p(PEOPLE), 'he', 'she'])} {p(['works', 'lives', 'is'])} in {p(['the', 'a'])} {p(PLACES)}"
            ),
            lambda: f"there are {p(NUMBERS[1:])} {p(OBJECTS)} in the {p(PLACES)}",
            lambda: f"{p(['today', 'tomorrow'])} is {day}",
            lambda: f"{p(US)} will {p(PLANS)} {p(['tomorrow', f'on {day}', time])}",
            lambda: f"{who} {p(['went', 'go', 'walk'])} to the {p(PLACES)} {p(['today', 'every day', f'on {day}'])}",
            lambda: f"{p(['where', 'when'])} is {p(['the', 'your', 'my'])} {p(EVENTS + PLACES)}?",
            lambda: f"{p(['do you like', 'did you see', 'can you see'])} {self.thing()}?",
            lambda: f"please {p(['open', 'close'])} the {p(['door', 'window', 'book', 'app'])}",
            lambda: f"the {p(SEEN)} is {p(COLOURS)}",
            lambda: f"my number is {n} {p(NUMBERS)} {p(NUMBERS)}{p(['', f' {p(NUMBERS)}'])}",
            lambda: f"it is {n} o'clock",
            lambda: f"{who} need {p(['a', 'the', 'your'])} {p(THINGS)} {p(['today', 'tomorrow', 'now'])}",
        ]
        return p(choice)(), "neutral"
