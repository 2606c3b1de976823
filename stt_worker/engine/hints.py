"""Keeps words that were only hinted at out of a text: from noise Whisper likes to repeat its prompt. Pure functions."""

from __future__ import annotations

from difflib import SequenceMatcher

ALIKE = 0.5  # of two spellings of one word, such as "Kubernetes" and "Cooper Netties" (0.61); other words are below


def joined(*prompts: str | None) -> str:
    """One prompt of several; the last is the one that is cut last. Each is a sentence that has ended: one that has not
    would be gone on with."""
    return " ".join(_ended(prompt.strip()) for prompt in prompts if prompt and prompt.strip())


def repeats(text: str, prompt: str) -> bool:
    """Whether `text` says nothing but what stands in `prompt`."""
    if not prompt or not _plain(text):
        return False
    if _plain(text) in _plain(prompt):
        return True
    return {_plain(word) for word in text.split()} <= {_plain(word) for word in prompt.split()} | {""}


def alike(one: str, other: str) -> bool:
    """Whether two texts are so similar that they can be spellings of the same speech."""
    return SequenceMatcher(None, _plain(one), _plain(other), autojunk=False).ratio() >= ALIKE


def _ended(prompt: str) -> str:
    return prompt + "." if prompt[-1].isalnum() else prompt


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()
