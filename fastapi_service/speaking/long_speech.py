"""Long speech: cut where a sentence ends inside it, as soon as that is settled, before its length cuts it anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from contract.audio import SAMPLE_RATE_HZ
from contract.events import SentenceEnd
from contract.ids import utterance_id
from contract.messages import Partial
from contract.speech.segmenter import Cut, Segmenter
from fastapi_service.speaking.settled import Settled
from runtime.redis_client import end_if_cancelled

LONG_SHARE = 0.5  # of the longest utterance: a longer one is cut at the end of a sentence
SHORTEST_SEC = 2.0  # a piece is no shorter: a word alone means little


@dataclass(frozen=True, slots=True)
class Place:
    """Where the utterance that begins at sample `start` is to be cut: at sample `position`, and in its text after
    `chars` characters."""

    start: int
    position: int
    chars: int
    partial: Partial


class LongSpeech:
    """Of one connection; only while `wanted_at_all`: of clients that mark pauses, or get the pieces as one."""

    def __init__(
        self,
        wanted_at_all: Callable[[], bool],
        session: str,
        segmenter: Segmenter,
        settled: Settled,
        max_sec: float,
        pausing: Callable[[], bool],
    ) -> None:
        """`max_sec`: the longest utterance. `pausing`: whether the utterance may end at a pause."""
        self.long_sec = max_sec * LONG_SHARE
        self._wanted_at_all = wanted_at_all
        self._session = session
        self._segmenter = segmenter
        self._settled = settled
        self._pausing = pausing
        self._place: Place | None = None
        self._found = asyncio.Event()

    @property
    def wanted(self) -> bool:
        """Whether the utterance in hand is so long that it should be cut at the end of a sentence."""
        segmenter = self._segmenter
        return self._wanted_at_all() and segmenter.position - segmenter.start >= self.long_sec * SAMPLE_RATE_HZ

    def heard(self, partial: Partial, end: SentenceEnd | None) -> None:
        """Take a text of the utterance in hand, and where a sentence ends inside it."""
        if not self.wanted or end is None or end.chars > partial.settled:
            return
        if end.position - self._segmenter.start >= SHORTEST_SEC * SAMPLE_RATE_HZ:
            self._place = Place(self._segmenter.start, end.position, end.chars, partial)
            self._found.set()

    async def watch(
        self,
        cutting: asyncio.Lock,
        show: Callable[[Partial], Awaitable[None]],
        dispatch: Callable[[Cut], Awaitable[None]],
    ) -> None:
        """Cut where it was found, until cancelled. `show` takes the text of a piece, `dispatch` its cut."""
        while True:
            await self._found.wait()
            self._found.clear()
            async with cutting:
                await self._cut(show, dispatch)
            end_if_cancelled()

    async def _cut(
        self, show: Callable[[Partial], Awaitable[None]], dispatch: Callable[[Cut], Awaitable[None]]
    ) -> None:
        """Cut, if it is the same utterance and its speaker is not pausing: at a pause it ends soon anyway."""
        found, self._place = self._place, None
        if found is None or found.start != self._segmenter.start or self._pausing():
            return
        for cut in self._segmenter.cut_at(found.position, "sentence"):
            said = found.partial
            rest = said.text[found.chars :].lstrip()
            settled = max(0, said.settled - len(said.text) + len(rest))
            following = Partial(utterance=utterance_id(self._session, cut.end), text=rest, settled=settled)
            self._settled.go_on(following)
            await show(said.model_copy(update={"text": said.text[: found.chars], "settled": found.chars}))
            await dispatch(cut)
            if rest:
                await show(following)
