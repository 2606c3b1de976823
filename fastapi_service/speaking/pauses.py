"""A pause of a speaker, and how long it may last before it ends an utterance."""

from __future__ import annotations

from dataclasses import dataclass

from contract.events import Ending

FALLBACK_SEC = 0.3  # after a pause was marked, where nobody looks what has ended there
LOOK_SEC = 0.6  # where a worker has not said yet, and others wait for theirs
SURELY_SILENT_SEC = 0.5  # without speech, where the client's gate stays open: music has no words for as long
LIKELY_SEC = 0.68  # where it looks like the end of a sentence: with the client's 200 ms, longer than most pauses in one


@dataclass(slots=True)
class Pause:
    """Quiet from sample `position` on. `since`: when it was marked, by the monotonic clock; `stamped_ms` (epoch ms):
    when the last audio before it came. `asked_of`: the utterance that was asked about, by its first sample, and
    `asked_until` the end of what was. `marked`: by the client; until then it is only likely. `unheard`: not by the
    client, whose gate is open; a worker hears nobody speak, and has for `silent_sec`. `silent_before_sec`: for so long
    nobody had spoken when the client marked it, because its gate took something else for speech. `looked_at`: its
    question is on its way, and no other session's if `alone`; `behind`: an earlier one's is, and goes first."""

    position: int
    since: float
    stamped_ms: float
    asked_of: int | None = None
    asked_until: int = 0
    marked: bool = False
    unheard: bool = False
    silent_sec: float = 0.0
    silent_before_sec: float = 0.0
    looked_at: bool = False
    alone: bool = False
    behind: Pause | None = None
    ending: Ending | None = None

    def silence_sec(self, wait_sec: float) -> float:
        """How long nobody speaks before one that the client does not hear ends the utterance. `wait_sec`: as below."""
        match self.ending:
            case "sentence" | "silence":
                return 0.0
            case "likely":
                return SURELY_SILENT_SEC
        return wait_sec

    def rest_sec(self, wait_sec: float) -> float:
        """How long it may last from when it was marked. `wait_sec`: in the middle of a sentence."""
        match self.ending:
            case "sentence" | "silence":
                return 0.0
            case "likely":
                return min(LIKELY_SEC, wait_sec) - self.silent_before_sec
            case "open":
                return wait_sec - self.silent_before_sec
        look = self if self.behind is None else self.behind
        if look.looked_at and look.alone:
            return wait_sec  # a busy machine is slow: the sentence it would tear is worth more than a moment
        return min(LOOK_SEC if look.looked_at else FALLBACK_SEC, wait_sec)
