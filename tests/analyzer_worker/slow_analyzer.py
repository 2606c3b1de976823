"""analyzer_worker with a model that a test can hold, kill or break by files in the folder TEST_FOLDER.

Run as `celery -A tests.analyzer_worker.slow_analyzer:celery worker ...` with SENTIMENT_MODEL=dummy; everything but
`judge` is the real worker.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from analyzer_worker import celery
from analyzer_worker.dummy import DummyModel
from analyzer_worker.models import WARM_UP_TEXT
from contract.messages import Sentiment

__all__ = ["celery"]

FOLDER = Path(os.environ["TEST_FOLDER"])
real_judge = DummyModel.judge


def judge(self: DummyModel, text: str) -> Sentiment:
    """`hold` there: wait until it is gone. `die` there: end the process. `break` there: fail."""
    if text != WARM_UP_TEXT:
        (FOLDER / "begun").touch()
    while text != WARM_UP_TEXT and (FOLDER / "hold").exists():
        time.sleep(0.02)
    if text != WARM_UP_TEXT and (FOLDER / "die").exists():
        os._exit(137)
    if (FOLDER / "break").exists():
        raise RuntimeError(f"no device left to judge {text}")
    return real_judge(self, text)


DummyModel.judge = judge  # type: ignore[method-assign]
