"""The listener with moments at which a test can hold it: `python -m tests.faults.faulty_listener`."""

from __future__ import annotations

import sys

from listener_service import listener_service
from listener_service.counter import OutcomeCounter
from listener_service.result_log import ResultLog
from tests.faults.fault_points import reach

real_write = ResultLog.write
real_step = OutcomeCounter.step


def write(self, event):  # type: ignore[no-untyped-def]
    """`listener_logged`: the line is in the log, nothing is counted or relayed."""
    real_write(self, event)
    reach("listener_logged")


def step(self):  # type: ignore[no-untyped-def]
    """`listener_counted`: counted and relayed."""
    handled = real_step(self)
    if handled:
        reach("listener_counted")
    return handled


ResultLog.write = write  # type: ignore[method-assign]
OutcomeCounter.step = step  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(listener_service.main())
