"""analyzer_worker: the sentiment of every transcript, then the utterance's one outcome.

Run it as `celery -A analyzer_worker:celery worker -Q analyzer_queue --loglevel=info --concurrency=1 --pool=solo`.
This module only wires; it loads no model until a worker starts.
"""

from __future__ import annotations

from analyzer_worker.process import AnalyzerProcess
from analyzer_worker.settings import AnalyzerSettings
from contract.queues import ANALYZE_TASK, ANALYZER_QUEUE
from runtime.broker.app import make_celery
from runtime.worker.core_share import wait_briefly

wait_briefly()  # before torch is loaded
settings = AnalyzerSettings()
celery = make_celery("analyzer_worker", settings, ANALYZER_QUEUE)
process = AnalyzerProcess(settings, celery)
process.connect()


@celery.task(name=ANALYZE_TASK)  # type: ignore[untyped-decorator]
def analyze_text(job: object = None) -> None:
    """Classify one transcript, and end its utterance. `job` is an AnalyzeJob as a dict."""
    process.run(job)
