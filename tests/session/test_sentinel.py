"""`sentinel`: what it takes, what it starts, and what a session pays without it."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import weakref
from typing import Any

import pytest
from livekit.agents import AgentServer

import lastword
from lastword.sentinel.order import ENVIRONMENT
from lastword.session import vigilance
from lastword.session.after.followup import Place
from lastword.session.ending import Words
from lastword.session.vigilance import Vigilance
from lastword.session.words.utterance import OutputFormat


@pytest.fixture(autouse=True)
def _unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has no sentinel; what is set here is taken back."""
    monkeypatch.setenv(ENVIRONMENT, "before")
    monkeypatch.delenv(ENVIRONMENT)


def reported(report: lastword.Report) -> None:
    """A function that another process can import."""


def test_jobs_find_it_by_the_environment() -> None:
    """Each worker has its own; nothing is started before the worker is."""
    server = AgentServer()
    made = lastword.sentinel(server)
    first = os.environ[ENVIRONMENT]
    assert made.pid is None
    lastword.sentinel(server)
    assert os.environ[ENVIRONMENT] != first


def test_a_job_that_imports_its_module_starts_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run the module that calls `sentinel` too; they inherit the worker's."""
    monkeypatch.setenv(ENVIRONMENT, "@the-worker's")
    monkeypatch.setattr(multiprocessing, "parent_process", object)
    with lastword.sentinel() as made:
        assert os.environ[ENVIRONMENT] == "@the-worker's"
        assert made.pid is None


def test_its_own_words_are_checked_at_once() -> None:
    with pytest.raises(lastword.ClipNotFoundError):
        lastword.sentinel(message="no-such-file.wav")


@pytest.mark.parametrize("on_report", [None, "app.calls:save", reported])
def test_a_function_that_can_be_imported_gets_reports(on_report: Any) -> None:
    lastword.sentinel(on_report=on_report)


@pytest.mark.parametrize("on_report", ["save", lambda _: None, 7, lastword.Report.__repr__])
def test_one_that_cannot_is_refused(on_report: Any) -> None:
    with pytest.raises(TypeError, match="expected on_report as 'module:function'"):
        lastword.sentinel(on_report=on_report)


def test_windows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lastword.session.sentinel.sys.platform", "win32")
    with pytest.raises(NotImplementedError, match="expected Linux or macOS"):
        lastword.sentinel()


class Owner:
    """Has a call that is not in a room yet."""

    def __init__(self) -> None:
        self.asked = 0
        self.asked_again = asyncio.Event()

    def place(self) -> Place:
        self.asked += 1
        if self.asked > 1:
            self.asked_again.set()
        return Place()


def nothing(_: lastword.FailureKind) -> Words:
    return Words(None, None, None, OutputFormat())


async def test_without_a_sentinel_nothing_is_looked_for() -> None:
    owner = Owner()
    Vigilance(owner.place, nothing).follow()
    assert owner.asked == 0


async def test_it_looks_until_the_room_is_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """No event tells of that; it does not keep its owner alive meanwhile."""
    monkeypatch.setenv(ENVIRONMENT, "@nobody")
    monkeypatch.setattr(vigilance, "LOOK_EVERY_S", 0.001)
    owner = Owner()
    vigil = Vigilance(owner.place, nothing)
    await asyncio.wait_for(owner.asked_again.wait(), 5)
    kept = weakref.ref(owner)
    del owner
    gc.collect()
    assert kept() is None
    vigil.follow()
    vigil.bye()
