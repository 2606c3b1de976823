"""`make record`: the recorder, told which Redis `make run` uses."""

from __future__ import annotations

import os
import sys

from tools.local_redis import RUN_DIR


def main() -> None:
    """Become the recorder."""
    environment = dict(os.environ)
    env_file = RUN_DIR / "env"
    if env_file.exists():
        known = dict(line.split("=", 1) for line in env_file.read_text(encoding="utf-8").splitlines() if "=" in line)
        for name in ("REDIS_HOST", "REDIS_PORT"):
            if name in known:  # not where `make run` had a REDIS_URL
                environment.setdefault(name, known[name])
    os.execve(sys.executable, [sys.executable, "-m", "recorder_service", *sys.argv[1:]], environment)


if __name__ == "__main__":
    main()
