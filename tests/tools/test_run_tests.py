"""What fails beside others and passes alone stops nobody and is named; a fault fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ALONE = "assert 'PYTEST_XDIST_WORKER' not in os.environ"
TESTS = f"""
import os
import pytest

def test_right(): pass

@pytest.fixture
def ends():
    yield
    {ALONE}

def test_teardown(ends): pass

@pytest.mark.parametrize("number", range(4))
def test_only_alone(number): {ALONE}
"""

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the script over TESTS and more, in a folder of its own: its exit status, and what it printed."""

    def run_over(more: str = "", *arguments: str) -> tuple[int, str]:
        (tmp_path / "tools").mkdir()
        shutil.copy(ROOT / "tools" / "run_tests.sh", tmp_path / "tools")
        (tmp_path / ".venv").symlink_to(sys.prefix)
        (tmp_path / "test_it.py").write_text(TESTS + more)
        own = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            [tmp_path / "tools" / "run_tests.sh", "2", *arguments],
            env=own,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run_over


def test_what_passes_alone_is_named_and_stops_nobody(run: Run) -> None:
    status, printed = run()
    assert status == 0
    named = printed.split("FAILED BESIDE OTHERS AND PASSED ALONE")[1].splitlines()[1:]
    assert sorted(named) == [*(f"test_it.py::test_only_alone[{n}]" for n in range(4)), "test_it.py::test_teardown"]
    assert "assert 'PYTEST_XDIST_WORKER' not in" in printed, "what it failed of stays in the log"


def test_a_fault_fails(run: Run) -> None:
    status, printed = run("def test_fault(): assert False\n", "-k", "right or fault")
    assert status == 1
    assert "PASSED ALONE" not in printed


def test_more_than_a_few_are_no_chance(run: Run) -> None:
    status, printed = run(f"def test_a_sixth(): {ALONE}\n")
    assert status == 1
    assert "Once more" not in printed


def test_what_is_no_failure_of_a_test_is_not_tried_again(run: Run) -> None:
    status, printed = run("", "--no-such-option")
    assert status == 4
    assert "Once more" not in printed
