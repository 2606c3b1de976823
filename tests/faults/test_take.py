"""A message that Redis hands to a worker in the moment of its death is not lost, with no gateway to send it again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from contract.keys import taken_key
from harness.processes import wait_until
from tests.faults.fault_system import running_world
from tests.faults.worker_rig import DONE_SEC, QUEUES, WorkerRig, beside_each_other


def test_a_message_given_to_a_dying_worker_comes_back(tmp_path: Path) -> None:
    """SIGSTOP stands for the time in which a killed process's memory is freed and its connections still live."""
    beside_each_other(["stt_0", "analyzer"], lambda worker: comes_back(worker, tmp_path / worker))


def comes_back(worker: str, folder: Path) -> None:
    with running_world(folder, "redis", worker, VISIBILITY_TIMEOUT_SEC="5") as world:
        rig = WorkerRig(world, worker)
        rig.send()
        rig.wait_all_ended()
        queue = QUEUES[worker]
        wait_until(lambda: given_while_stopped(rig), DONE_SEC, "the stopped worker is given a message")
        assert world.client.llen(taken_key(queue)) == 1
        assert world.client.hlen("unacked") == 0
        world.services[worker].kill()
        world.start(worker)
        rig.wait_all_ended()
        assert world.client.exists(taken_key(queue)) == 0
        world.client.lpush(queue, "no envelope", b"\xff", "{}")
        rig.send()
        rig.wait_all_ended()
        assert world.client.exists(taken_key(queue)) == 0
        rig.close()


def given_while_stopped(rig: WorkerRig) -> bool:
    """Stop the worker and send a message; whether Redis gave it away. Else the worker had not asked: it goes on."""
    pid = rig.world.pid(rig.worker)
    os.kill(pid, signal.SIGSTOP)
    rig.send()
    if rig.world.client.llen(QUEUES[rig.worker]) == 0:
        return True
    os.kill(pid, signal.SIGCONT)
    rig.wait_all_ended()
    return False
