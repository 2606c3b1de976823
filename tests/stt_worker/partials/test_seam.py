"""A long utterance is heard on from a pause before which two texts agree; what was said before stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.audio import SAMPLE_RATE_HZ
from contract.partials import PartialRequest
from stt_worker.engine.dummy import DummyVoiceActivity
from stt_worker.engine.protocol import Transcript, Utterance, WordTime
from stt_worker.partials.model_lock import PriorityModelLock
from stt_worker.partials.requests import Answer
from stt_worker.partials.seam import Seam, find_seam
from stt_worker.partials.worker import PartialWorker
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from tests.stt_worker.partials.partial_rig import PartialEngine

SEC = 9
PAUSES = (3, 4, 8)  # seconds at which it is quiet
WORDS = ("One", "two.", "Three", "four", "five", "six", "seven", "eight", "nine")  # a second each
SESSION = "s" * 32


def speech(seconds: int = SEC, pauses: Sequence[int] = PAUSES) -> NDArray[np.float32]:
    """Noise; quiet for 0.2 s at `pauses`, at later ones a little less."""
    audio = np.random.default_rng(5).normal(0, 0.1, seconds * SAMPLE_RATE_HZ).astype(np.float32)
    for number, at in enumerate(pauses):
        audio[int((at - 0.1) * SAMPLE_RATE_HZ) : int((at + 0.1) * SAMPLE_RATE_HZ)] *= 0.001 * (1 + number)
    return audio


def heard(words: Sequence[str] = WORDS, first_token: int = 1) -> Transcript:
    """`words`, a second and two tokens each."""
    times = tuple(WordTime(word, float(at), at + 1.0, 2) for at, word in enumerate(words))
    tokens = tuple(range(first_token, first_token + 2 * len(words)))
    return Transcript(" ".join(words), "en", -0.2, 0.01, words=times, tokens=tokens)


def found(draft: Sequence[int], audio: NDArray[np.float32], text: str = " ".join(WORDS)) -> Seam | None:
    return find_seam(heard(), text, draft, audio, 0, None)


def test_it_is_the_quietest_pause() -> None:
    seam = found(heard().tokens, speech())
    assert seam is not None
    assert seam.at == pytest.approx(3 * SAMPLE_RATE_HZ, abs=0.04 * SAMPLE_RATE_HZ)
    assert (seam.text, seam.tokens, seam.language) == ("One two. Three ", (1, 2, 3, 4, 5, 6), "en")
    assert [word.word for word in seam.words] == ["One", "two.", "Three"]


@pytest.mark.parametrize(
    ("draft", "pauses", "text"),
    [
        ((), PAUSES, " ".join(WORDS)),
        (heard().tokens[:7], (3,), " ".join(WORDS)),  # the word behind it is not sure
        (heard().tokens, (), " ".join(WORDS)),
        (heard().tokens, (2,), " ".join(WORDS)),  # too early
        (heard().tokens, (6, 7), " ".join(WORDS)),  # too little behind
        (heard().tokens, PAUSES, "What was said else."),
    ],
)
def test_there_is_none(draft: tuple[int, ...], pauses: tuple[int, ...], text: str) -> None:
    assert found(draft, speech(pauses=pauses), text) is None


def test_one_behind_another() -> None:
    before = Seam(32_000, "So ", (90, 91), (WordTime("So", 1.0, 1.5, 2),), "en")
    seam = find_seam(heard(), " ".join(WORDS), heard().tokens, speech(), before.at, before)
    assert seam is not None
    assert seam.text == "So One two. Three "
    assert seam.tokens == (90, 91, 1, 2, 3, 4, 5, 6)
    assert seam.at == pytest.approx(5 * SAMPLE_RATE_HZ, abs=0.04 * SAMPLE_RATE_HZ)
    assert (seam.words[0].end_sec, seam.words[-1].end_sec) == (1.5, 5.0)


def test_a_text_that_contradicts_it_forgets_it() -> None:
    drafts = DraftCache()
    seam = Seam(32_000, "One ", (1, 2), (), "en")
    drafts.keep(SESSION, 0, (1, 2, 3), seam)
    drafts.keep(SESSION, 0, (1, 2, 4))
    assert drafts.newest(SESSION, 0) == ((1, 2, 4), seam)
    drafts.keep(SESSION, 0, (1, 5, 3))
    assert drafts.newest(SESSION, 0) == ((1, 5, 3), None)
    drafts.keep(SESSION, 0, (1, 2, 3))
    assert drafts.newest(SESSION, 0).seam is None
    assert drafts.take(SESSION, 0) == (1, 2, 3)


class Scripted(PartialEngine):
    """Says one after the other; knows what it was asked."""

    def __init__(self, *says: Transcript) -> None:
        super().__init__()
        self._says = list(says)
        self.asked: list[tuple[Utterance, tuple[int, ...]]] = []

    def partial(self, utterance: Utterance, interrupt: Callable[[], None], draft: Sequence[int] = ()) -> Transcript:
        self.asked.append((utterance, tuple(draft)))
        return self._says.pop(0)


class Rig:
    """A worker without Redis, asked about the same utterance again and again."""

    def __init__(self, engine: Scripted, **settings: Any) -> None:
        self.drafts = DraftCache()
        chosen, check = SttSettings(_env_file=None, **settings), DummyVoiceActivity()
        turns = PriorityModelLock()
        self.worker = PartialWorker(chosen, cast(Any, None), turns, check, engine, lambda: None, self.drafts)

    def hear(self, seconds: int, **fields: Any) -> Answer:
        pcm = (speech(seconds) * 32_767).astype("<i2").tobytes()
        request = PartialRequest(session=SESSION, start=160_000, end=160_000 + len(pcm) // 2, **fields)
        with self.worker.hold(60):
            return self.worker.hear(pcm, request)


def test_a_long_utterance_is_heard_on_from_there() -> None:
    rest = replace(heard(WORDS[3:], 7), words=())
    more = heard((*WORDS[3:7], "eight.", "Nine", "ten", "eleven", "twelve"), 7)
    engine = Scripted(heard(WORDS[:8]), heard(), rest, more)
    rig = Rig(engine)
    assert rig.hear(8).text == " ".join(WORDS[:8])
    assert rig.hear(9).text == " ".join(WORDS)
    assert rig.hear(10).text == " ".join(WORDS)
    whole = " ".join((*WORDS[:7], "eight.", "Nine ten eleven twelve"))
    said = rig.hear(12, find_end=True)
    assert said.text == whole
    assert said.sentence_end is not None
    assert whole[: said.sentence_end.chars].endswith("eight.")
    assert said.sentence_end.position == pytest.approx(160_000 + 8 * SAMPLE_RATE_HZ, abs=0.1 * SAMPLE_RATE_HZ)
    assert [asked.confirmed_times for asked, _ in engine.asked] == [False, True, False, True]
    assert [draft for _, draft in engine.asked[2:]] == [heard().tokens[6:], rest.tokens]
    assert [asked.before for asked, _ in engine.asked[1:3]] == ["", "One two. Three "]
    lengths = [len(asked.audio) / SAMPLE_RATE_HZ for asked, _ in engine.asked]
    assert lengths == pytest.approx([8, 9, 7, 9], abs=0.05)
    assert rig.drafts.of(SESSION, 160_000) == (*heard().tokens[:6], *more.tokens), "the final's draft is the whole"


def test_another_language_hears_all_again() -> None:
    engine = Scripted(heard(WORDS[:8]), heard(), heard(), heard())
    rig = Rig(engine)
    for _ in range(2):
        rig.hear(9, language=None)
    rig.hear(9, language="fr")
    assert [len(asked.audio) for asked, _ in engine.asked] == [9 * SAMPLE_RATE_HZ] * 3


@pytest.mark.parametrize("settings", [{"whisper_window": "full"}, {"whisper_window_floor_sec": 2.0}])
def test_windows_that_spare_nothing(settings: dict[str, Any]) -> None:
    engine = Scripted(heard(WORDS[:8]), heard(), heard())
    rig = Rig(engine, **settings)
    for seconds in (8, 9, 10):
        rig.hear(seconds)
    assert not any(asked.confirmed_times for asked, _ in engine.asked)
