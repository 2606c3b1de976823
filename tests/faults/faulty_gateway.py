"""The gateway with moments at which a test can hold it, and with it every connection.

Run as `python -m tests.faults.faulty_gateway`.

On SIGUSR1 it writes the number of its asyncio tasks to the file `tasks` in FAULT_DIR.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from fastapi_service import fastapi_service
from fastapi_service.live import closing
from fastapi_service.live.dispatcher import Dispatcher
from fastapi_service.live.sessions import SessionStore
from tests.faults.fault_points import reach

real_record = SessionStore.record_cut
real_send = Dispatcher.send
real_safe = SessionStore.mark_safe


async def record_cut(self, *args, **more):  # type: ignore[no-untyped-def]
    """`gateway_recorded`: the end of an utterance is written, its task is not sent."""
    answer = await real_record(self, *args, **more)
    reach("gateway_recorded")
    return answer


async def send(self, *args, **more):  # type: ignore[no-untyped-def]
    """`gateway_sent`: the task is sent, the position is not safe."""
    await real_send(self, *args, **more)
    reach("gateway_sent")


async def mark_safe(self, *args, **more):  # type: ignore[no-untyped-def]
    """`gateway_safe`: the position is safe, the client does not know."""
    await real_safe(self, *args, **more)
    reach("gateway_safe")


def tell_tasks(*_: object) -> None:
    """Write the number of tasks, at once or not at all."""
    folder = Path(os.environ["FAULT_DIR"])
    (folder / "tasks.new").write_text(str(len(asyncio.all_tasks())))
    (folder / "tasks.new").rename(folder / "tasks")


closing.BUSY_RETRY_SEC = 1.0  # clients come back while faults go on
SessionStore.record_cut = record_cut  # type: ignore[method-assign]
Dispatcher.send = send  # type: ignore[method-assign]
SessionStore.mark_safe = mark_safe  # type: ignore[method-assign]

if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, tell_tasks)
    fastapi_service.main()
