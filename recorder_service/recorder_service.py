"""Records a microphone or sends a WAV file, and shows what was said and how it felt.

    python recorder_service/recorder_service.py --help

The library behind --url, for programs of your own, is stream_client.py.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def main() -> int:
    """Run the command line tool; returns the exit status."""
    if importlib.util.find_spec("contract") is None:
        sys.path.append(str(Path(__file__).resolve().parent.parent))
    from recorder_app import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
