"""Runs the recorder for tests as a person does, but from another folder, with the repository alone on the path."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from harness.processes import ROOT

PATIENCE_SEC = 150.0  # a machine that is busy with other things takes long to start a Python


def environment(redis_port: int, **more: str) -> dict[str, str]:
    """As on a machine where nothing was prepared."""
    inherited = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    return {**inherited, "PYTHONPATH": str(ROOT), "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis_port), **more}


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a recorder that comes to its end."""
    out, err = process.communicate(timeout=PATIENCE_SEC)
    assert "Traceback" not in out + err, err
    return process.returncode, out, err


class Recorder:
    """Starts recorders in `folder`, and ends what a failed test leaves running."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def start(self, arguments: list[str], env: Mapping[str, str], terminal: int | None = None) -> subprocess.Popen[str]:
        """A running recorder; with `terminal` (a file descriptor) it writes there, else into pipes."""
        process = subprocess.Popen(
            [sys.executable, "-m", "recorder_service", *arguments],
            env=env,
            cwd=self._folder,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.PIPE if terminal is None else terminal,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, arguments: list[str], env: Mapping[str, str]) -> tuple[int, str, str]:
        """Exit status, standard output and standard error."""
        return finished(self.start(arguments, env))

    def close(self) -> None:
        """End what still runs."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait(10)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
