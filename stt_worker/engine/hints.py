"""Joins hints to a prompt, and detects a text that only repeats it, as Whisper does with noise. Pure functions."""

from __future__ import annotations

from difflib import SequenceMatcher

ALIKE = 0.5  # of two spellings of one word, such as "Kubernetes" and "Cooper Netties" (0.61); other words are below


def joined(*prompts: str | None) -> str:
    """One prompt of several; too long a prompt is cut from the front. Each part ends as a sentence: Whisper would go on
    with one that does not."""
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
