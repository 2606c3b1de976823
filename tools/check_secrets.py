"""`make check`: no secret in a tracked file, and no known hole in a pinned requirement where that can be asked.

A finding that is none (a test's made-up session id) is put into .secrets.baseline with
`.venv/bin/python -m tools.check_secrets --accept`: look at each line that this adds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARIES = str(Path(sys.executable).parent)
BASELINE = ".secrets.baseline"
NO_TEXT = (".png", ".svg", ".wav", ".pt", ".safetensors", ".pdf", ".mp4", ".webm", ".gif", ".ico")
GENERATED = ("package-lock.json", BASELINE, "demo_models/sentiment/", "demo_models/clips/", "bench/results")
AUDIT_SEC = 60
AUDIT_ONE_ANSWER_SEC = 3


def tracked_files() -> list[str]:
    """The files that people write, as far as git knows them."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [
        name
        for name in listed.splitlines()
        if not name.endswith(NO_TEXT) and not name.startswith(GENERATED) and (ROOT / name).is_file()
    ]


def secrets_found(accept: bool) -> bool:
    """Look for secrets in the tracked files, or accept those that are there."""
    if accept:
        made = subprocess.run(
            [f"{BINARIES}/detect-secrets", "scan", *tracked_files()], cwd=ROOT, check=True, capture_output=True
        )
        (ROOT / BASELINE).write_bytes(made.stdout)
        return False
    command = [f"{BINARIES}/detect-secrets-hook", "--baseline", BASELINE, *tracked_files()]
    ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if ran.returncode != 0:
        print(ran.stdout + ran.stderr)
    return ran.returncode not in (0, 3)  # 3: line numbers in the baseline have moved


def holes_found() -> bool:
    """Ask for known holes in the pinned requirements; where nobody answers, say so and go on."""
    files = [part for name in sorted(ROOT.glob("*/requirements*.txt")) for part in ("-r", str(name))]
    options = ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    command = [f"{BINARIES}/pip-audit", *files, *options, "--timeout", str(AUDIT_ONE_ANSWER_SEC)]
    try:
        ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=AUDIT_SEC)
        found = json.loads(ran.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("pip-audit: the advisory service cannot be reached, so the requirements were not audited")
        return False
    audited = [one for one in found if "vulns" in one]
    holes = [(one["name"], one["version"], hole) for one in audited for hole in one["vulns"]]
    for name, version, hole in holes:
        print(f"{name} {version}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version yet'}")
    if not audited:
        print("pip-audit: the advisory service does not know any package, so the requirements were not audited")
    else:
        print(f"pip-audit: {len(audited)} of {len(found)} requirements audited, {len(holes)} known holes")
    return bool(holes)


def main() -> int:
    """Both checks; 1 when either has found something."""
    found = secrets_found(accept="--accept" in sys.argv[1:])
    return int(holes_found() or found)


if __name__ == "__main__":
    sys.exit(main())
