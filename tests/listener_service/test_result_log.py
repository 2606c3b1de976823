"""The file: rotation, rights, trouble with the disk, and no line twice."""

from __future__ import annotations

import json
import logging
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract.events import OutcomeEvent
from contract.messages import Result
from listener_service.result_log import ResultLog
from listener_service.settings import ListenerSettings
from tests.listener_service.conftest import SESSION


def event(number: int, text: str = "I love this movie.") -> OutcomeEvent:
    message = Result(utterance=f"5f1d7c0a-{number * 32_000}", duration_sec=2.0, text=text, language="en")
    return OutcomeEvent(session=SESSION, seq=number, start=number * 32_000, message=message)


def settings(path: Path, max_bytes: int = 1_000_000, count: int = 3, enabled: bool = True) -> ListenerSettings:
    return ListenerSettings(
        result_log=path, result_log_max_bytes=max_bytes, result_log_count=count, result_log_enabled=enabled
    )


def numbers(*paths: Path) -> list[int]:
    return [json.loads(line)["seq"] for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_an_outcome_for_the_owners_eyes_only(tmp_path: Path) -> None:
    path = tmp_path / "result_listener.log"
    log = ResultLog(settings(path))
    assert not path.exists(), "no file before the first outcome"
    for number in range(1, 4):
        log.write(event(number))
    log.close()
    assert numbers(path) == [1, 2, 3]
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_rotates_by_size_and_keeps_so_many(tmp_path: Path) -> None:
    path = tmp_path / "result_listener.log"
    log = ResultLog(settings(path, max_bytes=2_000, count=3))
    for number in range(1, 61):
        log.write(event(number))
    log.close()
    files = [Path(f"{path}.3"), Path(f"{path}.2"), Path(f"{path}.1"), path]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    kept = numbers(*files)
    assert kept == list(range(kept[0], 61))
    assert all(file.stat().st_size <= 2_000 for file in files)
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)


def test_what_was_written_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "result_listener.log"
    log = ResultLog(settings(path))
    for number in (1, 2, 2, 1):
        log.write(event(number))
    log.close()
    again = ResultLog(settings(path))
    for number in (1, 2, 3):
        again.write(event(number))
    again.close()
    assert numbers(path) == [1, 2, 3]


def test_not_even_right_after_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "result_listener.log"
    first = ResultLog(settings(path))
    first.write(event(1))
    first.close()
    path.rename(f"{path}.1")
    again = ResultLog(settings(path))
    again.write(event(1))
    again.write(event(2))
    again.close()
    assert numbers(path) == [2]


def test_a_torn_line_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "result_listener.log"
    path.write_bytes(b'{"time": "2026-11-2')
    log = ResultLog(settings(path))
    log.write(event(1))
    log.close()
    torn, whole = path.read_text(encoding="utf-8").splitlines()
    assert torn == '{"time": "2026-11-2'
    assert json.loads(whole)["seq"] == 1


def test_lines_of_others_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "result_listener.log"
    path.write_bytes(b'[]\nnull\n{"utterance": 7}\n\xff\xfe\n')
    log = ResultLog(settings(path))
    log.write(event(1))
    log.close()
    assert json.loads(path.read_bytes().splitlines()[-1])["seq"] == 1


def test_a_place_that_cannot_be_written_is_warned_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "logs"
    log = ResultLog(settings(folder / "result_listener.log"))
    with caplog.at_level(logging.WARNING):
        for number in range(1, 6):
            log.write(event(number, "swordfish"))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "cannot be written" in caplog.text
    assert "swordfish" not in caplog.text
    folder.mkdir()
    log.write(event(6))
    log.close()
    assert "is written again" in caplog.text
    assert numbers(folder / "result_listener.log") == [6]


def test_a_full_disk_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    log = ResultLog(settings(Path("/dev/full")))
    for number in range(1, 200):
        log.write(event(number, "swordfish " * 50))
    log.close()
    assert caplog.text.count("cannot be written") == 1
    assert "No space left on device" in caplog.text
    assert "swordfish" not in caplog.text


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Like a disk that is full at `size` bytes: a write beyond is cut short, the next one fails."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def test_a_disk_that_has_room_again_gets_whole_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "result_listener.log"
    log = ResultLog(settings(path))
    with file_size_limit(2_000):
        for number in range(1, 21):
            log.write(event(number))
    assert path.stat().st_size == 2_000
    assert caplog.text.count("cannot be written") == 1
    for number in range(21, 31):
        log.write(event(number))
    log.close()
    lines = path.read_bytes().splitlines()
    whole = [line for line in lines if line.endswith(b"}")]
    assert len(lines) - len(whole) == 1, "the limit tears one line"
    kept = [json.loads(line)["seq"] for line in whole]
    assert kept[:3] == [1, 2, 3]
    assert kept[-10:] == list(range(21, 31))


def test_switched_off_it_writes_nothing(tmp_path: Path) -> None:
    log = ResultLog(settings(tmp_path / "result_listener.log", enabled=False))
    log.write(event(1))
    log.close()
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_written_and_never_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log = ResultLog(settings(path))
    log.write(event(1))
    log.close()
    assert json.loads(os.read(reader, 65_536))["seq"] == 1
    os.close(reader)
