"""The voices in a file's segments, kept in Redis until all of them are there, and who speaks in the whole file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import cast

import redis

from contract.ids import session_tag
from contract.jobs import FileSpeakersJob, SpeakerJob
from contract.keys import file_key, file_voices_key
from contract.state.files import FileSpeakers, FileTurn, note_call
from speaker_worker.engine.voices import UtteranceVoices
from speaker_worker.engine.whole_file import file_turns
from speaker_worker.settings import SpeakerSettings

logger = logging.getLogger(__name__)

FAILED_WORDS = "Comparing the voices failed, so who speaks is not told."
KEPT_SEC = 6 * 3600  # after the latest segment: a file gives way to who speaks live
Segment = tuple[int, UtteranceVoices]


class FileVoices:
    """Calls to Redis, each once. Methods raise REDIS_ERRORS."""

    def __init__(self, client: redis.Redis, settings: SpeakerSettings) -> None:
        self._client = client
        self._settings = settings

    def keep(self, job: SpeakerJob, voices: UtteranceVoices) -> None:
        """Keep the voices of a segment; those of one that comes again take the place of the first."""
        key = file_voices_key(job.session)
        pipe = self._client.pipeline(transaction=True)
        pipe.hset(key, str(job.start), voices.pack())
        pipe.expire(key, KEPT_SEC)
        pipe.execute()

    def segments(self, job: FileSpeakersJob) -> list[Segment]:
        """What is kept of the file, each with its first sample, in order."""
        found: dict[int, UtteranceVoices] = {}
        for session in (job.session, job.again_session):
            kept = cast(dict[bytes, bytes], self._client.hgetall(file_voices_key(session)))
            for start, packed in kept.items():
                try:
                    found[int(start)] = UtteranceVoices.unpack(packed)
                except ValueError as problem:  # of a worker of another version; a VoicesError is one
                    logger.error("%s: some voices kept of it are unusable: %s", session_tag(session), problem)
        return sorted(found.items())

    def turns(self, segments: Sequence[Segment]) -> list[FileTurn]:
        """Who speaks in a file with these segments."""
        return file_turns(segments, self._settings.speakers_max)

    def is_told(self, job: FileSpeakersJob) -> bool:
        """Whether it is written down already who speaks in the file."""
        return bool(self._client.hexists(file_key(job.file), "speakers"))

    def tell(self, job: FileSpeakersJob, turns: list[FileTurn]) -> bool:
        """Write down who speaks in the file; False where the file is gone."""
        return self._note(job, {"speakers": FileSpeakers(turns=turns).model_dump_json()})

    def fail(self, job: FileSpeakersJob) -> None:
        """Write down that nobody will tell who speaks in the file: nobody has to wait for it."""
        self._note(job, {"no_speakers": FAILED_WORDS})

    def _note(self, job: FileSpeakersJob, fields: dict[str, str]) -> bool:
        rest_sec = self._client.ttl(file_key(job.file))
        script, keys, arguments = note_call(job.file, fields, max(1, rest_sec))
        return bool(self._client.eval(script, len(keys), *keys, *arguments))

    def forget(self, job: FileSpeakersJob) -> None:
        """Keep no voice of the file any longer."""
        self._client.delete(file_voices_key(job.session), file_voices_key(job.again_session))
