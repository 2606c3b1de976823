"""A TCP proxy whose connections can die as they do when a laptop moves to another network: nobody is told."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

CHUNK_BYTES = 64 * 1024


class SilentWire:
    """Listens on 127.0.0.1 and passes bytes both ways to `target_port`. Use it as a context manager."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.opened = 0
        self._dead_up_to = 0
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> SilentWire:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @property
    def url(self) -> str:
        """The address of what is behind it."""
        return f"http://127.0.0.1:{self.port}"

    def die(self) -> None:
        """From now on nothing comes through the connections that are open; new ones work."""
        self._dead_up_to = self.opened

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._target_port))
                self.opened += 1
                self._sockets += [here, there]
                for source, target in ((here, there), (there, here)):
                    threading.Thread(target=self._pump, args=(source, target, self.opened), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, number: int) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                if number > self._dead_up_to:
                    target.sendall(data)
        if number > self._dead_up_to:
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)
