"""A test in virtual time fails if lastword leaves a task behind, and only then."""

from __future__ import annotations

import asyncio

import pytest

from session.virtual_time import GRACE_S, run_virtual

_begun: list[asyncio.Task[None]] = []


async def leave(name: str, lasts_s: float) -> None:
    """Begin a task and end without it."""
    _begun.append(asyncio.create_task(asyncio.sleep(lasts_s), name=name))


def test_a_task_of_lastword_that_goes_on_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="lastword_wait"):
        run_virtual(leave("lastword_wait", 2 * GRACE_S))
    assert _begun.pop().cancelled()


@pytest.mark.parametrize(("name", "lasts_s"), [("lastword_wait", 0.5 * GRACE_S), ("other", 3600)])
def test_tasks_that_end_or_belong_to_others_are_no_failure(name: str, lasts_s: float) -> None:
    run_virtual(leave(name, lasts_s))
    assert _begun.pop().cancelled() is (name == "other")
