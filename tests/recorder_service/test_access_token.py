"""The recorder at a real gateway that asks for an access token: from where it has one, and that it never says it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from harness.gateway import GatewayProcess
from runtime.wav import write_wav
from tests.recorder_service.fakes import noise
from tests.recorder_service.recorder_process import Recorder, environment, finished
from tests.support.fake_pipeline import FakePipeline

TOKEN = "first-token-0123456789"
OTHER = "other-token-9876543210"
WRONG = "wrong-token-0123456789"
HEARD = "1 result, 0 dropped, 0 errors."
FOR_ALL = "can be read by everybody"


@pytest.fixture(scope="module")
def guarded(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway that asks for one of two tokens."""
    folder = tmp_path_factory.mktemp("guarded")
    gateway = GatewayProcess(redis_port, folder, ACCESS_TOKEN=f"{TOKEN},{OTHER}", LOGIN_FAILURES_PER_MIN="100")
    gateway.start()
    yield gateway
    gateway.service.stop()


def secret(path: Path, text: str, mode: int = 0o600) -> str:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


def test_where_the_token_comes_from_and_what_a_wrong_one_gets(
    recorder: Recorder, guarded: GatewayProcess, redis_port: int, redis_client: redis.Redis, tmp_path: Path
) -> None:
    write_wav(tmp_path / "noise.wav", noise(0.6))
    right, wrong = secret(tmp_path / "right", f"{TOKEN}\n"), secret(tmp_path / "wrong", WRONG)
    several = secret(tmp_path / "several", f"{OTHER},\n{WRONG}\n")
    for_all = secret(tmp_path / "for_all", f"{TOKEN}\n", 0o644)
    file = "--token-file"
    cases: list[tuple[list[str], dict[str, str], int, str]] = [
        ([file, right], {}, 0, HEARD),
        ([file, several], {}, 0, HEARD),
        ([], {"ACCESS_TOKEN": TOKEN}, 0, HEARD),
        ([], {"ACCESS_TOKEN_FILE": right}, 0, HEARD),
        ([file, right], {"ACCESS_TOKEN": WRONG, "ACCESS_TOKEN_FILE": wrong}, 0, HEARD),
        ([], {"ACCESS_TOKEN": TOKEN, "ACCESS_TOKEN_FILE": wrong}, 0, HEARD),
        ([file, for_all], {}, 0, f"for_all {FOR_ALL}"),
        ([file, wrong], {}, 2, "does not let this client in (The access token is wrong.)"),
        ([], {"ACCESS_TOKEN": WRONG}, 2, "does not let this client in (The access token is wrong.)"),
        ([], {}, 2, "does not let this client in (This service asks for its access token.)"),
    ]
    with FakePipeline(redis_port):
        begun = [
            recorder.start(
                ["--file", "noise.wav", "--fast", "--url", guarded.ws_url, *more],
                environment(redis_port, LOG_LEVEL="DEBUG", **settings),
            )
            for more, settings, _, _ in cases
        ]
        for process, (more, settings, wanted, words) in zip(begun, cases, strict=True):
            status, out, err = finished(process)
            assert words in err, (more, settings, err)
            assert status == wanted, (more, settings, err)
            assert ("heard" in out or "samples" in out) == (wanted == 0)
            assert (FOR_ALL in err) == (for_all in more)
            for token in (TOKEN, OTHER, WRONG):
                assert token not in out + err
    log = guarded.service.log.read_text(errors="replace")
    assert "a wrong access token" in log
    assert not [token for token in (TOKEN, OTHER, WRONG) if token in log]


def test_a_file_without_a_token_is_told_before_anything_is_sent(
    recorder: Recorder, guarded: GatewayProcess, redis_port: int, tmp_path: Path
) -> None:
    write_wav(tmp_path / "noise.wav", noise(0.6))
    (tmp_path / "binary").write_bytes(b"\xff\xfe" + TOKEN.encode())
    secret(tmp_path / "empty", "")
    secret(tmp_path / "blank", " \n,\n")
    cases = [
        ("missing", "missing: the access token cannot be read (No such file or directory)"),
        (".", "the access token cannot be read (Is a directory)"),
        ("empty", "empty: holds no access token"),
        ("blank", "blank: holds no access token"),
        ("binary", "binary: holds no access token"),
        ("/dev/zero", "/dev/zero: holds no access token"),
    ]
    by_option = ["--file", "noise.wav", "--fast", "--url", guarded.ws_url, "--token-file"]
    begun = [recorder.start([*by_option, name], environment(redis_port)) for name, _ in cases]
    begun.append(recorder.start(by_option[:-1], environment(redis_port, ACCESS_TOKEN_FILE="empty")))
    for process, (name, words) in zip(begun, [*cases, ("empty", "empty: holds no access token")], strict=True):
        status, out, err = finished(process)
        assert (status, out) == (2, ""), (name, err)
        assert words in err
        assert TOKEN not in err
