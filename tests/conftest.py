"""For every test: a folder of its own for what is rendered, and an end of what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
from asyncio.selector_events import BaseSelectorEventLoop
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LASTWORD_CACHE_DIR", str(tmp_path / "voices"))


@pytest.fixture(scope="session")
def _imported() -> None:
    """Spares every collection the objects of all plugins: 1 s each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def collected(_imported: None) -> Iterator[None]:
    """Collects what a test left at its end, not in the middle of something.

    A task whose exception nobody asked for, as livekit-agents leaves some, prints a traceback when
    it is collected, and CPython 3.11 parses source to print one; if that happens while pytest
    itself parses, both fail.
    """
    yield
    gc.collect()


@pytest.fixture(autouse=True, scope="session")
def _connections_end_with_their_loop() -> Iterator[None]:
    """Abort what the SDKs of plugins keep open for a next request that no test makes.

    Several have no `aclose()` that ends it (OpenAI's STT, Anthropic on 1.4). The warning about an
    unclosed socket would come when it is collected, in another test.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseSelectorEventLoop, "close", _closing(BaseSelectorEventLoop.close))
        yield


def _closing(close: Any) -> Any:
    def abort_and_close(loop: Any) -> None:
        if not loop.is_closed() and not loop.is_running():
            for transport in [*loop._transports.values()]:
                transport.abort()
            loop.run_until_complete(asyncio.sleep(0))  # the turn in which they close their sockets
        close(loop)

    return abort_and_close
