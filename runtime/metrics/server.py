"""A service's own `/metrics`, on a port of its own, for those that serve no HTTP otherwise.

One thread answers one scrape after the other, each within a few seconds: whoever keeps it waiting keeps the other
scrapes waiting and nothing else. It asks for no token, so it is for a network that only the monitoring can reach.
"""

from __future__ import annotations

import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from prometheus_client import CollectorRegistry

from contract.settings import MeasuredSettings
from runtime.metrics.registry import CONTENT_TYPE, count_log_lines, exposition, new_registry

logger = logging.getLogger(__name__)

REQUEST_SEC = 5.0


class MetricsServer:
    """Serves `registry` until `stop`, or until the process ends. Raises OSError where the port cannot be had."""

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = REQUEST_SEC
            server_version = "metrics"
            sys_version = ""

            def do_GET(self) -> None:
                found = self.path.split("?")[0] == "/metrics"
                body = exposition(registry) if found else b"Only /metrics is here.\n"
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", CONTENT_TYPE if found else "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                logger.debug("a scrape was answered")

        class Server(HTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                logger.debug("a scrape broke off", exc_info=True)

        self._server = Server((host, port), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_metrics(settings: MeasuredSettings, registry: CollectorRegistry) -> MetricsServer | None:
    """Serve `registry` where the settings say; None where they say nowhere, or the port is taken (logged): a service
    works on without being looked at."""
    if settings.metrics_port == 0:
        return None
    try:
        return MetricsServer(registry, settings.metrics_host, settings.metrics_port)
    except OSError as problem:
        logger.error("no metrics on %s:%d: %s", settings.metrics_host, settings.metrics_port, problem)
        return None


class ServedMetrics:
    """A registry of one process's own numbers, and how it is shown. Subclasses put their metrics into it."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self._server: MetricsServer | None = None

    def serve(self, settings: MeasuredSettings) -> None:
        """Show it all where the settings say, for as long as the process lives; logging must be set up."""
        count_log_lines(self.registry)
        self._server = serve_metrics(settings, self.registry)
