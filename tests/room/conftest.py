"""Fixtures of the room tests: one server for all of them, its log kept when a test fails."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lastword.testing.room.server import NoServerError, Server, cache_dir
from programs import unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lastword.testing.room.server import Routes

_rooms = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the time limit hold for the tests alone: building the server has one of its own."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(func_only=True))


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A livekit-server for the whole run; without Go its tests are skipped, except in CI."""
    yield from _running("one", request.session)


@pytest.fixture(scope="session")
def routed_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The same with several routes to it, as servers in production have."""
    yield from _running("several", request.session)


def _running(routes: Routes, session: pytest.Session) -> Iterator[Server]:
    try:
        running = Server(routes=routes).__enter__()
    except NoServerError as missing:
        unavailable(str(missing))
    failed_before = session.testsfailed
    try:
        yield running
    finally:
        if session.testsfailed > failed_before:
            kept = cache_dir() / "logs" / f"livekit-server-{routes}-{os.getpid()}.log"
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(running.log_path, kept)
            print(f"\nthe log of livekit-server was kept: {kept}")  # noqa: T201 - for people
        running.stop()


@pytest.fixture
def room_name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return f"{request.node.name}-{next(_rooms)}"


@pytest.fixture
def known_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server where after-actions look for it: in the environment."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server
