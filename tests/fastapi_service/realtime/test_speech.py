"""Turns and their texts where the order of things matters, without a gateway: cuts and outcomes come from here."""

from __future__ import annotations

from typing import Any

import pytest

from contract.messages import Dropped, Error, Partial, Result, Sentiment
from contract.speech.segmenter import Cut, CutReason
from fastapi_service.realtime.config import Config, SemanticVad
from fastapi_service.realtime.events import ApiError, Event
from fastapi_service.realtime.speech import TURN_MAX_SEC, Speech
from tests.support.realtime_client import quiet, voice

SECOND = 16_000


class Session:
    """Stands in for the session behind a client: takes its frames, and ends utterances as it is told."""

    def __init__(self, **fields: Any) -> None:
        self.speech = Speech(Config(rate_hz=SECOND, model="live", **fields), 1.2)
        self.events: list[Event] = []
        self.marks: list[int] = []  # where empty frames came
        self.position = self.start = 0

    def hear(self, *audio: bytes) -> None:
        for one in audio:
            self.speech.append(one)
            self.work()

    def work(self) -> None:
        """Take what there is. An empty frame ends the utterance; where pauses are marked, the second does."""
        while self.speech.frames or self.speech.busy:
            if not self.speech.frames:
                self.events += self.speech.step()[0]
                continue
            frame = self.speech.frames.popleft()
            if isinstance(frame, bytes) and frame:
                self.position += len(frame) // 2
            elif frame is not None:
                marks_pause = isinstance(self.speech.config.turns, SemanticVad) and self.position not in self.marks
                self.marks.append(self.position)
                if not marks_pause:
                    self.cut(self.position, "end")

    def cut(self, end: int, reason: CutReason) -> None:
        if end > self.start:
            self.events += self.speech.cut(Cut(self.start, end, b"", reason))
            self.start = end

    def tell(self, message: Partial | Result | Dropped | Error) -> None:
        self.events += self.speech.message(message)

    def result(self, start: int, text: str, **fields: Any) -> None:
        self.tell(Result(utterance=f"tag-{start}", seq=1, text=text, language=fields.pop("language", "en"), **fields))

    def of(self, kind: str) -> list[Event]:
        return [one for one in self.events if one["type"].endswith(kind)]

    @property
    def texts(self) -> list[str]:
        return [one["transcript"] for one in self.of("completed")]

    def deltas(self, item_id: str) -> str:
        return "".join(one["delta"] for one in self.of("delta") if one["item_id"] == item_id)


def test_a_sentence_that_ended_at_an_earlier_pause_ends_the_turn_there() -> None:
    session = Session(asked_turns=SemanticVad())
    session.hear(voice(2, SECOND), quiet(0.4, SECOND), voice(1, SECOND))
    (pause,) = session.marks
    assert len(session.of("speech_started")) == 1
    session.cut(pause, "sentence")
    stopped, started = session.of("speech_stopped")[0], session.of("speech_started")[1]
    assert stopped["audio_end_ms"] == pytest.approx(2_200, abs=40)
    assert started["audio_start_ms"] == pytest.approx(2_200, abs=140), "the gate opens 300 ms before the voice"
    assert started["item_id"] != stopped["item_id"]
    session.hear(quiet(2, SECOND))
    assert len(session.of("committed")) == 2
    session.result(pause, "Second.")
    assert session.texts == [], "the first turn comes first"
    session.result(0, "First.")
    assert session.texts == ["First.", "Second."]


def test_a_piece_that_its_length_has_cut_is_no_turn_and_a_minute_is() -> None:
    session = Session()
    for _ in range(5):
        session.hear(*(part for _ in range(50) for part in (voice(0.2, SECOND), quiet(0.1, SECOND))))
        session.cut(session.position, "length")
        if session.position < TURN_MAX_SEC * SECOND:
            assert not session.of("committed")
    assert len(session.of("committed")) == 1, "noise must not go on for ever"


def test_a_commit_takes_speech_that_came_in_one_append_with_an_earlier_turn() -> None:
    session = Session()
    session.hear(voice(1, SECOND) + quiet(1, SECOND) + voice(1, SECOND))
    assert len(session.of("committed")) == 1
    session.events += session.speech.commit()
    session.work()
    assert len(session.of("committed")) == 2
    with pytest.raises(ApiError):
        session.speech.commit()


