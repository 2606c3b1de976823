"""docs/redis.md has every key: the system runs, and each key and field that is met in Redis is as its row says."""

from __future__ import annotations

import ast
import inspect
import re
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import redis

from contract import keys, queues
from contract.jobs import FileSpeakersJob, SpeakerJob
from contract.keys import (
    PLACE,
    file_key,
    file_voices_key,
    session_key,
    speaker_events_key,
    taken_key,
    tries_key,
)
from contract.queues import STT_QUEUE
from contract.settings import ServiceSettings
from contract.state.files import VIEW_FIELDS
from fastapi_service.settings import GatewaySettings
from harness.processes import ROOT, wait_until
from harness.speech import CLIPS
from harness.stack import Stack
from listener_service.settings import ListenerSettings
from runtime.broker.app import make_celery, send_file_speakers, send_speakers
from runtime.wav import read_wav
from runtime.weights.progress import DownloadProgress
from tests.docs.redis_facts import NO_TTL, ROWS, Row, Watch, quoted, tables
from tests.support.conversation import as_pcm, microphones, voices
from tests.support.media import channels_wav, damaged, silence
from tests.support.multipart import upload
from tests.support.raw_client import RawClient
from tests.support.speakers import FRAME_BYTES, FRAME_SEC
from tests.support.uploads import clip, sound_file, stream, suspended, talk

FOLDERS = [ROOT / "contract", ROOT / "runtime", *ROOT.glob("*_service"), *ROOT.glob("*_worker")]
OF_COMPOSE = "wta:health"  # the one that a shell makes
NEVER_MET = {
    ("wta:file:<file>", "cut_off_sec"): "at no file that we can make does FFmpeg itself break off",
    ("wta:file:<file>", "no_speakers"): "a speaker worker lives",
    ("wta:file:<file>", "language"): "the demo model knows English alone, so that no language is looked for",
}
MANY_TRIES = 1_000  # more than any worker makes


def settings_of(stack: Stack) -> dict[str, Any]:
    """The settings of the running system by their names in capitals: its environment, else the defaults."""
    process = stack.services["gateway"].process
    assert process is not None
    environment = Path(f"/proc/{process.pid}/environ").read_text(encoding="utf-8").split("\0")
    given = dict(one.split("=", 1) for one in environment if "=" in one)
    fields = GatewaySettings.model_fields | ListenerSettings.model_fields
    return {name.upper(): given.get(name.upper(), field.default) for name, field in fields.items()}


# --- a run of everything -----------------------------------------------------------------------------


def speak_in_time(stack: Stack) -> None:
    """Say something long, as fast as people do, and mark the pause after it: both are asked about."""
    pcm = read_wav(CLIPS / "long_happy.wav")
    with RawClient(stack.ws_url, query="sentences=1") as client:
        client.expect("session")
        began = time.monotonic()
        for number, begin in enumerate(range(0, len(pcm), FRAME_BYTES)):
            time.sleep(max(0.0, began + number * FRAME_SEC - time.monotonic()))
            client.send(pcm[begin : begin + FRAME_BYTES])
        client.send(b"")
        client.expect("stats", 60)


def be_given_up(stack: Stack, broker: redis.Redis) -> None:
    """Say what has ended its workers again and again, by their count."""
    with RawClient(stack.ws_url) as client:
        session = client.expect("session")["session"]
        broker.set(tries_key(session, 0), MANY_TRIES, ex=60)
        assert client.speak(clip("love_movie").pcm)["code"] == "gave_up"


def wait_in_the_queue(stack: Stack, broker: redis.Redis, watch: Watch) -> None:
    """Say something while no speech worker moves, and have it heard in the end."""
    with RawClient(stack.ws_url, query="partials=0") as client:
        client.expect("session")
        with suspended(stack.services["stt_worker"]):
            pcm = clip("not_bad").pcm
            for begin in range(0, len(pcm), FRAME_BYTES):
                client.send(pcm[begin : begin + FRAME_BYTES])
            client.send(b"")
            client.expect("accepted")
            assert broker.exists(STT_QUEUE, taken_key(STT_QUEUE)) == 1
            scan(watch)
        client.expect("result", 30)


