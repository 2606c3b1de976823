"""The name of every key in Redis that we make; all but Celery's own carry a TTL.

docs/redis.md says of each its type and fields, who writes and reads it, its bound and its end. A new one has its row
there: tests/docs/test_redis_document.py looks.
"""

from __future__ import annotations

from typing import Final

OUTCOMES_STREAM: Final = "wta:outcomes"
SESSIONS_KEY: Final = "wta:sessions"  # sorted set of the sessions that are kept, by their last use (epoch ms)
DEAD_LETTERS_STREAM: Final = "wta:given_up"  # metadata of utterances that were given up, newest last
LISTENER_STATE_KEY: Final = "wta:listener"
PARTIALS: Final = "wta:partials"  # list of requests for partials, newest left
SENTENCES: Final = "wta:sentences"  # list of questions whether a sentence has ended, newest left
FILES_KEY: Final = "wta:files"  # sorted set of the files that wait or are in work, by when they came (epoch ms)
KEPT_FILES_KEY: Final = "wta:files:kept"  # sorted set of those whose result is kept, by when they ended
SENT_SEGMENTS_KEY: Final = "wta:files:sent"  # sorted set of all files' segments without outcome: done key, when sent
UNACKED_INDEX: Final = "unacked_index"  # kombu's default name, which runtime.broker.app leaves as it is
PLACE: Final = "{}"  # in the place of an id it gives the pattern of a key, for a script that finds the id itself


def session_key(session: str) -> str:
    """Hash of one session: position, seq, epoch, cut_start, cut_end."""
    return f"wta:session:{session}"


def session_outcomes_key(session: str) -> str:
    """Stream of one session's outcomes; the entry for outcome n has the id `n-0`."""
    return f"wta:session:{session}:outcomes"


def speakers_key(session: str) -> str:
    """Hash of one session's speakers: rev, state (the voice prints), speakers."""
    return f"wta:session:{session}:speakers"


def speaker_events_key(session: str) -> str:
    """Stream of what was found out about who speaks; the entry for revision n has the id `n-0`."""
    return f"wta:session:{session}:turns"


def file_voices_key(session: str) -> str:
    """Hash of the voices in the segments of an uploaded file, by the first sample of each, until the file ends."""
    return f"wta:voices:{session}"


def done_key(session: str, start: int) -> str:
    """Exists once the utterance that starts at sample `start` has ended."""
    return f"wta:done:{session}:{start}"


def tries_key(session: str, start: int) -> str:
    """How often a speech worker has begun the utterance that starts at sample `start`."""
    return f"wta:tries:{session}:{start}"


def analyzer_tries_key(session: str, start: int) -> str:
    """How often an analyzer has begun it."""
    return f"wta:tries:{session}:{start}:analyze"


def speaker_tries_key(session: str, start: int) -> str:
    """How often a speaker worker has begun to tell who speaks it."""
    return f"wta:tries:{session}:{start}:speakers"


def file_speakers_tries_key(file_id: str) -> str:
    """How often a speaker worker has begun to tell who speaks in the whole file."""
    return f"wta:file:{file_id}:speakers:tries"


def partial_audio_key(session: str, start: int) -> str:
    """The audio so far of the utterance that starts at sample `start` and is still being spoken, s16le."""
    return f"wta:partial:{session}:{start}"


def partial_begun_key(session: str, start: int) -> str:
    """Exists while a worker is at a partial of that utterance, and remains where the worker ended on it."""
    return f"wta:partial:{session}:{start}:begun"


def sentence_begun_key(session: str, start: int) -> str:
    """Exists while a worker looks whether a sentence of that utterance has ended; remains as the one of a partial."""
    return f"wta:heard:{session}:{start}:begun"


def heard_key(session: str, start: int) -> str:
    """What a worker made of that utterance up to its latest pause, an AnalyzeJob as JSON."""
    return f"wta:heard:{session}:{start}"


def file_key(file_id: str) -> str:
    """Hash of one uploaded file: its job, state, progress."""
    return f"wta:file:{file_id}"


def file_segments_key(file_id: str) -> str:
    """List of a file's finished segments in order, JSON each."""
    return f"wta:file:{file_id}:segments"


def file_wanted_key(file_id: str) -> str:
    """Exists while a request waits for the file, and a little longer."""
    return f"wta:file:{file_id}:wanted"


def file_content_key(content: str) -> str:
    """The id of the file with this content and these options."""
    return f"wta:file:content:{content}"


def stats_key(session: str) -> str:
    """One session's statistics as JSON."""
    return f"wta:stats:{session}"


def shown_stats_key(session: str) -> str:
    """The latest message with one session's statistics, for those who missed it."""
    return f"wta:stats:{session}:shown"


def taken_key(queue: str) -> str:
    """List of the messages that were taken from `queue` and not recorded yet; empty but for moments."""
    return f"{queue}:taken"


def workers_key(queue: str) -> str:
    """Hash of the live workers of a queue: worker id to a JSON heartbeat."""
    return f"wta:workers:{queue}"


def loading_key(queue: str) -> str:
    """How far a worker of the queue is with the download of its model, as JSON; there while it goes on."""
    return f"wta:loading:{queue}"
