"""Files through the whole system with the official OpenAI client, unchanged but for its base URL."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import redis

from contract.keys import FILES_KEY, file_key, file_segments_key
from harness.processes import wait_until
from harness.speech import demo_clips, words_of
from harness.stack import Stack
from tests.support.http_requests import request
from tests.support.media import silence
from tests.support.metrics import scrape
from tests.support.multipart import PATH, upload
from tests.support.uploads import clip, job_of, sound_file, stream, suspended, talk, uploads

NO_TOKEN = "none"  # where no ACCESS_TOKEN is set any will do


@pytest.fixture
def client(stack: Stack) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{stack.url}/v1", api_key=NO_TOKEN, timeout=120) as made:
        yield made


@pytest.fixture
def broker(stack: Stack) -> Iterator[redis.Redis]:
    with redis.Redis(port=stack.redis_port) as made:
        yield made


def test_the_text_of_a_clip_comes_back(client: openai.OpenAI, stack: Stack) -> None:
    with clip("love_movie").path.open("rb") as sound:
        answer = client.audio.transcriptions.create(model="whisper-1", file=sound)
    assert words_of(answer.text) == words_of("I love this movie.")
    assert uploads(stack) == []


def test_the_worker_counts_files_and_segments(client: openai.OpenAI, stack: Stack, tmp_path: Path) -> None:
    def counted() -> tuple[float, float, float, float]:
        found = scrape(stack.metrics_url("file_worker"))
        return (
            found.value("wta_file_files_total", ending="done"),
            found.value("wta_file_files_total", ending="failed"),
            found.value("wta_file_segments_total", outcome="result"),
            found.value("wta_file_audio_seconds_total"),
        )

    done, failed, segments, audio_sec = counted()
    # other words than before: the same content would be known
    client.audio.transcriptions.create(model="w", file=sound_file(clip("meeting_monday").pcm * 2, tmp_path))
    wait_until(lambda: counted()[0] == done + 1, 10, "the file is counted")
    assert counted()[1] == failed
    assert counted()[2] > segments
    assert counted()[3] > audio_sec
    text = tmp_path / "text.wav"
    text.write_text("no sound, however it is called")
    with pytest.raises(openai.APIStatusError), text.open("rb") as sound:
        client.audio.transcriptions.create(model="w", file=sound)
    wait_until(lambda: counted()[1] == failed + 1, 10, "the failure is counted")


@pytest.mark.parametrize("extension", ["mp3", "m4a", "ogg", "webm", "flac", "mp4"])
def test_the_text_comes_out_of_every_format(client: openai.OpenAI, tmp_path: Path, extension: str) -> None:
    sound = sound_file(clip("food_terrible").pcm, tmp_path, extension)
    answer = client.audio.transcriptions.create(model="whisper-1", file=sound, language="en")
    assert words_of(answer.text) == words_of("The food was terrible.")


def test_verbose_json_has_true_times_and_our_sentiment(client: openai.OpenAI, tmp_path: Path) -> None:
    pcm, texts = talk()
    answer = client.audio.transcriptions.create(
        model="whisper-1",
        file=sound_file(pcm, tmp_path),
        response_format="verbose_json",
        timestamp_granularities=["segment"],
    )
    assert answer.language == "en"
    assert answer.duration == pytest.approx(len(pcm) / 32_000, abs=0.01)
    assert answer.segments is not None
    begin = 0.0
    for number, (segment, one) in enumerate(zip(answer.segments, demo_clips(), strict=True)):
        assert segment.id == number
        assert words_of(segment.text) == words_of(one.text)
        length = len(one.pcm) / 32_000
        assert begin - 0.35 <= segment.start < segment.end <= begin + length + 0.35
        assert segment.model_extra is not None
        assert segment.model_extra["sentiment"]["zone"] == one.sentiment
        assert segment.model_extra["language"] == "en"
        begin += length + 2.0
    assert words_of(answer.text) == [word for text in texts for word in words_of(text)]
    assert answer.model_extra is not None
    assert answer.model_extra["failed_segments"] == []


def test_subtitles_are_well_formed(client: openai.OpenAI, tmp_path: Path) -> None:
    pcm, texts = talk()
    srt, vtt = (
        client.audio.transcriptions.create(model="w", file=sound_file(pcm, tmp_path), response_format=kind)
        for kind in ("srt", "vtt")
    )
    blocks = srt.strip().split("\n\n")
    assert len(blocks) >= len(texts)  # a long one is cut between its words
    said, end = [], ""
    for number, block in enumerate(blocks, 1):
        index, times, *words = block.split("\n")
        assert index == str(number)
        assert re.fullmatch(r"\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}", times)
        assert end <= times[:12] < times[17:]
        end = times[17:]
        said += words_of(" ".join(words))
    assert said == [word for text in texts for word in words_of(text)]
    head, *cues = vtt.strip().split("\n\n")
    assert head == "WEBVTT"
    assert [cue.split("\n")[0].replace(".", ",") for cue in cues] == [block.split("\n")[1] for block in blocks]


def test_a_stream_brings_segments_and_the_whole(client: openai.OpenAI, tmp_path: Path) -> None:
    pcm, texts = talk()
    asked = {"progress": "true"}
    events: list[Any] = list(
        client.audio.transcriptions.create(model="w", file=sound_file(pcm, tmp_path), stream=True, extra_body=asked)
    )
    assert events[0].type == "transcript.text.delta"
    assert re.fullmatch(r"[A-Za-z0-9_-]{22,}", events[0].id)
    assert events[-1].type == "transcript.text.done"
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    assert "".join(deltas) == events[-1].text
    segments = [event for event in events if event.type == "transcript.text.segment"]
    assert [words_of(segment.text) for segment in segments] == [words_of(text) for text in texts]
    assert "".join(segment.text for segment in segments).strip() == events[-1].text
    done = [event.done_sec for event in events if event.type == "transcript.progress"]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(len(pcm) / 32_000, abs=0.01)


def test_a_file_in_the_background_is_done_without_a_connection(stack: Stack, tmp_path: Path) -> None:
    sound = sound_file(clip("love_movie").pcm + silence(2.345), tmp_path).getvalue()
    begun = upload(stack.url, sound, background="true")
    assert begun.status == 202
    state: dict[str, Any] = begun.json
    assert begun.headers["location"] == f"{PATH}/{state['id']}"

    def completed() -> bool:
        state.update(request(stack.url, begun.headers["location"]).json)
        return bool(state["status"] == "completed")

    wait_until(completed, 60, "it is completed")
    assert words_of(state["result"]["text"]) == words_of("I love this movie.")
    assert state["result"]["segments"][0]["sentiment"]["zone"] == "positive"
    wait_until(lambda: uploads(stack) == [], 10, "its file is deleted")


def test_silence_gives_no_text_and_what_is_no_sound_is_refused(client: openai.OpenAI, tmp_path: Path) -> None:
    answer = client.audio.transcriptions.create(
        model="w", file=sound_file(silence(5.0), tmp_path), response_format="verbose_json"
    )
    assert (answer.text, answer.segments) == ("", [])
    with pytest.raises(openai.APIStatusError, match="known format") as refused:
        client.audio.transcriptions.create(model="w", file=b"this is no sound")
    assert refused.value.status_code == 415


def test_the_same_file_is_done_once_however_often_it_comes(
    client: openai.OpenAI, stack: Stack, broker: redis.Redis, tmp_path: Path
) -> None:
    sound = sound_file(clip("not_bad").pcm + silence(1.234), tmp_path).getvalue()
    ids: list[str] = []

    def send() -> None:
        answer = upload(stack.url, sound, response_format="text")
        assert answer.status == 200, answer.text
        ids.append(answer.headers["x-transcription-id"])

    together = [threading.Thread(target=send) for _ in range(4)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    send()  # its result is kept
    assert len(ids) == 5
    assert len(set(ids)) == 1
    before = len(broker.keys("wta:done:*"))
    client.audio.transcriptions.create(model="w", file=("again.flac", sound))
    assert len(broker.keys("wta:done:*")) == before
    other = upload(stack.url, sound, language="en")  # other options are another job
    assert other.headers["x-transcription-id"] not in ids
    assert len(broker.keys("wta:done:*")) == before + 1
    assert request(stack.url, f"{PATH}/{ids[0]}", "DELETE").json["deleted"] is True
    assert request(stack.url, f"{PATH}/{ids[0]}", "DELETE").status == 404
    assert not broker.exists(file_key(ids[0]), file_segments_key(ids[0]))


def test_a_closed_connection_cancels_the_work(stack: Stack, broker: redis.Redis, tmp_path: Path) -> None:
    pcm, _ = talk(8)
    connection, events, file_id = stream(stack, sound_file(pcm, tmp_path).getvalue())
    next(event for event in events if event["type"] == "transcript.text.segment")
    with suspended(stack.services["stt_worker"]):
        connection.close()
        wait_until(lambda: broker.hget(file_key(file_id), "state") == b"cancelled", 30, "the work is cancelled")
        wait_until(lambda: uploads(stack) == [], 10, "its file is deleted")
    assert broker.zcard(FILES_KEY) == 0
    assert not broker.exists(file_segments_key(file_id))


def test_delete_cancels_the_work_and_tells_who_waits(stack: Stack, broker: redis.Redis, tmp_path: Path) -> None:
    pcm, _ = talk(8)
    connection, events, file_id = stream(stack, sound_file(pcm, tmp_path).getvalue())
    next(event for event in events if event["type"] == "transcript.text.segment")
    with suspended(stack.services["stt_worker"]):
        assert request(stack.url, f"{PATH}/{file_id}", "DELETE").status == 200
        last = list(events)[-1]
    assert (last["type"], last["error"]["code"]) == ("error", "cancelled")
    connection.close()
    wait_until(lambda: uploads(stack) == [], 10, "its file is deleted")
    again = upload(stack.url, sound_file(clip("love_movie").pcm, tmp_path).getvalue(), response_format="text")
    assert words_of(again.text) == words_of("I love this movie.")  # the worker goes on with the next file


def test_no_words_are_in_any_log(stack: Stack, client: openai.OpenAI, tmp_path: Path) -> None:
    client.audio.transcriptions.create(model="w", file=sound_file(clip("food_terrible").pcm, tmp_path), prompt="xyzzy")
    for service in stack.services.values():
        written = service.log.read_text(errors="replace").lower()
        assert "terrible" not in written, service.name
        assert "xyzzy" not in written, service.name


def test_a_prompt_and_temperature_are_taken(client: openai.OpenAI, broker: redis.Redis) -> None:
    with clip("love_movie").path.open("rb") as sound:
        answer = client.audio.transcriptions.with_raw_response.create(
            model="whisper-1", file=sound, prompt="A film.\nNew line.", temperature=0.2, response_format="text"
        )
    assert answer.status_code == 200  # what it does is another test's matter: the demo model cannot read prompts
    assert job_of(broker, answer.headers["X-Transcription-Id"])["hints"] == "A film. New line."


def test_words_have_their_times(client: openai.OpenAI) -> None:
    with clip("love_movie").path.open("rb") as sound:
        answer = client.audio.transcriptions.create(
            model="w", file=sound, response_format="verbose_json", timestamp_granularities=["word", "segment"]
        )
    assert answer.words is not None
    assert [one for word in answer.words for one in words_of(word.word)] == words_of("I love this movie.")
    times = [time for word in answer.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[-1] <= answer.duration
