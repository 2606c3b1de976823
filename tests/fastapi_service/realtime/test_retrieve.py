"""A client asks for a turn again: as OpenAI's clients know it, for the latest ones, and in words for all others."""

from __future__ import annotations

import pytest
from openai.types.realtime.realtime_server_event import ConversationItemRetrieved

from contract.messages import Result
from contract.speech.segmenter import Cut
from fastapi_service.realtime.items import KNOWN_MAX, Items
from harness.gateway import GatewayProcess
from tests.support.fake_pipeline import FakePipeline
from tests.support.realtime_client import RealtimeClient, voice

RETRIEVE = "conversation.item.retrieve"


@pytest.mark.parametrize("beta", [False, True])
def test_a_turn_is_retrieved_with_its_transcript(gateway: GatewayProcess, pipeline: FakePipeline, beta: bool) -> None:
    pipeline.pause()
    with RealtimeClient(gateway.url, headers={"OpenAI-Beta": "realtime=v1"} if beta else None) as client:
        client.setting(turn_detection=None)
        client.append(voice(1))
        client.commit()
        item_id = client.expect("input_audio_buffer.committed")["item_id"]
        client.send(RETRIEVE, item_id=item_id)
        assert client.expect(f"{RETRIEVE}d")["item"]["content"] == [{"type": "input_audio", "transcript": None}]
        pipeline.go_on()
        transcript = client.completed()["transcript"]
        assert transcript
        client.send(RETRIEVE, item_id=item_id)
        found = client.expect(f"{RETRIEVE}d")
    item = ConversationItemRetrieved.model_validate(found).item
    assert (item.id, item.type, item.status) == (item_id, "message", "completed")  # type: ignore[union-attr]
    assert found["item"]["content"] == [{"type": "input_audio", "transcript": transcript}]
    assert found["item"]["role"] == "user"


def test_what_is_not_known_is_told_and_the_connection_goes_on(gateway: GatewayProcess, pipeline: FakePipeline) -> None:
    with RealtimeClient(gateway.url) as client:
        client.setting(turn_detection=None)
        for item_id, code in (
            ("item_of_somebody_else", "item_retrieve_invalid_item_id"),
            ("\x1b[31m" * 1_000, "item_retrieve_invalid_item_id"),
            (None, "missing_required_parameter"),
            (["x"], "missing_required_parameter"),
        ):
            client.send(RETRIEVE, item_id=item_id, event_id="mine")
            error = client.expect("error")["error"]
            assert (error["code"], error["param"], error["event_id"]) == (code, "item_id", "mine")
            assert len(error["message"]) < 1_000
            assert "\x1b" not in error["message"]
        client.append(voice(1))
        client.commit()
        client.completed()


def test_the_latest_turns_are_known() -> None:
    items = Items()
    ids: list[str] = []
    for number in range(KNOWN_MAX + 1):
        begin = number * 16_000
        ids.append(items.open(begin, live=True, announced=True).id)
        assert items.retrieved(ids[-1]) is None, "not before it has ended"
        items.add(Cut(begin, begin + 16_000, b"", "end"))
        items.close()
        items.outcome(Result(seq=number + 1, utterance=f"a-{begin}", text=f"text {number}", language="en"))
    assert items.retrieved(ids[0]) is None
    for number, item_id in enumerate(ids[1:], 1):
        item = items.retrieved(item_id)
        assert item is not None and item["content"][0]["transcript"] == f"text {number}"
