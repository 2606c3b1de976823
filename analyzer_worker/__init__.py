"""The sentiment worker: texts to sentiments.

    analyzer_worker   the Celery app and its one task: start here
    task              one job: tries, sentiment, outcome
    models            what SENTIMENT_MODEL names, loaded; dummy: none at all
    find_model        SENTIMENT_MODEL to a folder on this disk
    model             that folder to a classifier; offline_model: one that ships
    sentences         the sentences of a text, and which of them are splinters
    text, zones       which text is classified, and what a model's labels mean
    settings, metrics

The Celery app is here, for `celery -A analyzer_worker:celery`. Importing anything of this package makes it and
reads the settings; it loads no model and no torch.
"""

from analyzer_worker.analyzer_worker import celery

__all__ = ["celery"]
