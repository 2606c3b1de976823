"""Records a microphone or sends a WAV file, and shows what was said and how it felt.

    python -m recorder_service --help

The library behind --url, for programs of your own, is recorder_service.client.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line tool; returns the exit status."""
    from recorder_service.app import run

    return run(sys.argv[1:])
