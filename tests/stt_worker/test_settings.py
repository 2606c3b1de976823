"""The worker's settings, and the number of its threads."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from runtime.worker.cores import cpu_quota, usable_cores
from stt_worker.engine.threads import use_in_background, use_threads
from stt_worker.settings import SttSettings


def test_every_setting_is_described_and_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [name for name, field in SttSettings.model_fields.items() if not field.description] == []
    monkeypatch.setenv("WHISPER_MODEL", "small.en")
    monkeypatch.setenv("WHISPER_TEMPERATURES", "0, 0.5")
    monkeypatch.setenv("STT_LANGUAGE", "ko")
    settings = SttSettings()
    assert (settings.whisper_model, settings.whisper_temperatures, settings.stt_language) == (
        "small.en",
        (0, 0.5),
        "ko",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stt_language", "xx"),
        ("whisper_window_floor_sec", 31),
        ("stt_batch_max", 0),
        ("vad_threshold", 1),
        ("whisper_temperatures", "hot"),
        ("whisper_temperatures", "3.0"),
        ("whisper_temperatures", ""),
        ("whisper_model", ""),
        ("logprob_threshold", 1),
    ],
)
def test_senseless_values_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        SttSettings(**{name: value})  # type: ignore[arg-type]


def cgroup(root: Path, path: str, cpu_max: str) -> None:
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.max").write_text(cpu_max)


def test_quota_of_cgroup_v2(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/a/b\n")
    assert cpu_quota(tmp_path, own) is None
    cgroup(tmp_path, ".", "max 100000\n")
    assert cpu_quota(tmp_path, own) is None
    cgroup(tmp_path, "a", "300000 100000\n")
    cgroup(tmp_path, "a/b", "150000 100000\n")
    assert cpu_quota(tmp_path, own) == 1.5
    cgroup(tmp_path, "a", "50000 100000\n")
    assert cpu_quota(tmp_path, own) == 0.5
    assert usable_cores(tmp_path, own) == 1


def test_quota_of_cgroup_v1(tmp_path: Path) -> None:
    folder = tmp_path / "cpu"
    folder.mkdir()
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    (folder / "cpu.cfs_quota_us").write_text("-1\n")
    assert cpu_quota(tmp_path, tmp_path / "none") is None
    (folder / "cpu.cfs_quota_us").write_text("100000\n")
    assert cpu_quota(tmp_path, tmp_path / "none") == 1.0


def test_without_a_quota_all_cores_that_may_be_used(tmp_path: Path) -> None:
    assert usable_cores(tmp_path, tmp_path / "none") == len(os.sched_getaffinity(0))
    cgroup(tmp_path, ".", "6400000 100000\n")
    assert usable_cores(tmp_path, tmp_path / "none") == len(os.sched_getaffinity(0))


def test_threads_are_set() -> None:
    before = torch.get_num_threads()
    try:
        assert use_threads(3, tiny_model=False) == torch.get_num_threads() == 3
        assert use_threads(2, tiny_model=True) == torch.get_num_threads() == 2
        assert use_threads(0, tiny_model=True) == torch.get_num_threads() == 1
        assert use_threads(0, tiny_model=False) == torch.get_num_threads() == usable_cores()
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a thread a priority of its own")
def test_a_thread_in_the_background_has_settings_of_its_own() -> None:
    count = torch.get_num_threads()
    torch.set_num_threads(3)
    before = (3, os.getpriority(os.PRIO_PROCESS, 0))
    found: list[tuple[int, int]] = []

    def look() -> None:
        use_in_background()
        found.append((torch.get_num_threads(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    try:
        assert found == [(1, before[1] + 5)]
        assert (torch.get_num_threads(), os.getpriority(os.PRIO_PROCESS, 0)) == before
    finally:
        torch.set_num_threads(count)


@pytest.mark.parametrize(("text", "code"), [("Korean", "ko"), ("ko-KR", "ko"), ("auto", None), ("", None)])
def test_the_language_may_be_written_as_people_do(text: str, code: str | None) -> None:
    assert SttSettings(stt_language=text).stt_language == code


def test_a_language_that_is_none_is_named() -> None:
    with pytest.raises(ValidationError, match="'xx' is no language that is known"):
        SttSettings(stt_language="xx")
