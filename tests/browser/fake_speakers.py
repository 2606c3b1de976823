"""What a fake gateway tells of speakers, kept and numbered as the real one does."""

from __future__ import annotations

from typing import Any

Message = dict[str, Any]


class FakeSpeakers:
    """One session's speakers: all that was told of them, and how often their voices were forgotten."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.speakers: list[Message] = []
        self.forgotten = 0

    def add(self, kind: str, **fields: object) -> Message:
        """Keep one more message; returns it."""
        message: Message = {"type": kind, "rev": len(self.messages) + 1, **fields}
        self.messages.append(message)
        if kind == "speakers":
            self.speakers = message["speakers"]
        return message

    def since(self, rev: int) -> list[Message]:
        """What came after this revision."""
        return self.messages[rev:]

    def told(self) -> Message:
        """All speakers by now."""
        return {"type": "speakers", "rev": len(self.messages), "speakers": self.speakers}

    def name(self, number: int, name: str | None) -> Message:
        """Give a name, or take it away; returns what is told."""
        known = [one for one in self.speakers if one["speaker"] != number]
        return self.add("speakers", speakers=[*known, speaker(number, name)])


def speaker(number: int, name: str | None = None, same_as: int | None = None) -> Message:
    """One of the `speakers` of a message."""
    return {"speaker": number, "name": name, "same_as": same_as}


def turns(text: str, start_sec: float, length_sec: float, *parts: tuple[int | None, str]) -> list[Message]:
    """The turns of a result with `text`: who says which of its parts, in order."""
    made: list[Message] = []
    end = 0
    for number, said in parts:
        first = text.index(said, end)
        end = first + len(said)
        made.append(
            {
                "speaker": number,
                "start_sec": start_sec + length_sec * first / len(text),
                "end_sec": start_sec + length_sec * end / len(text),
                "first_char": first,
                "end_char": end,
            }
        )
    return made
