"""Runs a call whose provider fails permanently: a caller, an agent here, and a scripted gateway.

The tests of the last word and `make demo-room` share it. The LLM is livekit's own inference
client, the 429 comes over HTTP, the room and the caller are real; only the provider is a script.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livekit.agents import AgentSession, inference

import lastword
from lastword.testing.gateway import Gateway, quota_exceeded
from lastword.testing.room.agent import joined
from lastword.testing.room.caller import Caller
from lastword.testing.room.recording import RATE
from room.call import Running, frames, running
from room.sweep import Heard, find_sweep, sweep, tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from livekit import rtc
    from livekit.agents import Agent
    from livekit.agents.voice.room_io import RoomOptions

    from lastword.testing.room.server import Server

CHAT = "/v1/chat/completions"
WORDS = "Something went wrong, please call again."
QUESTION = "Can you hear me?"
CLIP_S = 3.0
DEFAULT_RUNS = 2
RUNS = int(os.environ.get("LASTWORD_ROOM_RUNS", str(DEFAULT_RUNS)))
"""How often what is counted is done; `make room-record` sets 50."""
RECORD = RUNS > DEFAULT_RUNS
"""Whether figures are taken, on a machine that does nothing else: then targets are bounds."""


def llm_of_url(gateway: str) -> inference.LLM:
    """Livekit's own inference LLM, pointed at a scripted gateway."""
    return inference.LLM(
        "openai/gpt-4o-mini",
        base_url=f"{gateway}/v1",
        api_key="devkey",
        api_secret="a-secret-that-signs-nothing-of-value",  # noqa: S106 - a local server's
    )


def show(line: str) -> None:
    """Print a figure; pytest shows it with -s."""
    print(f"\n# {line}")  # noqa: T201 - for people


def sweep_clip() -> lastword.Clip:
    """The message of the room tests: a sweep of 3 s with words beside it."""
    return lastword.Clip.load((sweep(CLIP_S), RATE), transcript=WORDS)


@dataclass
class Outage:
    """One call that is going to fail.

    Attributes:
        caller: The far end; None if nobody is there.
        room: The agent's room.
        run: The agent's session and its events.
        gateway: The provider; it answers with `quota_exceeded` unless scripted otherwise.
        last_word: What `attach` returned, or None for a call without it.
    """

    caller: Caller | None
    room: rtc.Room
    run: Running
    gateway: Gateway
    last_word: lastword.LastWord | None = None
    reports: list[lastword.Report] = field(default_factory=list)
    reported: asyncio.Event = field(default_factory=asyncio.Event)

    def on_report(self, report: lastword.Report) -> None:
        """Keep a report."""
        self.reports.append(report)
        self.reported.set()

    @property
    def session(self) -> AgentSession[Any]:
        """The agent's session."""
        return self.run.session

    @property
    def report(self) -> lastword.Report:
        """The one report of this call."""
        assert len(self.reports) == 1, self.reports
        return self.reports[0]

    @property
    def failed_at(self) -> float:
        """When the error event came, in seconds of `time.monotonic()`."""
        return self.run.errors[0][0]

    @property
    def close_s(self) -> float:
        """Seconds from the error event to the close event."""
        return self.run.closes[0][0] - self.failed_at

    def row(self, name: str) -> str:
        """The figures of this call as a row: heard, first sound, close, the report, words shown."""
        heard = self.heard()
        first = f"{self.first_sound_s():.3f}" if heard.runs and self.run.errors else "-"
        close = f"{self.close_s:.2f}" if self.run.closes and self.run.errors else "-"
        told = self.reports[0] if self.reports else None
        says = f"{told.played} {told.played_s:.2f} {told.path}" if told else "-"
        shown = len(self.caller.shown) if self.caller else 0
        return f"| {name} | {heard.seconds:.2f} | {first} | {close} | {says} | {shown} |"

    async def fail(self) -> None:
        """Let the agent be asked something, which the provider refuses."""
        if self.caller is not None and self.caller.room.isconnected():
            await self.caller.type(QUESTION)
        else:
            self.session.generate_reply(user_input=QUESTION)

    async def until_closed(self, timeout_s: float = 20.0) -> None:
        """Wait for the close event and for the report, which follows it."""
        await self.run.until_closed(timeout_s)
        if self.last_word is not None:
            await asyncio.wait_for(self.reported.wait(), 10)

    async def until_over(self, timeout_s: float = 20.0) -> None:
        """Wait for the close event, the report, and until the caller hears nothing any more."""
        await self.until_closed(timeout_s)
        if self.caller is not None:
            await self.caller.until_quiet()

    def heard(self, caller: Caller | None = None) -> Heard:
        """What a caller, by default the first, heard of the message."""
        listener = caller or self.caller
        if listener is None:
            return Heard(())
        return find_sweep(listener.recording().samples(), CLIP_S)

    def first_sound_s(self, caller: Caller | None = None) -> float:
        """Seconds from the error event to the first sound of the message at the caller."""
        listener = caller or self.caller
        assert listener is not None
        return listener.recording().at(self.heard(listener).runs[0].at_s) - self.failed_at