def test_partials_are_told_of_the_first_turn_alone_and_never_taken_back() -> None:
    session = Session(asked_turns=None, turns_asked=True)
    session.hear(voice(3, SECOND))
    session.tell(Partial(utterance="tag-0", text="I love this", settled=6))
    session.tell(Partial(utterance="tag-0", text="I love this movie", settled=11))
    session.tell(Partial(utterance="tag-7", text="another utterance", settled=7))
    session.cut(session.position, "length")
    after = session.position
    session.hear(voice(1, SECOND))
    session.tell(Partial(utterance=f"tag-{after}", text="So much", settled=2))
    assert "".join(one["delta"] for one in session.of("delta")) == "I love this", "the piece before is not final yet"
    session.result(0, "I love this movie.")
    session.tell(Partial(utterance=f"tag-{after}", text="So much", settled=2))
    session.events += session.speech.commit()
    session.work()
    session.result(after, "So much.")
    (item_id,) = {one["item_id"] for one in session.of("delta")}
    assert session.deltas(item_id) == session.texts[0] == "I love this movie. So much."
    assert [one["delta"] for one in session.of("delta")] == ["I love", " this", " movie.", " So", " much."]


def test_the_text_of_whisper_1_comes_at_once() -> None:
    session = Session(asked_turns=None)
    session.speech.config = Config(asked_turns=None, turns_asked=True, rate_hz=SECOND, model="whisper-1")
    session.hear(voice(1, SECOND))
    session.tell(Partial(utterance="tag-0", text="I love this", settled=6))
    session.events += session.speech.commit()
    session.work()
    session.result(0, "I love this.")
    assert [one["delta"] for one in session.of("delta")] == session.texts == ["I love this."]


def judged(zone: Any, score: float) -> dict[str, Any]:
    return {"sentiment": Sentiment(label=zone, score=score, scores={zone: score}, zone=zone)}


def in_pieces(*lengths: float) -> tuple[Session, list[int]]:
    """A committed turn of pieces so long, without outcomes; and their first samples."""
    session, starts = Session(asked_turns=None, turns_asked=True), []
    for sec in lengths:
        starts.append(session.position)
        session.hear(voice(sec, SECOND))
        session.cut(session.position, "length")
    session.events += session.speech.commit()
    session.work()
    assert len(session.of("committed")) == 1
    return session, starts


def test_a_turn_of_several_pieces_has_what_most_of_it_has() -> None:
    session, starts = in_pieces(1, 2, 1.5)
    session.result(starts[2], "Bad.", duration_sec=1.5, **judged("negative", 0.7))
    session.result(starts[1], "안녕.", duration_sec=2, language="ko", **judged("positive", 0.8))
    session.result(starts[0], "Worse.", duration_sec=1, **judged("negative", 0.9))
    (completed,) = session.of("completed")
    assert completed["transcript"] == "Worse. 안녕. Bad."
    assert (completed["sentiment"]["zone"], completed["sentiment"]["score"]) == ("negative", 0.9)
    assert completed["languages"] == [{"code": "en"}, {"code": "ko"}]
    assert completed["usage"]["seconds"] == 4.5


def test_chinese_is_joined_without_spaces() -> None:
    session, starts = in_pieces(1, 1)
    for start, text in zip(starts, ("你好。", "再见。"), strict=True):
        session.result(start, text, language="zh")
    assert session.texts == ["你好。再见。"]


def test_a_turn_in_which_nobody_spoke_is_empty() -> None:
    session, (start,) = in_pieces(1)
    session.tell(Dropped(utterance=f"tag-{start}", seq=1, reason="no_speech"))
    (completed,) = session.of("completed")
    assert (completed["transcript"], completed["sentiment"], completed["languages"]) == ("", None, [])
    assert not session.of("delta")


def test_a_piece_that_failed_is_told_and_the_rest_is_served() -> None:
    session, starts = in_pieces(1, 1)
    session.tell(Error(utterance=f"tag-{starts[0]}", seq=1, code="gave_up", message="It broke off."))
    session.result(starts[1], "The rest.")
    (error,) = session.of("error")
    assert (error["error"]["type"], error["error"]["code"]) == ("server_error", "gave_up")
    assert session.texts == ["The rest."]


def test_an_utterance_of_a_cleared_turn_is_told_to_nobody() -> None:
    session = Session(asked_turns=None, turns_asked=True)
    session.hear(voice(1, SECOND))
    session.cut(session.position, "length")
    session.events += session.speech.clear()
    session.work()
    session.result(0, "Never.")
    assert session.texts == []
    assert not session.of("delta")
