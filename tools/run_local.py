"""`make run`: picks the ports, writes .run/env, and hands over to honcho with the Procfile.

With REDIS_URL that Redis is used, and none is started here.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from tools.local_redis import ROOT, RUN_DIR

PORTS_TO_TRY = 20


def is_free(port: int) -> bool:
    """Whether nothing listens on 127.0.0.1:`port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def redis_port() -> int:
    """REDIS_PORT if it is set, else the first free port from 6379 on."""
    chosen = os.environ.get("REDIS_PORT")
    if chosen:
        return int(chosen)
    for port in range(6379, 6379 + PORTS_TO_TRY):
        if is_free(port):
            return port
    sys.exit(f"No free port for Redis between 6379 and {6379 + PORTS_TO_TRY - 1}: set REDIS_PORT.")


def procfile_names() -> list[str]:
    """The processes that the Procfile names."""
    return [line.partition(":")[0] for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines() if line]


def main() -> None:
    """Become honcho."""
    gateway_port = int(os.environ.get("GATEWAY_PORT", "8000"))
    if not is_free(gateway_port):
        sys.exit(f"Port {gateway_port} is taken (is another `make run` up?). Stop it, or: GATEWAY_PORT=8001 make run")
    own_redis = not os.environ.get("REDIS_URL")
    where = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis_port())} if own_redis else {}
    chosen = where | {
        "GATEWAY_PORT": str(gateway_port),
        "WHISPER_MODEL": os.environ.get("WHISPER_MODEL", "auto"),
        "SENTIMENT_MODEL": os.environ.get("SENTIMENT_MODEL", "auto"),
        "RESULT_LOG": str(RUN_DIR / "result_listener.log"),
        "PYTHONUNBUFFERED": "1",
    }
    RUN_DIR.mkdir(exist_ok=True)
    env_file = RUN_DIR / "env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in chosen.items()), encoding="utf-8")
    binaries = Path(sys.executable).parent
    environment = os.environ | chosen | {"PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}
    if not own_redis:
        print("The Redis of REDIS_URL is used (`make record` needs the same REDIS_URL).", flush=True)
    elif chosen["REDIS_PORT"] != "6379":
        print(f"Redis on port {chosen['REDIS_PORT']} (`make record` knows it).", flush=True)
    os.chdir(ROOT)
    honcho = str(binaries / "honcho")
    processes = [] if own_redis else [name for name in procfile_names() if name != "redis"]
    os.execve(honcho, [honcho, "-e", str(env_file), "-f", "Procfile", "start", *processes], environment)


if __name__ == "__main__":
    main()
