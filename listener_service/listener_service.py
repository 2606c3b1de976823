"""listener_service: statistics of all outcomes, result_listener.log, and the relay to the gateway.

Run it as `python listener_service/listener_service.py`; it ends on SIGINT or SIGTERM. This module only wires.

    listener_settings     every setting, read from the environment
    listener_loop         waits for messages, and for a lost Redis
    outcome_counter       the stream in order: count once, relay, all in one transaction
    listener_statistics   what is counted; latency_histogram its percentiles
    listener_metrics      numbers for Prometheus
    outcome_lines         an outcome as a line for the log and for the console
    result_log            the file, its rotation, and trouble with the disk
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from pathlib import Path

import redis

sys.path.append(str(Path(__file__).resolve().parents[1]))  # for contract/, where PYTHONPATH does not name it

from listener_loop import Listener
from listener_metrics import ListenerMetrics
from listener_settings import ListenerSettings
from outcome_counter import OutcomeCounter
from redis.backoff import NoBackoff
from redis.retry import Retry
from result_log import ResultLog

from contract.heartbeat import Heartbeat
from contract.logging_setup import set_up_logging

HEARTBEAT_QUEUE = "listener"
STUCK_AFTER_SEC = 60.0


def main() -> int:
    """Listen until a signal comes; returns the exit status."""
    settings = ListenerSettings()
    set_up_logging(settings.log_level, settings.log_format)
    metrics = ListenerMetrics()
    metrics.serve(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    client = redis.Redis.from_url(
        settings.broker_url(),
        socket_timeout=3,  # longer than Redis may hold writes back for its append-only file
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),  # the loop's back-off is the only one
        health_check_interval=10,
    )
    worker = f"{socket.gethostname()}-{os.getpid()}"
    heartbeat = Heartbeat(client, HEARTBEAT_QUEUE, worker, "", False, STUCK_AFTER_SEC)
    log = ResultLog(settings, metrics)
    try:
        counter = OutcomeCounter(client, settings, log, metrics)
        Listener(client, counter, heartbeat, settings, stop, metrics).run()
    finally:
        log.close()
        client.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
