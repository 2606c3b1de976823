"""The speech worker: utterances to text.

    stt_worker   the Celery app and its one task: start here
    process      the worker process: start-up, heartbeat, requeueing
    utterances   an utterance from the queue to its text: header, tries, speech check, verdict
    sentences    whether a sentence has ended where somebody pauses, while the worker is idle
    partials     the text of what is still being spoken, while the worker is idle
    engine       the model behind all three: finding, loading, decoding
    settings, metrics

The Celery app is here, for `celery -A stt_worker:celery`. Importing anything of this package makes it and
reads the settings; it loads no model and no torch.
"""

from stt_worker.stt_worker import celery

__all__ = ["celery"]