def ask_who_speaks(broker: redis.Redis, here: ServiceSettings) -> None:
    """Ask it of an utterance, of a segment of a file, and of a whole file that was heard."""
    pcm = clip("not_bad").pcm
    end = len(pcm) // 2
    live = SpeakerJob(session="l" * 32, start=0, end=end, text="Not bad.", speech=[(0, end)])
    part = live.model_copy(update={"session": "p" * 32, "live": False})
    [file_id, *_] = [
        key.decode().rpartition(":")[2] for key in broker.scan_iter("wta:file:????????????????*", _type="hash")
    ]
    sender = make_celery("sender", here)
    for job in (live, part):
        send_speakers(sender, pcm, job)
    wait_until(lambda: broker.exists(speaker_events_key(live.session), file_voices_key(part.session)) == 2, 30, "heard")
    send_file_speakers(sender, FileSpeakersJob(session=part.session, file=file_id, again_session="a" * 32))
    wait_until(lambda: bool(broker.hexists(file_key(file_id), "speakers")), 30, "told")
    sender.close()


def have_a_file_heard(stack: Stack, sound: bytes) -> None:
    connection, events, _ = stream(stack, sound)
    assert list(events)[-1]["type"] == "transcript.text.done"
    connection.close()


def scan(watch: Watch) -> None:
    """Wait until all keys have been looked at once more, from first to last."""
    before = watch.scans
    wait_until(lambda: watch.scans > before + 1, 20, "all keys are looked at")


