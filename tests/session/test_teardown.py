"""A teardown that does not end: one close event, and nothing of it comes back (virtual time)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent

import lastword
from lastword.session.teardown import UNWINDING, Abandonable
from lastword.testing.sink import RecordingSink
from session.fakes import Call, clip_of, swallow
from session.scenario import CLIP_S, Scenario, failing_llm
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CLOSE_S = 2.0


async def shield(seconds: float) -> None:
    """User code that protects what it does."""
    await asyncio.shield(swallow(seconds))


class SlowExit(Agent):
    """Leaves in its own time."""

    def __init__(self, leave: Callable[[float], Awaitable[None]], seconds: float) -> None:
        super().__init__(instructions="test")
        self.leave = leave
        self.seconds = seconds

    async def on_exit(self) -> None:
        await self.leave(self.seconds)


@pytest.mark.parametrize("leave", [swallow, shield])
@pytest.mark.parametrize("seconds", [CLOSE_S + 0.5, CLOSE_S + 1.5, CLOSE_S + 4.5])
def test_an_on_exit_that_outlives_the_forced_close(
    leave: Callable[[float], Awaitable[None]], seconds: float
) -> None:
    """One close event, whether the teardown ends within its grace, just after it or much later."""

    async def main() -> None:
        agent = SlowExit(leave, seconds)
        s = await Scenario.start(agent=agent, attach={"close_timeout_s": CLOSE_S})
        s.fail()
        await s.closed()
        await asyncio.sleep(10)
        s.check()

    run_virtual(main())


@pytest.mark.parametrize("leave", [swallow, shield])
def test_a_session_that_was_started_again_is_left_alone(
    leave: Callable[[float], Awaitable[None]],
) -> None:
    """The old teardown reaches neither its events nor its outputs, nor delays its start."""

    async def main() -> None:
        agent = SlowExit(leave, CLOSE_S + 4.5)
        s = await Scenario.start(agent=agent, attach={"close_timeout_s": CLOSE_S})
        s.fail()
        await s.closed()
        s.check()
        again = s.session.output.audio = RecordingSink()
        await asyncio.wait_for(s.session.start(Agent(instructions="again")), 0.1)
        await asyncio.sleep(10)
        assert len(s.call.closes) == 1
        assert s.session.output.audio is again
        s.call.closes.clear()
        s.call.closed.clear()
        s.fail()
        await s.closed()
        s.check()
        assert again.heard_s == pytest.approx(CLIP_S, abs=0.001)

    run_virtual(main())


@pytest.mark.parametrize("first_s", [0.0, 0.3, CLIP_S + 0.1, CLIP_S + 0.21, CLIP_S + 1.0])
@pytest.mark.parametrize("second_s", [0.0, 0.001, 0.5, 1.5])
@pytest.mark.parametrize("leave", [asyncio.sleep, swallow, shield])
def test_the_closing_task_is_cancelled_twice(
    first_s: float, second_s: float, leave: Callable[[float], Awaitable[None]]
) -> None:
    """Whenever that is, there is one close event and one report."""
    reports: list[lastword.Report] = []

    async def main() -> None:
        agent = SlowExit(leave, 4.0)
        s = await Scenario.start(agent=agent, attach={"on_report": reports.append})
        erred = asyncio.Event()
        s.session.on("error", lambda _: erred.set())
        s.fail()
        await erred.wait()
        for pause_s in (first_s, second_s):
            await asyncio.sleep(pause_s)
            for task in asyncio.all_tasks():
                if task.get_name() == "lastword_closing":
                    task.cancel()
        await s.closed()
        await asyncio.sleep(20)
        (close,) = s.call.closes
        assert close.error is not None
        assert len(reports) == 1
        assert not s.last_word.closing

    run_virtual(main())


@pytest.mark.parametrize("times", [1, 2])
def test_the_closing_task_is_cancelled_before_its_first_step(times: int) -> None:
    """Code that cancels all tasks at the error stops nothing that has not begun."""

    async def main() -> None:
        s = await Scenario.start()
        loop = asyncio.get_running_loop()
        cancelled: list[asyncio.Task[Any]] = []

        def cancel(_: object = None) -> None:
            tasks = [t for t in asyncio.all_tasks() if t.get_name() == "lastword_closing"]
            for task in tasks:
                task.cancel()
                cancelled.append(task)
            if len(cancelled) < times:
                loop.call_soon(cancel)

        s.session.on("error", lambda _: loop.call_soon(cancel))
        s.fail()
        await s.closed()
        assert len(cancelled) == times
        s.check()

    run_virtual(main())


def test_a_start_that_ends_after_its_forced_close() -> None:
    """The session is closed that it still made, and no second close event is seen."""

    async def main() -> None:
        calls: list[Call] = []

        def attach(call: Call) -> None:
            lastword.attach(call.session, clip_of(CLIP_S))
            calls.append(call)
            begin = call.session._update_activity_task

            async def begin_late(*args: Any, **options: Any) -> None:
                await begin(*args, **options)
                await asyncio.sleep(20)

            call.session._update_activity_task = begin_late

        class Erring(Agent):
            async def on_enter(self) -> None:
                self.session.generate_reply(user_input="hello?")

        agent = Erring(instructions="test")
        await Call.start(llm=failing_llm(), before_start=attach, agent=agent)
        (call,) = calls
        await asyncio.sleep(5)
        assert [close.reason.value for close in call.closes] == ["error"]
        assert call.session._activity is None
        assert not call.session._started
        names = [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("lastword")]
        assert names == []

    run_virtual(main())


# --- work that can be abandoned ---------------------------------------------------------------


def run_abandonable(work: Callable[[list[str]], Any], *, after_s: float | None) -> list[str]:
    """Run some work, abandon it after a while, and say what it did."""
    did: list[str] = []

    async def main() -> None:
        abandonable = Abandonable(work(did))

        async def wait() -> None:
            await abandonable

        task = asyncio.create_task(wait())
        if after_s is not None:
            await asyncio.sleep(after_s)
            abandonable.abandon()
        await asyncio.wait({task}, timeout=0.0 if after_s is not None else 100.0)
        await asyncio.sleep(0)
        did.append("cancelled" if task.cancelled() else "over" if task.done() else "still there")
        await asyncio.sleep(100)

    run_virtual(main())
    return did


async def plain(did: list[str]) -> None:
    """Waits in several ways."""
    await asyncio.sleep(0)
    did.append("one")
    await asyncio.gather(asyncio.sleep(1), asyncio.sleep(2))
    did.append("two")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.sleep(10), 1)
    did.append("three")


async def stubborn(did: list[str]) -> None:
    """Waits for what swallows every cancellation."""
    task = asyncio.ensure_future(swallow(50))
    try:
        await task
        did.append("never")
    finally:
        did.append("unwound")


async def defiant(did: list[str]) -> None:
    """Swallows its own cancellation, again and again."""
    while True:
        try:
            await asyncio.sleep(50)
            did.append("never")
        except asyncio.CancelledError:
            continue


def test_work_that_is_not_abandoned_runs_as_in_any_task() -> None:
    assert run_abandonable(plain, after_s=None) == ["one", "two", "three", "over"]


@pytest.mark.parametrize(
    ("work", "after_s", "did"),
    [
        (plain, 0.5, ["one", "cancelled"]),
        (plain, 2.5, ["one", "two", "cancelled"]),
        (stubborn, 1.0, ["unwound", "cancelled"]),
        (defiant, 1.0, ["cancelled"]),
    ],
)
def test_abandoned_work_ends_in_the_same_turn(
    work: Callable[[list[str]], Any], after_s: float, did: list[str]
) -> None:
    assert run_abandonable(work, after_s=after_s) == did


def test_a_cancellation_reaches_what_the_work_waits_for() -> None:
    """And a second one finds the work where a task would be."""
    did: list[str] = []

    async def inner() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            did.append("inner")
            raise

    async def work() -> None:
        try:
            await asyncio.ensure_future(inner())
        except asyncio.CancelledError:
            did.append("outer")
            await asyncio.sleep(1)
            did.append("cleaned")
            raise

    async def main() -> None:
        async def wait() -> None:
            await Abandonable(work())

        task = asyncio.create_task(wait())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()

    run_virtual(main())
    assert did == ["inner", "outer", "cleaned"]


def test_work_that_waits_for_too_much_while_it_unwinds_is_dropped() -> None:
    """Its clean-up is cut off where it makes no end."""
    waits: list[int] = []

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            while True:
                waits.append(1)
                try:
                    await asyncio.sleep(1)
                except asyncio.CancelledError:
                    continue

    async def main() -> None:
        abandonable = Abandonable(work())

        async def wait() -> None:
            await abandonable

        task = asyncio.create_task(wait())
        await asyncio.sleep(1)
        abandonable.abandon()
        await asyncio.wait({task})
        assert task.cancelled()

    run_virtual(main())
    assert len(waits) <= UNWINDING + 1


def test_what_is_abandoned_before_it_began_never_begins() -> None:
    did: list[str] = []

    async def work() -> None:
        did.append("begun")

    async def main() -> None:
        abandonable = Abandonable(work())
        abandonable.abandon()
        with pytest.raises(asyncio.CancelledError):
            await abandonable

    run_virtual(main())
    assert did == []
