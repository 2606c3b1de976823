"""An utterance can be followed through the logs of all services by its id, and they say nothing of what was said."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from contract.ids import utterance_id
from harness.processes import wait_until
from harness.speech import demo_clips, noise
from harness.stack import Stack, start_stack
from tests.conftest import TOKENS
from tests.support.raw_client import RawClient

TOKEN = TOKENS.split(", ", maxsplit=1)[0]
EVENTS = {
    "gateway": ["accepted", "relayed"],
    "stt_worker": ["recognised"],
    "analyzer_worker": ["judged"],
    "listener": ["counted"],
}
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"


@pytest.fixture(scope="module", params=["text", "json"])
def logging_stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole system behind a token. That of the JSON lines logs all that it can, on the demo models, and others use
    it too; that of the text is there for its format."""
    if request.param == "json":
        yield request.getfixturevalue("guarded_stack")
    else:
        told = {"WHISPER_MODEL": "dummy", "SENTIMENT_MODEL": "dummy", "LOG_FORMAT": "text"}
        with start_stack(tmp_path_factory.mktemp("logging"), ACCESS_TOKEN=TOKENS, **told) as stack:
            yield stack


def lines_of(stack: Stack, service: str, utterance: str) -> list[dict[str, Any]]:
    """The lines of a service's log that name the utterance, as fields; those for debugging left out."""
    found = []
    for line in stack.services[service].log.read_text(encoding="utf-8").splitlines():
        if utterance not in line:
            continue
        if line.startswith("{"):
            found += [fields for fields in [json.loads(line)] if fields["level"] != "DEBUG"]
        else:
            matched = re.fullmatch(rf"{TIME} (\w+) +([\w.]+): (\w+)((?: \w+=(?:[^\s\"]+|\"[^\"]*\"))+)", line)
            assert matched, line
            fields = dict(re.findall(r"(\w+)=([^\s\"]+|\"[^\"]*\")", matched[4]))
            found.append({"level": matched[1], "logger": matched[2], "event": matched[3], **fields})
    return found


def complete(stack: Stack, utterance: str, services: dict[str, list[str]]) -> bool:
    return all(len(lines_of(stack, service, utterance)) >= len(events) for service, events in services.items())


def test_one_line_per_service_and_event_joined_by_the_utterance(logging_stack: Stack) -> None:
    clip = demo_clips()[0]
    with RawClient(logging_stack.ws_url, token=TOKEN) as client:
        session = client.expect("session")["session"]
        outcome = client.speak(clip.pcm)
    utterance = utterance_id(session, 0)
    assert (outcome["type"], outcome["utterance"]) == ("result", utterance)
    wait_until(lambda: complete(logging_stack, utterance, EVENTS), 10, "every service has logged it")
    found = {service: lines_of(logging_stack, service, utterance) for service in EVENTS}
    assert {service: sorted(line["event"] for line in lines) for service, lines in found.items()} == EVENTS
    assert all(line["utterance"] == utterance for lines in found.values() for line in lines)
    assert all(line["level"] == "INFO" for lines in found.values() for line in lines)
    (recognised,), (judged,), (counted,) = found["stt_worker"], found["analyzer_worker"], found["listener"]
    assert recognised["outcome"] == "transcribed"
    assert recognised["language"] == "en"
    assert float(recognised["audio_sec"]) == pytest.approx(len(clip.pcm) / 32_000, abs=0.001)
    assert float(recognised["ms"]) > 0
    assert float(recognised["real_time_factor"]) == pytest.approx(
        float(recognised["ms"]) / 1000 / float(recognised["audio_sec"]), abs=0.01
    )
    assert float(judged["ms"]) >= 0 and judged["outcome"] == "result"
    assert float(counted["total_ms"]) > 0 and int(counted["seq"]) == 1
    logs = {name: service.log.read_text(errors="replace") for name, service in logging_stack.services.items()}
    coded = base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")
    for name, log in logs.items():
        for secret in (session, TOKEN, coded, outcome["text"]):
            assert secret not in log, f"{name} logs {secret[:4]}…"
        assert "positive" not in log and "POSITIVE" not in log, "how it felt is nobody's business"


def test_what_is_dropped_has_its_reason_in_one_line_per_service(logging_stack: Stack) -> None:
    with RawClient(logging_stack.ws_url, token=TOKEN) as client:
        session = client.expect("session")["session"]
        assert client.speak(noise(1.0, 0.0))["reason"] == "no_speech"
    utterance = utterance_id(session, 0)
    services = {service: events for service, events in EVENTS.items() if service != "analyzer_worker"}
    wait_until(lambda: complete(logging_stack, utterance, services), 10, "every service has logged it")
    for service, events in services.items():
        lines = lines_of(logging_stack, service, utterance)
        assert sorted(line["event"] for line in lines) == events
        told = [line for line in lines if line["event"] != "accepted"]
        assert [(line["outcome"], line["reason"]) for line in told] == [("dropped", "no_speech")], service


def test_all_lines_are_in_the_format_that_was_asked_for(logging_stack: Stack, request: pytest.FixtureRequest) -> None:
    as_json = request.node.callspec.params["logging_stack"] == "json"
    for name in EVENTS:
        lines = logging_stack.services[name].log.read_text(errors="replace").splitlines()
        text, objects = (
            [line for line in lines if re.match(TIME, line)],
            [line for line in lines if line.startswith("{")],
        )
        assert bool(objects) == as_json and bool(text) != as_json, name  # beside them is Celery's banner
        assert all({"time", "level", "logger"} <= set(json.loads(line)) for line in objects), name
