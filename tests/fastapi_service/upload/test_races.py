"""What comes between two looks at Redis: a file that begins, a result that is deleted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest
import redis
import redis.asyncio
from starlette.requests import Request

from contract.state.files import FileJob, FileSegment, FileView, file_path
from fastapi_service.settings import GatewaySettings
from fastapi_service.upload.errors import UploadRefusedError
from fastapi_service.upload.following import Follower
from fastapi_service.upload.jobs import FileJobs
from fastapi_service.upload.store import UploadStore
from runtime.broker.app import make_celery


class Connected(Request):
    """A request whose client is there."""

    def __init__(self) -> None:
        super().__init__({"type": "http"})

    async def is_disconnected(self) -> bool:
        return False


class Deleted:
    """Jobs whose file is done, and deleted once that was seen."""

    def __init__(self) -> None:
        self.looks = 0

    async def want(self, file_id: str) -> None:
        pass

    async def look(self, file_id: str, after: int | None) -> tuple[FileView | None, list[FileSegment]]:
        self.looks += 1
        return (FileView("done", 0, 0, False, 0, 0, "", "") if self.looks == 1 else None), []


def test_a_result_that_is_deleted_as_it_is_read_is_lost_in_words() -> None:
    jobs = Deleted()
    with pytest.raises(UploadRefusedError) as refused:
        asyncio.run(Follower(cast(FileJobs, jobs)).wait(Connected(), "f" * 32))
    assert refused.value.body["error"]["code"] == "file_lost"
    assert jobs.looks == 2


def test_a_file_that_begins_during_a_look_round_keeps_its_bytes(
    redis_port: int, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = GatewaySettings(redis_host="127.0.0.1", redis_port=redis_port, upload_dir=tmp_path)
    job = FileJob(id="f" * 32, session="s" * 32, content="c" * 64, file_bytes=1, body_bytes=1)
    incoming = tmp_path / "incoming"
    incoming.write_bytes(b"x")

    async def look_round() -> None:
        client = redis.asyncio.Redis(port=redis_port)
        celery = make_celery("test", settings)
        jobs = FileJobs(client, celery, settings, UploadStore(tmp_path, 1_000_000, 1))
        listed = jobs._active

        async def listed_a_moment_before() -> dict[str, FileJob | None]:
            found = await listed()
            await jobs.begin(job, incoming)
            return found

        monkeypatch.setattr(jobs, "_active", listed_a_moment_before)
        await jobs._look_after()
        celery.close()
        await client.aclose()

    asyncio.run(look_round())
    assert file_path(tmp_path, job.id).read_bytes() == b"x"
