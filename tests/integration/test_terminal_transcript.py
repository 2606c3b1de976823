"""The recorder as a terminal's live transcript, against the whole system, on a pseudo-terminal and into a pipe."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys

import pytest

from harness.speech import CLIPS, demo_clips, words_of
from harness.stack import Stack

CLIP = "long_happy.wav"
PATIENCE_SEC = 120.0
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # colours and moves of the cursor: rich's own


def command(stack: Stack, *options: str) -> list[str]:
    sent = ["--file", str(CLIPS / CLIP), "--language", "en"]
    return [sys.executable, "-m", "recorder_service", "--url", stack.ws_url, *sent, *options]


def said() -> list[str]:
    return words_of(next(clip.text for clip in demo_clips() if clip.path.name == CLIP))


def on_a_terminal(arguments: list[str]) -> tuple[int, str]:
    """Exit status, and everything that was written to the terminal."""
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    process = subprocess.Popen(arguments, env=environment, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = bytearray()
    try:
        while select.select([controller], [], [], PATIENCE_SEC)[0]:
            try:
                shown += os.read(controller, 65_536)
            except OSError:  # Linux tells the end of a terminal so
                break
        return process.wait(10), shown.decode()
    finally:
        os.close(controller)
        if process.poll() is None:
            process.kill()
            process.wait(10)


def test_a_terminal_shows_partials_in_place_and_then_the_result(stack: Stack) -> None:
    status, shown = on_a_terminal(command(stack))
    assert status == 0, shown
    plain = ESCAPE.sub("", shown)
    assert plain.replace("\r", "").replace("\n", "").isprintable(), "nothing else that a terminal obeys"
    lines = plain.replace("\r", "\n").split("\n")
    finals = [number for number, line in enumerate(lines) if re.search(r"(positive|neutral|negative) \d\.\d\d", line)]
    heard = [word for number in finals for word in words_of(lines[number].strip().split("  ")[1])]
    assert heard == said()
    partials = [number for number, line in enumerate(lines) if words_of(line)[:1] == said()[:1]]
    assert partials, "a partial stood there alone, without time and sentiment"
    assert partials[0] < finals[0], "before the result"
    assert "demo models" in plain


@pytest.mark.parametrize("partials", [True, False])
def test_a_pipe_gets_json_with_partials_or_without(stack: Stack, partials: bool) -> None:
    options = ["--json"] if partials else ["--json", "--no-partials"]
    ran = subprocess.run(command(stack, *options), capture_output=True, text=True, timeout=PATIENCE_SEC, check=False)
    assert ran.returncode == 0, ran.stderr
    messages = [json.loads(line) for line in ran.stdout.splitlines()]
    kinds = [message["type"] for message in messages]
    assert kinds[0] == "session"
    assert ("partial" in kinds) == partials
    heard = [word for one in messages if one["type"] == "result" for word in words_of(one["text"])]
    assert heard == said()
