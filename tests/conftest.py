"""For every test: a folder of its own for what is rendered, and an end of what it leaves behind."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

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