@asynccontextmanager
async def outage(
    server: Server,
    room_name: str,
    *,
    with_caller: bool = True,
    wait_for_caller_s: float | None = None,
    with_last_word: bool = True,
    warm: bool = True,
    agent: Agent | None = None,
    options: RoomOptions | None = None,
    url: str | None = None,
    gateway: Gateway | None = None,
    by_hand: bool = False,
    **attach: Any,
) -> AsyncIterator[Outage]:
    """Set up a call up to the moment before it fails.

    Args:
        server: Where the room is.
        room_name: A name of its own.
        with_caller: Whether a caller is there and listens before it begins.
        wait_for_caller_s: How long to wait for a listener; 10 s by default if there is a caller.
        with_last_word: Whether `attach` is called.
        warm: Whether the caller has heard the agent before. On a track that has never carried
            sound, up to 0.1 s is lost at the beginning while the connection gets ready.
        agent: What the session runs.
        options: RoomIO's options.
        url: Where the agent finds the server, if not directly.
        gateway: A running provider; one that answers `quota_exceeded` if None.
        by_hand: Whether the RoomIO is made by hand.
        attach: More arguments of `attach`, `message` among them.
    """
    async with AsyncExitStack() as stack:
        if gateway is None:
            gateway = await stack.enter_async_context(Gateway())
            gateway.script(CHAT, quota_exceeded())
        caller = None
        if with_caller:
            caller = await stack.enter_async_context(Caller(server, room_name))
        room = await stack.enter_async_context(joined(server, room_name, url=url))
        llm = llm_of_url(gateway.url)
        stack.push_async_callback(llm.aclose)
        session: AgentSession[Any] = AgentSession(llm=llm)
        call = Outage(caller, room, Running(session), gateway)
        if with_last_word:
            attach.setdefault("message", sweep_clip())
            call.last_word = lastword.attach(session, on_report=call.on_report, **attach)
        if with_caller and wait_for_caller_s is None:
            wait_for_caller_s = 10.0
        begun = running(
            session,
            room,
            agent=agent,
            options=options,
            wait_for_caller_s=wait_for_caller_s,
            by_hand=by_hand,
        )
        call.run = await stack.enter_async_context(begun)
        if warm and caller is not None:
            await warm_up(session)
            await caller.until(caller.loud, 10)
            await caller.until_quiet()
            caller.forget()
        yield call
        if RECORD:
            print(f"\n{call.row(room_name)}")  # noqa: T201 - pytest shows it with -s
        if call.last_word is not None:
            call.last_word.detach()


async def warm_up(session: AgentSession[Any]) -> None:
    """Play a short tone, past the session so that it counts as no speech."""
    output = session.output.audio
    assert output is not None
    async for frame in frames(tone(4000, 0.3)):
        await output.capture_frame(frame)
    output.flush()
    await output.wait_for_playout()
