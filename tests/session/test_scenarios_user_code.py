"""Code of users that raises, hangs or closes around a failure (virtual time)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import numpy as np
import pytest
from livekit.agents import Agent, function_tool, llm

import lastword
from session.fakes import Call, FakeLLM, clip_of, out_of_credits
from session.scenario import CLIP_S, TAIL_S, Scenario, failing_llm
from session.virtual_time import run_virtual

FRAME = 1200
"""Samples of one frame of the message: 50 ms at 24 kHz."""


class HangingAgent(Agent):
    """Hangs in one of its callbacks."""

    def __init__(self, *, where: str, errs: bool = False) -> None:
        super().__init__(instructions="test")
        self.where = where
        self.errs = errs

    async def on_enter(self) -> None:
        if self.errs:
            self.session.generate_reply(user_input="hello?")
        if self.where == "on_enter":
            await asyncio.Event().wait()

    async def on_exit(self) -> None:
        if self.where == "on_exit":
            await asyncio.Event().wait()


@pytest.mark.parametrize("where", ["on_enter", "on_exit"])
def test_a_hanging_callback_is_forced(where: str) -> None:
    """User code that hangs cannot hold up the close event."""

    async def main() -> None:
        s = await Scenario.start(agent=HangingAgent(where=where))
        s.fail()
        report = await s.closed()
        s.check(close_s=CLIP_S + TAIL_S + 8.0)
        assert report.closed_by == "forced"

    run_virtual(main())


def test_an_error_inside_on_enter() -> None:
    """An error raised by the first reply of `on_enter` is heard like any other."""

    async def main() -> None:
        s = await Scenario.start(agent=HangingAgent(where="nowhere", errs=True))
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_start_hangs_after_an_error() -> None:
    """`start()` that never comes back: the close is forced 5 s after the error."""

    async def main() -> None:
        calls: list[Call] = []

        def attach(call: Call) -> None:
            lastword.attach(call.session, clip_of(CLIP_S))
            calls.append(call)
            begin = call.session._update_activity_task

            async def begin_and_hang(*args: Any, **options: Any) -> None:
                await begin(*args, **options)
                await asyncio.Event().wait()

            call.session._update_activity_task = begin_and_hang

        agent = HangingAgent(where="nowhere", errs=True)
        starting = asyncio.ensure_future(
            Call.start(llm=failing_llm(), before_start=attach, agent=agent)
        )
        await asyncio.sleep(0.01)
        (call,) = calls
        await asyncio.wait_for(call.closed.wait(), 30)
        assert call.events.count("close:error") == 1
        assert call.at("close:error") - call.at("error") < 5.5
        starting.cancel()
        await asyncio.wait({starting}, timeout=1)

    run_virtual(main())


class Stop(BaseException):
    """What no `except Exception` catches."""


@pytest.mark.parametrize("error", [ValueError, TypeError, asyncio.CancelledError, Stop])
def test_a_user_handler_that_raises(error: type[BaseException]) -> None:
    """An exception in the user's error handler keeps nothing from being heard."""

    async def main() -> None:
        s = await Scenario.start()

        def handler(_: Any) -> None:
            # noted here: before 1.8 the handlers run in no fixed order
            s.call.note("error")
            raise error("user code")

        s.session.on("error", handler)
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


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


def test_a_speech_created_handler_that_raises() -> None:
    """A TypeError in a handler of another event, raised inside our own say()."""

    def handler(_: Any) -> None:
        raise TypeError("user code")

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        s.session.on("speech_created", handler)
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_a_hanging_tool() -> None:
    """A function tool that never returns: heard at once, the close forced at its deadline."""
    called, over = asyncio.Event(), asyncio.Event()

    @function_tool
    async def look_up() -> str:
        """Look something up."""
        called.set()
        while not over.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await over.wait()
        return ""

    class ToolLLM(FakeLLM):
        def chat(self, **options: Any) -> llm.LLMStream:
            stream = super().chat(**options)
            if self.attempts == 0:
                call = llm.FunctionToolCall(call_id="1", name="look_up", arguments="{}")

                async def run() -> None:
                    self.attempts += 1
                    delta = llm.ChoiceDelta(role="assistant", tool_calls=[call])
                    stream._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))

                stream._run = run
            return stream

    async def main() -> None:
        def fail() -> str:
            raise out_of_credits()

        s = await Scenario.start(
            llm=ToolLLM(fail), agent=Agent(instructions="test", tools=[look_up])
        )
        s.fail()
        await asyncio.wait_for(called.wait(), 10)
        s.session._on_error(
            llm.LLMError(timestamp=0, label="x", error=out_of_credits(), recoverable=False)
        )
        s.call.note("error")
        await s.closed()
        # from Python 3.12 on `wait_for` waits for what it has cancelled: the teardown is left too
        s.check(left=("lastword_leftover", "lastword_teardown"))
        assert s.call.at("close:error") - s.call.at("error") <= CLIP_S + TAIL_S + 8.0 + 1.1
        over.set()  # what was left behind ends with what it waits for

    run_virtual(main())


def test_a_report_function_that_raises() -> None:
    """`on_report` gets the report; what it raises goes to the log."""
    seen: list[lastword.Report] = []

    def on_report(report: lastword.Report) -> None:
        seen.append(report)
        raise RuntimeError("user code")

    async def main() -> None:
        s = await Scenario.start(attach={"on_report": on_report})
        s.fail()
        report = await s.closed()
        assert seen == [report]
        s.check()

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
