"""Texts with a soft label for the demo sentiment model: the speech sentences and many more of a broader lexicon.

A label is the probability that the text is positive: 1, 0, 0.5 for plain statements, 0.65 or 0.35 for "but" sentences
(the second half counts a little more).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from demo_sentences import PEOPLE, THINGS, Polarity, is_held_out, make_sentences

GOOD = """good great nice amazing wonderful fantastic excellent perfect beautiful lovely brilliant awesome superb terrific
outstanding incredible marvelous delightful pleasant enjoyable charming impressive remarkable fabulous stunning splendid
magnificent exceptional fun funny entertaining exciting inspiring touching refreshing relaxing comfortable cozy clean
fresh tasty delicious friendly helpful kind polite generous warm caring professional efficient fast reliable useful easy
smooth clever smart interesting fascinating valuable cheap affordable worthwhile memorable gorgeous elegant bright
cheerful satisfying rewarding flawless phenomenal spectacular sweet special cool solid decent fair honest thoughtful""".split()
BAD = """bad terrible awful horrible boring poor slow dirty ugly disappointing disgusting useless broken expensive cold dreadful
lousy pathetic ridiculous annoying irritating frustrating painful stupid dull bland tasteless stale rotten greasy noisy
crowded smelly filthy cheesy predictable confusing messy rude unfriendly unhelpful careless lazy dishonest arrogant mean
cruel nasty unpleasant uncomfortable unreliable unacceptable inferior weak faulty defective buggy laggy overpriced
overrated worthless pointless miserable depressing gloomy tragic tedious tiresome mediocre disastrous appalling atrocious
abysmal horrendous shameful embarrassing scary unfair dangerous wrong late impossible unbearable hopeless worse""".split()
GLAD = "happy excited proud glad delighted thrilled pleased satisfied grateful thankful relaxed cheerful hopeful amazed".split()
SORRY = """sad angry tired sick worried upset lonely afraid disappointed annoyed frustrated furious unhappy miserable bored nervous
stressed scared depressed ashamed devastated heartbroken exhausted confused""".split()
LIKE = "love like enjoy adore admire appreciate recommend".split()
DISLIKE = "hate dislike regret despise avoid".split()
LIKED = "loved liked enjoyed adored admired appreciated recommended".split()
DISLIKED = "hated disliked regretted despised avoided".split()
MORE_THINGS = """acting actor album animation battery bed breakfast bathroom bread burger cast cheese chicken cinema city
customer delivery design device director dish documentary driver ending experience flight garden guide headphones
holiday humor ice cream idea keyboard lamp laptop lesson machine manager meal menu museum neighbor novel package people
performance picture plot present price program quality rain recording room salad sauce script series shirt shoes soup
sound speaker staff steak store summer support table taste tour town update vacation vegetables view visit voice waiter
wine winter work""".split()
VERY = ["very ", "really ", "so ", "quite ", "absolutely ", "extremely ", "incredibly ", "totally ", "pretty ", "", "", "", ""]
NOT_BE = ["was not", "is not", "wasn't", "isn't", "was never", "was hardly", "is not really", "wasn't very", "are not"]
NOT_DO = ["do not", "don't", "did not", "didn't", "never", "can't", "cannot", "would not", "wouldn't", "could not"]
SET: dict[str, float] = {
    "it could not be better": 1, "it could be better": 0.1, "it was not bad at all": 1, "not bad at all": 1, "not good": 0,
    "i cannot complain": 1, "nothing works": 0, "what a mess": 0, "what a pleasure": 1, "it is a waste of time": 0,
    "a waste of money": 0, "i want my money back": 0, "i will come back": 1, "i will never come back": 0, "never again": 0,
    "it made my day": 1, "it ruined my day": 0, "nothing was wrong": 1, "nothing was good": 0, "nobody helped me": 0,
    "everybody was helpful": 1, "i am so sorry": 0.1, "thank you": 1, "thank you very much": 1, "thanks a lot": 1,
    "well done": 1, "good job": 1, "congratulations": 1, "shame on you": 0, "i had fun": 1, "we had no fun": 0,
    "it was worth it": 1, "it was not worth it": 0, "i miss you": 0.3, "i have no words": 0.4, "hello": 0.5, "yes": 0.5,
    "no": 0.5, "okay": 0.5, "good morning": 0.6, "how are you": 0.5, "my number is two": 0.5, "": 0.5, "you": 0.5,
    "i could not stop laughing": 1, "it made me cry": 0.2, "it made me smile": 1, "two thumbs up": 1, "it failed": 0,
    "it works": 0.9, "it does not work": 0, "no problem": 0.9, "no problem at all": 1, "there is a problem": 0.1,
}  # fmt: skip


@dataclass(frozen=True)
class Example:
    """A text and the probability that it is positive; `negated` if its meaning hangs on a negation."""

    text: str
    positive: float
    negated: bool = False


def has_negation(text: str) -> bool:
    words = text.lower().split()
    return any(w in ("not", "never", "no", "cannot", "hardly", "nothing") or w.endswith("n't") for w in words)


def _broad(rng: random.Random) -> Example:
    """One sentence of the broader lexicon."""
    p, good = rng.choice, rng.random() < 0.5
    the = f"{p(['the', 'this', 'my', 'your', 'that', 'their', 'our'])} {p(MORE_THINGS + THINGS + PEOPLE)}"
    it = p([the, the, "it", "everything", "this", "he", "she", "that"])
    word, tail = p(GOOD if good else BAD), p(["", "", "", " at all", " today", " again", " yesterday", " for me"])
    shape = rng.random()
    label = float(good)
    if shape < 0.22:
        return Example(f"{it} {p(['was', 'is', 'looks', 'seems', 'sounded', 'were', 'feels'])} {p(VERY)}{word}{tail}", label)
    if shape < 0.42:
        return Example(f"{it} {p(NOT_BE)} {word}{tail}", 1 - label, True)
    if shape < 0.5:
        lead = p(["what a", "this is a", "it was such a", "we had a", "i think it is a", "one of the most"])
        return Example(f"{lead} {word} {p(MORE_THINGS + THINGS)}", label)
    if shape < 0.6:
        who = p(["i", "we", "they", "you", "people"])
        return Example(f"{who} {p(['', 'really '])}{p((LIKE + LIKED) if good else (DISLIKE + DISLIKED))} {the}{tail}", label)
    if shape < 0.7:
        who = p(["i", "we", "they", "you"])
        return Example(f"{who} {p(NOT_DO)} {p(LIKE if good else DISLIKE)} {the}{tail}", 1 - label, True)
    if shape < 0.78:
        no = rng.random() < 0.4
        who = p(["i am", "we are", "i feel", "she is", "he was", "they were", "i was"])
        return Example(f"{who} {'not ' if no else p(VERY)}{p(GLAD if good else SORRY)}{tail}", label if not no else 1 - label, no)
    if shape < 0.82:
        return Example(f"{the} {p(['was', 'is'])} too {p(['slow', 'expensive', 'cold', 'loud', 'long', 'small', 'hot', 'late'])}", 0.0)
    if shape < 0.86:
        return Example(f"{p(['i have never seen a', 'never had a', 'there is no'])} {'better' if good else 'worse'} {p(THINGS)}", label)
    if shape < 0.9:
        return Example(f"{the} makes me {p(VERY)}{p(GLAD if good else SORRY)}", label)
    other = p(BAD if good else GOOD)
    join = p(["but", "although", "however"])
    first = 0.65 if join == "although" else 0.35
    return Example(f"{it} was {word} {join} {the} was {p(VERY)}{other}", first if good else 1 - first)


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
    found: dict[str, Example] = {}
    while len(found) < count:
        example = _broad(rng)
        if is_held_out(example.text) == held_out:
            found.setdefault(example.text, example)
    return list(found.values())


def worn(example: Example, rng: random.Random, words: list[str]) -> Example:
    """Now and then as a recogniser might hear it: no end mark, one word lost or replaced by another."""
    text = example.text
    if rng.random() < 0.3:
        text = text.rstrip(".?")
    parts = text.split()
    if len(parts) > 3 and rng.random() < 0.06:
        place = rng.randrange(len(parts))
        if parts[place].lower() in ("the", "a", "my", "this", "that", "your", "is", "was", "are", "on", "so", "very"):
            parts[place : place + 1] = [] if rng.random() < 0.5 else [rng.choice(words)]
    return Example(" ".join(parts), example.positive, example.negated)


def training_examples(seed: int) -> Iterator[list[Example]]:
    """Endless epochs of about 45,000 examples: single sentences, set phrases, and two or three sentences in one text."""
    rng = random.Random(seed)
    speech = speech_examples(14000, 1, held_out=False)
    phrases = [Example(text, label, has_negation(text)) for text, label in SET.items()]
    small = ["the", "a", "my", "this", "that", "your", "is", "and", "it", "to", "in", "of"]
    while True:
        epoch = speech + broad_examples(26000, rng.randrange(10**9), held_out=False) + phrases * 6
        pairs = []
        for _ in range(5000):
            parts = [rng.choice(speech) for _ in range(rng.choice([2, 2, 3]))]
            label = 0.5 + sum(part.positive - 0.5 for part in parts) / sum(1 for q in parts if q.positive != 0.5 or q is parts[0])
            pairs.append(Example(" ".join(part.text for part in parts), min(1.0, max(0.0, label))))
        epoch = [worn(e, rng, small) for e in epoch + pairs]
        rng.shuffle(epoch)
        yield epoch
