"""Random faults and user actions in random order: whatever happens, the promises hold.

Each example is one call in virtual time with a sequence of timed actions around its failure.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from livekit.agents import Agent, llm, stt, tts
from livekit.agents.voice.events import CloseReason, ErrorEvent

import lastword
from lastword.bounded import Signal, first_of
from lastword.testing.sink import RecordingSink
from session.fakes import Call, FakeLLM, FakeTTS, clip_of, out_of_credits, overloaded, swallow
from session.sequences import sequences, without_log
from session.virtual_time import run_virtual

CLIP_S = 0.6
FIRST_FRAME_S = 3.0
TEARDOWN_S = 8.0
HANGS_S = 30.0
"""Longer than any example takes."""
BOUND_S = FIRST_FRAME_S + CLIP_S + 0.2 + 1.0 + TEARDOWN_S + 1.0
"""first_frame_timeout_s + clip + tail + 1 s, and close_timeout_s with its grace."""

ACTIONS = (
    "fail", "stt error", "tts error", "transient error", "say", "say for ever", "aclose",
    "shutdown", "shutdown now", "leave", "job ends", "cancel", "update agent", "reply",
    "interrupt", "pause", "resume", "disable", "emit",
)  # fmt: skip

timed = st.tuples(st.sampled_from(ACTIONS), st.sampled_from([0.0, 0.0, 0.01, 0.3, 0.7, 1.5, 4.0]))


@dataclass(frozen=True)
class World:
    """What is broken around the call."""

    sink: tuple[tuple[str, Any], ...]
    tts: str
    on_exit: str
    handler: str
    message: bool


worlds = st.builds(
    World,
    sink=st.sampled_from(
        [(), (), (), (("raise_at", 0),), (("raise_at", 4),), (("hang_at", 0),), (("hang_at", 4),),
         (("reports", False),)]
    ),
    tts=st.sampled_from(["fine", "fine", "raises", "hangs", "swallows"]),
    on_exit=st.sampled_from(["fine", "fine", "raises", "hangs"]),
    handler=st.sampled_from(["none", "none", "ValueError", "TypeError", "aclose", "shutdown"]),
    message=st.sampled_from([True, True, True, False]),
)  # fmt: skip


class Caller(Agent):
    """An agent whose `on_exit` does what the world says."""

    def __init__(self, on_exit: str = "fine") -> None:
        super().__init__(instructions="test")
        self.how = on_exit

    async def on_exit(self) -> None:
        if self.how == "raises":
            raise ValueError("user code")
        if self.how == "hangs":
            await asyncio.Event().wait()


def fault_of(how: str) -> Any:
    """What a TTS does when it is asked."""

    def raise_() -> None:
        raise overloaded()

    faults: dict[str, Any] = {
        "fine": None,
        "raises": raise_,
        "hangs": lambda: asyncio.sleep(HANGS_S),
    }
    return faults.get(how, lambda: swallow(HANGS_S))


class Run:
    """One example."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tasks: list[asyncio.Future[Any]] = []
        self.lost: list[str] = []
        self.reports: list[lastword.Report] = []
        self.reported = Signal()

    def on_report(self, report: lastword.Report) -> None:
        """Takes a report."""
        self.reports.append(report)
        self.reported.set()

    async def start(self) -> None:
        """Starts the call; a sequence that follows may do anything to it."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self.unhandled)

        def fail() -> str:
            raise out_of_credits()

        def attach(call: Call) -> None:
            message = clip_of(CLIP_S) if self.world.message else None
            self.last_word = lastword.attach(call.session, message, on_report=self.on_report)

        self.llm = FakeLLM(fail)
        self.call = await Call.start(
            llm=self.llm,
            tts=FakeTTS(2.0, fault=fault_of(self.world.tts)),
            sink=RecordingSink(**dict(self.world.sink)),
            agent=Caller(self.world.on_exit),
            before_start=attach,
        )
        self.call.session.on("error", self.handle)

    def unhandled(self, _: Any, context: dict[str, Any]) -> None:
        task = context.get("task") or context.get("future")
        name = task.get_name() if isinstance(task, asyncio.Task) else ""
        if name.startswith("lastword"):
            self.lost.append(f"{name}: {context.get('exception')!r}")

    def handle(self, _: Any) -> None:
        how = self.world.handler
        if how == "aclose":
            self.tasks.append(asyncio.ensure_future(self.call.session.aclose()))
        elif how == "shutdown":
            self.call.session.shutdown()
        elif how == "ValueError":
            raise ValueError("user code")
        elif how == "TypeError":
            raise TypeError("user code")

    def act(self, action: str) -> None:  # noqa: C901, PLR0912 - a table of one-liners
        """Does one thing; what the session refuses is its own business."""
        session, sink = self.call.session, self.call.sink
        assert sink is not None
        if action in {"fail", "reply"}:
            session.generate_reply(user_input="hello?")
        elif action == "stt error":
            self.raise_(stt.STTError(timestamp=0, label="", error=out_of_credits(),
                                     recoverable=False))  # fmt: skip
        elif action == "tts error":
            self.raise_(tts.TTSError(timestamp=0, label="", error=out_of_credits(),
                                     recoverable=False))  # fmt: skip
        elif action == "transient error":
            self.raise_(llm.LLMError(timestamp=0, label="", error=overloaded(),
                                     recoverable=False))  # fmt: skip
        elif action == "say":
            session.say("a story", allow_interruptions=True)
        elif action == "say for ever":
            session.say("a long story", allow_interruptions=False)
        elif action == "aclose":
            self.tasks.append(asyncio.ensure_future(session.aclose()))
        elif action == "shutdown":
            session.shutdown()
        elif action == "shutdown now":
            session.shutdown(drain=False)
        elif action == "leave":
            session._close_soon(reason=CloseReason.PARTICIPANT_DISCONNECTED)
        elif action == "job ends":
            closing = session._aclose_impl(reason=CloseReason.JOB_SHUTDOWN)
            self.tasks.append(asyncio.ensure_future(closing))
        elif action == "cancel":
            if session._closing_task is not None:
                session._closing_task.cancel()
        elif action == "update agent":
            session.update_agent(Caller())
        elif action == "interrupt":
            session.interrupt(force=True)
        elif action == "pause":
            sink.pause()
        elif action == "resume":
            sink.resume()
        elif action == "disable":
            session.output.set_audio_enabled(False)
        elif action == "emit":
            error = llm.LLMError(timestamp=0, label="", error=overloaded(), recoverable=False)
            session.emit("error", ErrorEvent(error=error, source=self.llm))

    def raise_(self, error: Any) -> None:
        activity = self.call.session._activity
        if activity is not None:
            activity._on_error(error)

    async def play(self, actions: list[tuple[str, float]]) -> None:
        """Runs the whole sequence and checks what is promised."""
        await self.start()
        session = self.call.session
        decided_at: float | None = None
        attempts = 0
        loop = asyncio.get_running_loop()
        for action, delay_s in actions:
            with contextlib.suppress(RuntimeError):  # the session's own refusal
                self.act(action)
            await asyncio.sleep(delay_s)
            if decided_at is None and self.last_word.closing:
                decided_at, attempts = loop.time(), self.llm.attempts
        if decided_at is None and not self.reports:
            decided_at = await self.quiet_end()
            if decided_at is None:
                return
        until = (decided_at or loop.time()) + BOUND_S
        await first_of(self.reported, timeout_s=until - loop.time())
        self.check(attempts)
        await asyncio.sleep(1.2)
        await asyncio.wait({asyncio.ensure_future(self.settle())}, timeout=TEARDOWN_S + 5)
        names = [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("lastword")]
        assert names == []
        if self.reports[0].closed_by == "lastword" and self.call.session._activity is None:
            await self.restart(session)

    async def settle(self) -> None:
        """Lets the user's own closes end."""
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def quiet_end(self) -> float | None:
        """Nothing of ours began: sees whether it still does, else ends the call."""
        await asyncio.sleep(6.0)
        if self.last_word.closing or self.reports:
            return asyncio.get_running_loop().time()
        closing = asyncio.ensure_future(self.call.session.aclose())
        await asyncio.wait({closing, *self.tasks}, timeout=1.0)
        closing.cancel()
        return None

    def check(self, attempts: int) -> None:
        """One report, one close, the error kept."""
        assert len(self.reports) == 1, "no report within the bound"
        (report,) = self.reports
        assert report.close_s <= BOUND_S
        assert len(self.call.closes) == 1
        (close,) = self.call.closes
        if report.closed_by != "upstream":
            assert close.reason == CloseReason.ERROR
            assert close.error is not None
        assert self.lost == []
        if attempts:
            assert self.llm.attempts <= attempts

    async def restart(self, session: Any) -> None:
        """The session can live again."""
        session.output.audio = RecordingSink()
        session.output.set_audio_enabled(True)
        await asyncio.wait_for(session.start(Agent(instructions="again")), 10)
        await asyncio.wait_for(session.aclose(), 20)


@sequences(2000, 20261122)
@given(world=worlds, actions=st.lists(timed, min_size=1, max_size=8))
def test_whatever_happens_the_promises_hold(world: World, actions: list[tuple[str, float]]) -> None:
    """At most one message, exactly one close in time, the error kept, nothing left behind."""
    with without_log():
        play(world, actions)


def play(world: World, actions: list[tuple[str, float]]) -> None:
    """Plays one sequence in virtual time."""

    async def main() -> None:
        await Run(world).play([("fail", 0.0), *actions] if world.message else actions)

    run_virtual(main())
