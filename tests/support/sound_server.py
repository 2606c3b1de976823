"""A sound server whose only device swallows everything, at the pace of real sound.

Firefox runs no audio on a machine without a sound device, whatever microphone it pretends to have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.processes import Service, wait_until

RATE_HZ = 48_000


@contextmanager
def sound_server(folder: Path) -> Iterator[dict[str, str]]:
    """Run PulseAudio with a null device of RATE_HZ; yields the environment that leads programs to it."""
    socket = folder / "pulse.socket"
    modules = (f"module-null-sink rate={RATE_HZ}", f"module-native-protocol-unix auth-anonymous=1 socket={socket}")
    options = "-n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --disable-shm=yes --log-target=stderr"
    command = ["pulseaudio", *options.split(), *(part for module in modules for part in ("-L", module))]
    server = Service("pulseaudio", command, {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}, folder)
    server.start()
    try:
        wait_until(lambda: socket.exists() or not server.running, 15, "the sound server answers")
        assert server.running, server.tail()
        yield {"PULSE_SERVER": f"unix:{socket}"}
    finally:
        server.stop()
