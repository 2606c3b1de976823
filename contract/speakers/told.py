"""A result together with what was told of who speaks it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from contract.messages import Result, Turn


def main_speaker(turns: Sequence[Turn]) -> int | None:
    """Who speaks for longest; None where nobody can tell who that is. Of two that speak as long, the first."""
    spoken_sec: dict[int | None, float] = {}
    for turn in turns:
        spoken_sec[turn.speaker] = spoken_sec.get(turn.speaker, 0.0) + turn.end_sec - turn.start_sec
    return max(spoken_sec, key=lambda speaker: spoken_sec[speaker]) if spoken_sec else None


def with_turns(result: Result, turns: Sequence[Turn]) -> Result:
    """`result` with these turns, and with the speaker of most of it. One of a channel is left as it is."""
    if result.channel is not None:
        return result
    return result.model_copy(update={"speaker": main_speaker(turns), "turns": list(turns)})
