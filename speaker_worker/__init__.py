"""The speaker worker: who speaks, an utterance at a time and a whole file at its end.

    speaker_worker   the Celery app and its two tasks: start here
    process          one worker process: its encoder, its place behind the speech models
    task             one task: valid, not tried too often, heard, told
    session          what a session is told, once, and the state that is kept of it
    file_voices      the voices in a file's segments, kept until all of them are there
    encoders         what SPEAKER_MODEL names, loaded; dummy: nearly nothing at all
    engine           a voice as a vector, turns inside an utterance, speakers of a session and of a file
    settings, metrics

The Celery app is here, for `celery -A speaker_worker:celery`. Importing anything of this package makes it and
reads the settings; it loads no model and no torch.
"""

from speaker_worker.speaker_worker import celery

__all__ = ["celery"]
