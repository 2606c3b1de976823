"""How many threads torch uses, in the main thread and beside it."""

from __future__ import annotations

import os
import sys
import threading

import torch

from runtime.worker.cores import usable_cores

BACKGROUND_NICE = 5  # a third of the share of a thread with the usual 0 (sched(7))


def use_threads(count: int, tiny_model: bool) -> int:
    """Let torch compute with `count` threads and return the number.

    0: one per usable core, but one for a tiny model: on its small products threads mostly wait for each other, and
    beside other busy processes they make it several times slower.
    """
    threads = count or (1 if tiny_model else usable_cores())
    torch.set_num_threads(threads)
    return threads


def use_in_background() -> None:
    """Set up the calling thread, which works beside the main one: it computes with one thread, and on Linux, which has
    priorities per thread, at a lower one than finals, of this and other workers on the machine. Only a little lower: a
    final may have to wait for half a layer that runs here.

    One thread, because a team of OpenMP threads belongs to its caller, and GNU's OpenMP stops spinning once a process
    has more of them than cores (libgomp, gomp_managed_threads): then each small product of a decoder would cost a
    wake-up, and finals would take twice as long.
    """
    torch.set_num_threads(1)
    if sys.platform == "linux":
        own = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, own, min(19, os.getpriority(os.PRIO_PROCESS, own) + BACKGROUND_NICE))