@pytest.fixture(scope="module")
def watch(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Watch:
    """What was met in Redis, on the system's own ways but for two keys that no process here writes by itself."""
    folder = tmp_path_factory.mktemp("redis-document")
    here = ServiceSettings(redis_host="127.0.0.1", redis_port=stack.redis_port)
    with redis.Redis(port=stack.redis_port) as broker, Watch(stack.redis_port, settings_of(stack)) as watch:
        speak_in_time(stack)
        be_given_up(stack, broker)
        wait_in_the_queue(stack, broker, watch)
        sound = sound_file(talk()[0] + silence(1.77), folder).getvalue()
        have_a_file_heard(stack, sound)
        assert upload(stack.url, sound, background="true").status == 200  # it is known
        ask_who_speaks(broker, here)
        scan(watch)
        two = as_pcm(microphones(voices([(0, "love_movie"), (1, "not_bad")], 2, 1.6)))
        assert upload(stack.url, channels_wav(two, folder / "two.wav").read_bytes(), speakers="true").status == 200
        broken = damaged(clip("meeting_monday").pcm + silence(2.77) + clip("not_bad").pcm, folder / "damaged.m4a")
        have_a_file_heard(stack, broken.read_bytes())
        with DownloadProgress(here, STT_QUEUE, "speech").of("demo", 10):  # the demo models are not fetched
            scan(watch)
        (check,) = re.findall(rf"redis-cli (set {OF_COMPOSE}[\w ]+) \|", (ROOT / "docker-compose.yml").read_text())
        broker.execute_command(*check.split())
        scan(watch)
        assert {name.decode() for name in broker.pubsub_channels()} == {name for name, *_ in channels()}
    return watch


def test_every_key_and_field_in_redis_is_as_its_row_says(watch: Watch) -> None:
    assert watch.faults == set()
    assert watch.scans > 10


def test_every_row_is_of_a_key_that_there_is(watch: Watch) -> None:
    assert {row.name for row in ROWS} - set(watch.met) == set()


def test_every_field_is_one_that_there_is(watch: Watch) -> None:
    stated = {(row.name, field) for row in ROWS for field in row.fields}
    assert stated - {(name, field) for name, fields in watch.met.items() for field in fields} == set(NEVER_MET)


def test_what_is_not_as_a_row_says_is_found(redis_client: redis.Redis, redis_port: int) -> None:
    session = "s" * 32
    redis_client.set("celery", "before the watch")
    with Watch(redis_port, {"SESSION_TTL_SEC": 60}) as watch:
        redis_client.set("wta:unknown", "gone at once", px=1)
        redis_client.hset(session_key(session), mapping={"epoch": 1, "surprise": 1})
        redis_client.set(keys.OUTCOMES_STREAM, "no stream", ex=60)
        redis_client.set(keys.LISTENER_STATE_KEY, "for too long", ex=31 * 86_400)
        redis_client.set(keys.UNACKED_INDEX, "for a while", ex=100)
        redis_client.rpush(STT_QUEUE, "as ever")
        scan(watch)
    met = {"wta:session:<session>": {"epoch"}}
    assert watch.met == met | {name: set() for name in ("wta:outcomes", "wta:listener", "unacked_index", "stt_queue")}
    assert watch.faults == {
        "celery has no row",
        "wta:unknown has no row",
        f"{session_key(session)} has no TTL",
        f"{session_key(session)} has a field surprise that is not in its row",
        "wta:outcomes is a string, not a stream",
        "wta:listener has a TTL of more than 2.592e+06 s",
        "unacked_index is a string, not a zset",
    }


# --- names, without a run ----------------------------------------------------------------------------


def channels() -> list[tuple[str, set[str]]]:
    """Each channel of the document, and the modules that its row names."""
    return [(quoted(name)[0], {one for cell in who for one in quoted(cell)}) for name, _, *who in tables("channel")]


def made_names() -> dict[str, str]:
    """What contract.keys makes, by what it is made with, as the document writes it."""
    places = {"session": "<session>", "start": "<start>", "file_id": "<file>", "content": "<content>"}
    found: dict[str, str] = {}
    for name, made in vars(keys).items():
        if inspect.isfunction(made):
            found[name] = made(*(places.get(one, f"<{one}>") for one in inspect.signature(made).parameters))
        elif name.isupper() and made != PLACE:
            found[name] = made
    return found


def sources(kind: str) -> dict[str, str]:
    """The product's files of this kind, by their paths without it."""
    paths = [path for folder in FOLDERS for path in folder.rglob(f"*.{kind}")]
    return {str(path.relative_to(ROOT).with_suffix("")): path.read_text(encoding="utf-8") for path in sorted(paths)}


def importers(module: str) -> dict[str, set[str]]:
    """Which of our modules import each name of `module`."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, text in sources("py").items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module == module:
                for one in node.names:
                    found[one.name].add(path)
    return found


def test_every_name_that_is_made_has_its_row() -> None:
    rows = {row.name for row in ROWS}
    assert len(rows) == len(ROWS)
    made = set(made_names().values())
    assert len(made) > 20
    assert made - rows == set()
    assert {name for name in rows - made if name.startswith("wta:")} == {OF_COMPOSE}


def test_a_row_names_the_modules_that_use_its_key() -> None:
    using = importers("contract.keys")
    rows: dict[str, Row] = {row.name: row for row in ROWS}
    for name, key in made_names().items():
        if key.startswith("wta:"):
            assert rows[key].named == using[name], key
        else:  # kombu's own modules take it as well
            assert rows[key].named >= using[name], key


def test_the_channels_are_those_of_the_contract() -> None:
    using = importers("contract.queues")
    expected = {getattr(queues, name): using[name] for name in ("RESULT_CHANNEL", "RESULT_MESSAGES", "FINAL_STATS")}
    assert dict(channels()) == expected


def test_modules_and_settings_in_the_tables_exist() -> None:
    named = {one for kind in ("key", "channel") for cells in tables(kind) for cell in cells[1:] for one in quoted(cell)}
    modules, settings = {one for one in named if "/" in one}, {one for one in named if one.isupper()}
    assert len(modules) > 20
    assert len(settings) > 10
    assert modules - set(sources("py")) == set()
    texts = [text for path, text in sources("py").items() if path.endswith("settings")]
    known = {name.upper() for text in texts for name in re.findall(r"^    (\w+): ", text, re.MULTILINE)}
    assert settings - known == set()


def test_only_celerys_keys_have_no_ttl() -> None:
    assert [row.name for row in ROWS if row.name.startswith("wta:") and row.ends.startswith(NO_TTL)] == []


def test_what_is_read_of_a_file_is_in_its_row() -> None:
    (row,) = [row for row in ROWS if row.name == "wta:file:<file>"]
    assert set(VIEW_FIELDS) - set(row.fields) == set()


def test_names_are_made_in_one_place() -> None:
    piece = re.compile(r"wta:.*|unacked\w*|.*:(taken|analyze|begun|outcomes|shown|segments|wanted)")
    homemade = {
        (path, node.value)
        for path, text in sources("py").items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and piece.fullmatch(node.value)
    }
    options = {(path, value) for path, value in homemade if path == "runtime/broker/app"}  # kombu's, no keys
    assert {path for path, _ in homemade - options} == {"contract/keys"}
    assert all(re.fullmatch(r"unacked_(restore|mutex)_\w+", value) for _, value in options)
    for path, text in sources("lua").items():
        assert not re.search(r"'(wta)?:\w+'", text), path
