"""The sentinel as a process, and what harms nothing: strangers, floods, garbage, other users."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lastword.sentinel import watch as watch_module
from lastword.sentinel.helper import Helper
from lastword.sentinel.order import Order, address_of, bound, connectable
from lastword.sentinel.processes import Peer, ended, peer_of, waited_s
from lastword.sentinel.watch import Watch
from lastword.sentinel.wire import BYE, Call, Lines, Sound, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and pidfd")

SECRET = secrets.token_hex(16)
CALL = Call("ws://127.0.0.1:9", "t", "room", "agent", None, 1, Lines(Sound(bytes(48000), "Sorry.")))


@contextmanager
def helper() -> Iterator[tuple[Helper, str]]:
    """A sentinel's process and its address."""
    address = address_of(f"lastword-test-{secrets.token_hex(8)}")
    made = Helper(Order(address, {"LIVEKIT_API_SECRET": SECRET}, None, Lines()))
    made.start()
    assert made.wait_ready(60)
    try:
        yield made, address
    finally:
        pid = made.pid
        made.stop()
        until(lambda: pid is None or not alive(pid))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Wait for something in another process."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def connected(address: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.setblocking(False)  # noqa: FBT003 - the socket module's own
    while True:
        try:
            connection.connect(connectable(address))
        except BlockingIOError:  # too many wait already
            time.sleep(0.01)
        else:
            connection.settimeout(10)
            return connection


def is_watched(address: str) -> bool:
    """Whether a call that is told stays open, and its bye closes it."""
    with connected(address) as connection, suppress(ConnectionError):
        connection.sendall(pack(CALL))
        connection.settimeout(0.3)
        with suppress(TimeoutError):
            connection.recv(1)
            return False
        connection.settimeout(10)
        connection.sendall(BYE)
        return connection.recv(1) == b""
    return False


def test_garbage_floods_and_strangers_harm_nothing() -> None:
    """Calls are watched meanwhile and afterwards."""
    with helper() as (made, address):
        pid = made.pid
        idle = [connected(address) for _ in range(200)]
        for told in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), b"lastword" + b"\xff" * 4):
            with connected(address) as stranger, suppress(OSError):
                stranger.sendall(told)
                assert stranger.recv(1) == b""
        for connection in idle:
            connection.close()
        for _ in range(1000):
            connected(address).close()
        until(lambda: is_watched(address))
        assert made.pid == pid


def test_secrets_are_in_memory_alone() -> None:
    """Neither the command line nor the first environment, which others can read, shows them."""
    with helper() as (made, _):
        for name in ("cmdline", "environ"):
            assert SECRET.encode() not in Path(f"/proc/{made.pid}/{name}").read_bytes()


def test_another_one_begins_when_it_is_killed() -> None:
    with helper() as (made, address):
        first = made.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: made.pid not in (None, first))
        assert made.wait_ready(60)
        until(lambda: is_watched(address))


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
        with connected(address) as connection:
            connection.sendall(pack(CALL))
            time.sleep(0.3)
            made.stop()
            time.sleep(0.3)
            assert alive(pid)
            connection.sendall(BYE)
        until(lambda: not alive(pid))


def test_without_an_order_it_says_how_it_is_started() -> None:
    command = [sys.executable, "-m", "lastword.sentinel"]
    done = subprocess.run(command, input=b"", capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert b"lastword.sentinel()" in done.stderr


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


async def until_async(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Wait for something that this loop has a part in."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_nothing_is_told_to_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else may have taken the address."""
    address = address_of(f"lastword-test-{secrets.token_hex(8)}")
    with bound(address) as listening:
        listening.listen()
        monkeypatch.setattr(watch_module, "peer_of", lambda _: Peer(1, os.getuid() + 1))
        watch = Watch(address)
        watch.begin(lambda: b"a token")
        connection, _ = await asyncio.to_thread(listening.accept)
        with connection:
            assert await asyncio.to_thread(connection.recv, 16) == b""
        watch.bye()


async def test_a_job_beats_until_it_says_bye() -> None:
    address = address_of(f"lastword-test-{secrets.token_hex(8)}")
    with bound(address) as listening:
        listening.listen()
        watch = Watch(address)
        watch.begin(lambda: b"call")
        connection, _ = await asyncio.to_thread(listening.accept)
        with connection:
            told = b""
            while told.count(b".") < 3:
                told += await asyncio.to_thread(connection.recv, 16)
            assert told.startswith(b"call.")
            watch.bye()
            while not told.endswith(BYE):
                told += await asyncio.to_thread(connection.recv, 16)
            assert await asyncio.to_thread(connection.recv, 16) == b""


async def test_what_has_changed_is_told_anew() -> None:
    """By a connection of its own; the first one ends with a bye."""
    address = address_of(f"lastword-test-{secrets.token_hex(8)}")
    with bound(address) as listening:
        listening.listen()
        watch = Watch(address)
        watch.begin(lambda: b"first")
        one, _ = await asyncio.to_thread(listening.accept)
        watch.begin(lambda: b"second")
        other, _ = await asyncio.to_thread(listening.accept)
        with one, other:
            first = b""
            while not first.endswith(BYE):
                first += await asyncio.to_thread(one.recv, 16)
            assert (await asyncio.to_thread(other.recv, 6)) == b"second"
        watch.bye()
