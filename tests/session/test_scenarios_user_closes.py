"""Code of users that closes, detaches or interrupts around a failure (virtual time)."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

import lastword
from session.fakes import clip_of
from session.scenario import CLIP_S, TAIL_S, Scenario
from session.virtual_time import run_virtual

FRAME = 1200
"""Samples of one frame of the message: 50 ms at 24 kHz."""


@pytest.mark.parametrize("how", ["aclose", "shutdown"])
def test_a_user_handler_that_closes(how: str) -> None:
    """A handler that closes the session itself: heard all the same, and the error is kept."""

    async def main() -> None:
        s = await Scenario.start()
        tasks: list[asyncio.Task[None]] = []

        def handler(_: Any) -> None:
            if how == "aclose":
                tasks.append(asyncio.ensure_future(s.session.aclose()))
            else:
                s.session.shutdown()

        s.session.on("error", handler)
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        for task in tasks:
            await asyncio.wait_for(task, 1)

    run_virtual(main())


@pytest.mark.parametrize("how", ["aclose", "shutdown"])
def test_a_user_close_during_the_message_waits_for_it(how: str) -> None:
    """`aclose()` or `shutdown()` in the middle: the message is finished, the error is kept."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(0.5)
        if how == "aclose":
            await s.session.aclose()
            assert s.call.closed.is_set()
        else:
            s.session.shutdown()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_shutdown_without_drain_stops_at_once() -> None:
    """`shutdown(drain=False)` stops the message and keeps the error."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(0.5)
        s.session.shutdown(drain=False)
        await s.closed()
        s.check(heard_s=0.5, close_s=0.5)

    run_virtual(main())


@pytest.mark.parametrize("drains_first", [False, True])
def test_shutdown_without_drain_in_an_error_handler(*, drains_first: bool) -> None:
    """The message does not begin, the error is kept; a wish in less haste changes nothing."""

    async def main() -> None:
        s = await Scenario.start()

        def on_error(_: object) -> None:
            if drains_first:
                s.session.shutdown()
            s.session.shutdown(drain=False)

        s.session.on("error", on_error)
        s.fail()
        report = await s.closed()
        assert report.played == "none"
        s.check(heard_s=0.0, close_s=0.0)

    run_virtual(main())


def test_shutdown_in_the_handler_of_an_error_that_is_tolerated() -> None:
    """It is the user's own close then: without a message, without an error."""

    async def main() -> None:
        s = await Scenario.start(attach={"policy": lambda *_: lastword.Decision.TOLERATE})
        s.session.on("error", lambda _: s.session.shutdown())
        s.fail()
        await asyncio.wait_for(s.call.closed.wait(), 30)
        assert [close.reason.value for close in s.call.closes] == ["user_initiated"]
        assert s.last_word.report is None
        assert repr(s.last_word) == "<LastWord watching>"

    run_virtual(main())


def test_detaching_in_an_error_handler() -> None:
    """From there on all goes livekit-agents' own way; a close that was asked for comes."""

    async def main() -> None:
        s = await Scenario.start()

        def on_error(_: object) -> None:
            s.session.shutdown()
            s.last_word.detach()

        s.session.on("error", on_error)
        s.fail()
        await asyncio.wait_for(s.call.closed.wait(), 30)
        assert len(s.call.closes) == 1
        assert s.last_word.report is None
        assert repr(s.last_word) == "<LastWord detached>"

    run_virtual(main())


@pytest.mark.parametrize("after_s", [0.5, CLIP_S + TAIL_S - 0.01])
def test_the_closing_task_is_cancelled(after_s: float) -> None:
    """Cancelling what upstream takes for the closing task changes nothing."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(after_s)
        task = s.session._closing_task
        assert task is not None
        task.cancel()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


@pytest.mark.parametrize("after_s", [0.02, 0.5, 0.8, CLIP_S - 0.02])
@pytest.mark.parametrize("times", [1, 2])
def test_the_user_interrupts_the_message(after_s: float, times: int) -> None:
    """It goes on at once from where it was heard, also when all of it was handed out already."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        for _ in range(times):
            await asyncio.sleep(after_s / times)
            await asyncio.wait_for(s.session.interrupt(force=True), 1)
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S, listens=False)
        assert s.call.sink is not None
        first, second = s.call.sink.segments
        assert second.started_at - (first.started_at + first.played_s) < 0.02
        heard, whole = s.call.sink.heard, np.concatenate([f.data for f in clip_of(CLIP_S).frames()])
        cut = round(first.played_s * 24000)
        np.testing.assert_array_equal(heard[:cut], whole[:cut])
        # what began inside of a frame is heard again from the beginning of that frame
        np.testing.assert_array_equal(heard[cut:], whole[cut - cut % FRAME :])

    run_virtual(main())
