"""What a job tells its sentinel: its call, that it lives, what has changed, and its bye."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from typing import TYPE_CHECKING

import pytest

from lastword.sentinel import watch as watch_module
from lastword.sentinel.order import address_of, bound
from lastword.sentinel.processes import Peer
from lastword.sentinel.watch import Watch
from lastword.sentinel.wire import BEAT, BYE, WATCHED

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and pidfd")


@pytest.fixture
def listening() -> Iterator[tuple[socket.socket, str]]:
    """A socket that takes calls, and its address."""
    address = address_of(f"lastword-test-{secrets.token_hex(8)}")
    with bound(address) as made:
        made.listen()
        made.settimeout(20)
        yield made, address


async def accepted(listening: socket.socket) -> socket.socket:
    connection, _ = await asyncio.to_thread(listening.accept)
    connection.settimeout(20)
    return connection


async def received(connection: socket.socket) -> bytes:
    return await asyncio.to_thread(connection.recv, 16)


async def test_nothing_is_told_to_another_user(
    listening: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else may have taken the address."""
    monkeypatch.setattr(watch_module, "peer_of", lambda _: Peer(1, os.getuid() + 1))
    watch = Watch(listening[1])
    watch.begin(lambda: b"a token")
    with await accepted(listening[0]) as connection:
        assert await received(connection) == b""
    watch.bye()


async def test_a_job_beats_until_it_says_bye(
    listening: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the sentinel's answer on."""
    monkeypatch.setattr(watch_module, "BEAT_S", 0.001)
    watch = Watch(listening[1])
    watch.begin(lambda: b"call")
    with await accepted(listening[0]) as connection:
        assert await received(connection) == b"call"
        connection.sendall(WATCHED)
        beats = b""
        while len(beats) < 3:
            beats += await received(connection)
        assert set(beats) == set(BEAT)
        watch.bye()
        while not beats.endswith(BYE):
            beats += await received(connection)
        assert await received(connection) == b""


async def test_what_has_changed_is_told_anew(listening: tuple[socket.socket, str]) -> None:
    """By a connection of its own; the first one ends with a bye."""
    watch = Watch(listening[1])
    watch.begin(lambda: b"first")
    with await accepted(listening[0]) as one:
        assert await received(one) == b"first"
        one.sendall(WATCHED)
        watch.begin(lambda: b"second")
        with await accepted(listening[0]) as other:
            assert await received(other) == b"second"
            other.sendall(WATCHED)
            told = b""
            while not told.endswith(BYE):
                told += await received(one)
            watch.bye()


async def test_a_call_that_is_refused_is_told_again(
    listening: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a rest: a sentinel that has its hands full is not to be flooded."""
    monkeypatch.setattr(watch_module, "RETRY_AFTER_S", 0.001)
    watch = Watch(listening[1])
    watch.begin(lambda: b"call")
    for _ in range(3):
        with await accepted(listening[0]) as connection:
            assert await received(connection) == b"call"
    watch.bye()


async def test_a_sentinel_that_begins_anew_is_told(
    listening: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the first beat that finds nobody there."""
    monkeypatch.setattr(watch_module, "BEAT_S", 0.001)
    watch = Watch(listening[1])
    watch.begin(lambda: b"call")
    for _ in range(2):
        with await accepted(listening[0]) as connection:
            assert await received(connection) == b"call"
            connection.sendall(WATCHED)
            assert set(await received(connection)) == set(BEAT)
    watch.bye()


def test_a_loop_that_has_ended_with_a_bye_has_said_it(
    listening: tuple[socket.socket, str],
) -> None:
    """Registering may take longer than the call: what is said is no death."""

    async def call() -> Watch:
        watch = Watch(listening[1])
        watch.begin(lambda: b"call")
        return watch

    watch = asyncio.run(call())
    connection, _ = listening[0].accept()
    with connection:
        connection.settimeout(20)
        assert connection.recv(16) == b"call"
        watch.bye()
        connection.sendall(WATCHED)
        assert connection.recv(16) == BYE
