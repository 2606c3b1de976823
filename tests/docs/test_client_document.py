"""docs/client.md: its example runs as it stands, and its tables are the client's own."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

from harness.processes import ROOT
from harness.speech import demo_clips, words_of
from harness.stack import Stack
from recorder_service.client import client, state
from recorder_service.client.client import StreamClient, StreamError

DOCUMENT = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")


def run_example(folder: Path, url: str, clip: Path) -> subprocess.CompletedProcess[str]:
    """The example, with the command in the document."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    (folder / "example.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-X", "dev", "-W", "error", "example.py", url, str(clip)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_example_runs_as_it_stands(stack: Stack, tmp_path: Path) -> None:
    clip = next(clip for clip in demo_clips() if clip.sentiment == "positive")
    ran = run_example(tmp_path, stack.ws_url, clip.path)
    assert (ran.returncode, ran.stderr) == (0, "")
    (result,) = [line for line in ran.stdout.splitlines() if line.startswith("0.0 s: ")]
    assert words_of(result.removeprefix("0.0 s: ")) == [*words_of(clip.text), "positive"]


def test_the_example_tells_a_refusal_in_words(stack: Stack, tmp_path: Path) -> None:
    ran = run_example(tmp_path, f"{stack.ws_url}/nothing-here", demo_clips()[0].path)
    assert ran.returncode == 1
    assert ran.stderr.startswith("the server does not let this client in, or there is no WebSocket"), ran.stderr


def names(first_column: str) -> list[str]:
    """The names in the first column of the table with this heading."""
    (rows,) = re.findall(rf"^\| {first_column} \|.*\n\|[-|]+\n((?:\|.*\n)+)", DOCUMENT, re.MULTILINE)
    return [name for row in rows.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_the_tables_are_the_clients_own() -> None:
    options = list(inspect.signature(StreamClient).parameters)
    assert options[0] == "url"
    assert names("option") == options[1:]
    public = {name: value for name, value in vars(StreamClient).items() if not name.startswith("_")}
    properties = {name for name, value in public.items() if isinstance(value, property)}
    assert set(names("property")) == properties
    assert set(names("method")) == set(public) - properties
    errors = {name for name in client.__all__ if _is_error(getattr(client, name))}
    assert set(names("error")) == errors - {"StreamError"}


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, StreamError)


def test_the_figures() -> None:
    defaults = inspect.signature(StreamClient).parameters
    assert f"| `buffer_sec` | {defaults['buffer_sec'].default:.0f} |" in DOCUMENT
    assert f"| `open_timeout_sec` | {defaults['open_timeout_sec'].default:.0f} |" in DOCUMENT
    assert f"With {state.INBOX_MESSAGES} messages unread" in DOCUMENT
