"""The sentiment worker: texts to what they feel like.

    analyzer_worker   the Celery app and its one task: start here
    task              one job: tries, sentiment, outcome
    find_model        SENTIMENT_MODEL to a folder on this disk
    model             that folder to a judge of texts; offline_model: one that ships
    text, zones       what is judged of a text, and what a model's labels mean
    settings, metrics

The Celery app is here, for `celery -A analyzer_worker:celery`. Importing anything of this package makes it and
reads the settings; it loads no model and no torch.
"""

from analyzer_worker.analyzer_worker import celery

__all__ = ["celery"]
