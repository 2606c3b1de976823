"""Which speaker is shown for a number, and by what name. js/speakers has the same for the page."""

from __future__ import annotations

from collections.abc import Iterable

from contract.messages import Speaker


def shown_speaker(number: int, speakers: Iterable[Speaker]) -> int:
    """The number that is shown for `number`: that of whom it was found to be, as often as that was found."""
    same_as = {one.speaker: one.same_as for one in speakers}
    seen = {number}
    while (other := same_as.get(number)) is not None and other not in seen:
        seen.add(other)
        number = other
    return number


def speaker_name(number: int, speakers: Iterable[Speaker]) -> str | None:
    """The name that was given to the speaker who is shown for `number`, None where there is none."""
    known = list(speakers)
    shown = shown_speaker(number, known)
    return next((one.name for one in known if one.speaker == shown and one.name), None)


def speaker_label(number: int | None, speakers: Iterable[Speaker]) -> str:
    """What a line says in English: the name, `Speaker 2` without one, `Speaker ?` where nobody can tell who."""
    if number is None:
        return "Speaker ?"
    known = list(speakers)
    return speaker_name(number, known) or f"Speaker {shown_speaker(number, known)}"
