"""The fixtures of sessions. Nothing is left attached: one that hangs is not collected soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from lastword.session import last_word as last_words
from lastword.session.state import Watching
from session.phone_call import ServerApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(autouse=True)
def _nothing_stays_attached() -> Iterator[None]:
    yield
    for session in list(last_words._attached):
        last_word = last_words.attached_to(session)
        if last_word is not None:
            last_word._state = Watching()  # its loop is gone
            last_word.detach()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServerApi]:
    """The scripted server, known to the environment."""
    scripted = ServerApi()
    app = web.Application()
    app.router.add_post("/twirp/{service}/{method}", scripted.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("LIVEKIT_URL", f"ws://127.0.0.1:{runner.addresses[0][1]}")
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "a-secret-of-at-least-thirty-two-characters")
    yield scripted
    await runner.cleanup()
