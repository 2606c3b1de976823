"""`make record`: the recorder, told which Redis `make run` uses."""

from __future__ import annotations

import os
import sys

from local_redis import ROOT, RUN_DIR


def main() -> None:
    """Become the recorder."""
    environment = dict(os.environ)
    env_file = RUN_DIR / "env"
    if env_file.exists():
        known = dict(line.split("=", 1) for line in env_file.read_text(encoding="utf-8").splitlines() if "=" in line)
        for name in ("REDIS_HOST", "REDIS_PORT"):
            environment.setdefault(name, known[name])
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "recorder_service")])
    script = str(ROOT / "recorder_service" / "recorder_service.py")
    os.execve(sys.executable, [sys.executable, script, *sys.argv[1:]], environment)


if __name__ == "__main__":
    main()
