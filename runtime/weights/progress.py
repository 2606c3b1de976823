"""Progress of a download of weights: a log line for every tenth, and a key in Redis for the page."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import redis
import redis.asyncio
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.keys import loading_key
from contract.settings import ServiceSettings
from runtime.redis_client import worker_redis

logger = logging.getLogger(__name__)

TELL_EVERY_SEC = 0.5
TTL_SEC = 10
MEGABYTE = 1_000_000

Part = Literal["speech", "sentiment"]


class Loading(BaseModel):
    """Weights that are being fetched. `total_bytes` is 0 where nobody knows it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    part: Part = Field(description="which model it is: of speech or of sentiment")
    model: str = Field(description="its name")
    done_bytes: int = Field(ge=0)
    total_bytes: int = Field(ge=0, description="0 where nobody knows it")


class DownloadProgress:
    """Reports the progress of one worker's downloads. Redis is not used before `of` is entered."""

    def __init__(self, settings: ServiceSettings, queue: str, part: Part) -> None:
        """`queue`: the worker's own."""
        self._settings = settings
        self._key = loading_key(queue)
        self._part = part
        self._model = ""
        self._done = 0
        self._total = 0
        self._tenths = 0

    @contextmanager
    def of(self, model: str, total_bytes: int) -> Iterator[None]:
        """Mark the enclosed work as the download of `model`; call `at` with the progress."""
        self._model, self._done, self._total, self._tenths = model, 0, total_bytes, 0
        stopped = threading.Event()
        telling = threading.Thread(target=self._tell, args=(stopped,), name="download-progress", daemon=True)
        telling.start()
        try:
            yield
        finally:
            stopped.set()
            telling.join(TTL_SEC)

    def at(self, done_bytes: int, total_bytes: int = 0) -> None:
        """Set the progress. `total_bytes`: if it becomes known only now."""
        self._total = total_bytes or self._total
        self._done = min(done_bytes, self._total) if self._total else done_bytes
        tenths = self._done * 10 // self._total if self._total else 0
        if tenths > self._tenths:
            self._tenths = tenths
            megabytes = (self._done // MEGABYTE, self._total // MEGABYTE)
            logger.info("%s model %s: %d %%, %d of %d MB", self._part, self._model, tenths * 10, *megabytes)

    @contextmanager
    def watching(self, model: str, folder: Path, total_bytes: int) -> Iterator[None]:
        """Mark the enclosed work as a download of `model` by a library into `folder`, whose growth is the progress."""
        before, stopped = size_of(folder), threading.Event()

        def look() -> None:
            while not stopped.wait(TELL_EVERY_SEC):
                self.at(max(0, size_of(folder) - before))

        looking = threading.Thread(target=look, name="download-watch", daemon=True)
        with self.of(model, total_bytes):
            looking.start()
            try:
                yield
            finally:
                stopped.set()
                looking.join(TTL_SEC)

    def _tell(self, stopped: threading.Event) -> None:
        """Write the key until `stopped`. Without Redis there is no page to show it, so errors are ignored."""
        with worker_redis(self._settings) as client:
            while True:
                now = Loading(part=self._part, model=self._model, done_bytes=self._done, total_bytes=self._total)
                try:
                    client.set(self._key, now.model_dump_json(), ex=TTL_SEC)
                except redis.RedisError as problem:
                    logger.debug("the progress of the download is not told: %s", problem)
                if stopped.wait(TELL_EVERY_SEC):
                    break
            try:
                client.delete(self._key)
            except redis.RedisError as problem:
                logger.debug("the end of the download is not told: %s", problem)


def size_of(folder: Path) -> int:
    """Bytes of all files below `folder`; files that vanish meanwhile are skipped."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


async def loading_now(client: redis.asyncio.Redis, queues: Iterable[str]) -> tuple[Loading, ...]:
    """The downloads in progress of workers of `queues`. Raises redis.RedisError."""
    found = []
    for raw in await client.mget([loading_key(queue) for queue in queues]):
        try:
            found.append(Loading.model_validate_json(raw or b""))
        except ValidationError:
            continue
    return tuple(found)
