"""The sentinel as a process, and what harms nothing: strangers, floods, garbage."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from lastword.sentinel import processes
from lastword.sentinel.helper import Helper
from lastword.sentinel.order import Order, address_of, connectable, pack_order
from lastword.sentinel.processes import Peer, ended, peer_of, waited_s
from lastword.sentinel.wire import BYE, WATCHED, Call, Lines, Sound, pack

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and pidfd")

SECRET = secrets.token_hex(16)
CALL = Call(
    "ws://127.0.0.1:9",
    secrets.token_hex(16),
    "room",
    "agent",
    None,
    1,
    Lines(Sound(bytes(48000), "Sorry.")),
)


@contextmanager
def helper(path: Path | None = None) -> Iterator[tuple[Helper, str]]:
    """A sentinel's process and its address, a path where there is no abstract namespace."""
    address = str(path) if path else address_of(f"lastword-test-{secrets.token_hex(8)}")
    made = Helper(Order(address, {"LIVEKIT_API_SECRET": SECRET}, None, Lines()))
    made.start()
    assert made.wait_ready(60)
    pid = made.pid
    assert pid is not None
    end = os.pidfd_open(pid)
    try:
        yield made, address
    finally:
        made.stop()
        assert has_ended(end)
        os.close(end)


def has_ended(pidfd: int, timeout_s: float = 60.0) -> bool:
    """Wait for the end of a process."""
    ended, _, _ = select.select([pidfd], [], [], timeout_s)
    return bool(ended)


def connected(address: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(10)
    connection.connect(connectable(address))
    return connection


def is_watched(address: str) -> bool:
    """Whether a call that is told is taken, and its bye ends it."""
    with connected(address) as connection, suppress(ConnectionError):
        connection.sendall(pack(replace(CALL, room="another")))
        if connection.recv(1) == WATCHED:
            connection.sendall(BYE)
            return connection.recv(1) == b""
    return False


def is_refused(address: str, told: bytes) -> bool:
    """Whether something that is no call is closed."""
    with connected(address) as stranger, suppress(ConnectionError):
        stranger.sendall(told)
        return stranger.recv(1) == b""
    return True


def test_garbage_floods_and_strangers_harm_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Calls are watched meanwhile and afterwards, and the log stays short."""
    with helper() as (made, address):
        pid = made.pid
        with connected(address) as call:
            call.sendall(pack(CALL))
            assert call.recv(1) == WATCHED
            idle = [connected(address) for _ in range(200)]
            for told in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), b"lastword" + b"\xff" * 4):
                assert is_refused(address, told)
            for connection in idle:
                connection.close()
            for _ in range(1000):
                connected(address).close()
            while not is_watched(address):  # refused until the last stranger has been dealt with
                pass
            call.sendall(BYE)
            assert call.recv(1) == b""
        assert made.pid == pid
    logged = capfd.readouterr().err
    assert 1 <= logged.count("refused") <= 12
    assert SECRET not in logged
    assert CALL.token not in logged


def test_secrets_are_in_memory_alone() -> None:
    """Neither the command line nor the first environment, which others can read, shows them."""
    with helper() as (made, address):
        assert is_watched(address)
        for name in ("cmdline", "environ"):
            shown = Path(f"/proc/{made.pid}/{name}").read_bytes()
            assert SECRET.encode() not in shown
            assert CALL.token.encode() not in shown


@pytest.mark.parametrize("has_path", [False, True])
def test_another_one_begins_when_it_is_killed(tmp_path: Path, *, has_path: bool) -> None:
    """Also where its socket is a file: what the dead one left is no obstacle, nothing stays."""
    folder = tmp_path / "private"
    folder.mkdir()
    with helper(folder / "sentinel" if has_path else None) as (made, address):
        first = made.pid
        assert first is not None
        with noticed("another one begins"):
            os.kill(first, signal.SIGKILL)
        assert made.wait_ready(60)
        assert is_watched(address)
        assert made.pid != first
        end = os.pidfd_open(made.pid or 0)
        made.stop()
        assert has_ended(end)
        os.close(end)
    assert folder.exists() != has_path


@contextmanager
def noticed(text: str) -> Iterator[None]:
    """Wait at the end until something has been logged in between, by whatever thread."""
    seen = threading.Event()

    class Reader(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if text in record.getMessage():
                seen.set()

    reader = Reader()
    logger = logging.getLogger("lastword")
    logger.addHandler(reader)
    try:
        yield
        assert seen.wait(60)
    finally:
        logger.removeHandler(reader)


def test_it_is_deaf_to_the_signals_of_its_worker() -> None:
    with helper() as (made, address):
        pid = made.pid
        assert pid is not None
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        assert os.getsid(pid) == pid
        assert is_watched(address)
        assert made.pid == pid


def test_it_ends_after_its_worker_and_its_last_call() -> None:
    with helper() as (made, address):
        pid = made.pid
        assert pid is not None
        end = os.pidfd_open(pid)
        with connected(address) as connection:
            connection.sendall(pack(CALL))
            assert connection.recv(1) == WATCHED
            made.stop()
            assert is_watched(address)  # it takes calls as long as one is watched
            assert not has_ended(end, 0)
            connection.sendall(BYE)
            assert has_ended(end)
        os.close(end)


def test_without_an_order_it_says_how_it_is_started() -> None:
    command = [sys.executable, "-m", "lastword.sentinel"]
    done = subprocess.run(command, input=b"", capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert b"lastword.sentinel()" in done.stderr


@pytest.mark.parametrize("name", ["no_such_module:told", "json:no_such_function"])
def test_a_function_that_is_not_there_is_named_at_once(name: str) -> None:
    order = pack_order(Order("@nobody", {"LIVEKIT_API_SECRET": SECRET}, name, Lines()))
    command = [sys.executable, "-m", "lastword.sentinel"]
    done = subprocess.run(command, input=order, capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert b"on_report cannot be imported" in done.stderr
    assert SECRET.encode() not in done.stderr


def test_who_is_at_the_other_end() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert peer_of(one) == Peer(os.getpid(), os.getuid())


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL"),
        ("raise SystemExit(3)", "exit status 3"),
    ],
)
async def test_how_a_process_ended(code: str, how: str) -> None:
    """Whether its parent has asked for its status or not."""
    command = [sys.executable, "-c", f"input(); {code}"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: ASYNC220 - a parent that waits for nothing
    watching = asyncio.create_task(ended(process.pid))
    await asyncio.sleep(0)
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.close()
    assert await asyncio.wait_for(watching, 20) == how
    process.wait()
    assert waited_s(process.pid, process.pid) == 0.0


async def test_without_process_handles_a_process_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on macOS."""
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr(processes, "_POLL_S", 0.001)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    watching = asyncio.create_task(ended(process.pid))
    await process.communicate(b"\n")
    assert await asyncio.wait_for(watching, 20) == "the process ended"
    assert await ended(process.pid) == "the process ended"
