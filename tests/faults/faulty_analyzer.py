"""The analyzer with moments at which a test can hold it: `celery -A tests.faults.faulty_analyzer:celery ...`.

A text that holds FATAL_WORD ends the process that judges it, each time.
"""

from __future__ import annotations

import os

from analyzer_worker import celery
from analyzer_worker.task import Analyzer
from tests.faults.fault_points import deafen, reach

__all__ = ["celery"]

FATAL_WORD = os.environ.get("FATAL_WORD", "")
real_judge = Analyzer._judge
real_judge_all = Analyzer._judge_all
real_handle_all = Analyzer.handle_all


def judge(self, job):  # type: ignore[no-untyped-def]
    """`analyzer_working`: the text has come, there is no outcome."""
    reach("analyzer_working")
    if FATAL_WORD and FATAL_WORD in job.text:
        os._exit(139)
    return real_judge(self, job)


def judge_all(self, jobs):  # type: ignore[no-untyped-def]
    """The same for several texts at once."""
    if len(jobs) > 1:
        reach("analyzer_working")
    if FATAL_WORD and any(FATAL_WORD in job.text for job in jobs):
        os._exit(139)
    return real_judge_all(self, jobs)


def handle_all(self, raws):  # type: ignore[no-untyped-def]
    """`analyzer_ended`: the outcome is written, the task is not acknowledged."""
    troubles = real_handle_all(self, raws)
    reach("analyzer_ended")
    return troubles


Analyzer._judge = judge  # type: ignore[method-assign]
Analyzer._judge_all = judge_all  # type: ignore[method-assign]
Analyzer.handle_all = handle_all  # type: ignore[method-assign]
deafen()
