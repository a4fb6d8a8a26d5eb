"""Code of users that raises or hangs around a failure (virtual time)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from livekit.agents import Agent, function_tool, llm

import lastword
from session.fakes import Call, FakeLLM, clip_of, out_of_credits
from session.scenario import CLIP_S, TAIL_S, Scenario, failing_llm
from session.virtual_time import run_virtual


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
