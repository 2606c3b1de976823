"""listener_service: statistics of all outcomes, result_listener.log, and the relay to the gateway.

Run it as `python -m listener_service`; it ends on SIGINT or SIGTERM. This module only wires.
"""

from __future__ import annotations

import logging
import signal
import threading

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from contract.queues import LISTENER
from listener_service.counter import OutcomeCounter
from listener_service.loop import Listener
from listener_service.metrics import ListenerMetrics
from listener_service.result_log import ResultLog
from listener_service.settings import ListenerSettings
from runtime.logs.setup import set_up_logging
from runtime.redis_check import RedisRefusedError, check_redis
from runtime.worker.exit_codes import CANNOT_START_EXIT_CODE
from runtime.worker.heartbeat import Heartbeat, worker_id

logger = logging.getLogger(__name__)

STUCK_AFTER_SEC = 60.0


def main() -> int:
    """Listen until a signal comes; returns the exit status."""
    settings = ListenerSettings()
    set_up_logging(settings.log_level, settings.log_format)
    try:
        check_redis(settings)
    except RedisRefusedError as problem:
        logger.critical("%s", problem)
        return CANNOT_START_EXIT_CODE
    metrics = ListenerMetrics()
    metrics.serve(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    address = settings.redis_address()
    client = redis.Redis.from_url(
        address.url,
        **address.tls,
        socket_timeout=3,  # longer than Redis may hold writes back for its append-only file
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),  # the loop's back-off is the only one
        health_check_interval=10,
    )
    heartbeat = Heartbeat(client, LISTENER, worker_id(), "", False, STUCK_AFTER_SEC)
    log = ResultLog(settings, metrics)
    try:
        counter = OutcomeCounter(client, settings, log, metrics)
        Listener(client, counter, heartbeat, settings, stop, metrics).run()
    finally:
        log.close()
        client.close()
    return 0
