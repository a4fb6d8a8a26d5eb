"""`break_component`: breaks components of a session where they do their work.

The component itself is not changed, and no provider is asked for work that a fault replaces: each
attempt of a stream asks the `Outage` of its session what to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from livekit.agents import AgentSession, llm, stt

from .._upstream import sessions, stand_ins
from ..bounded import Signal
from ..session.owner import SessionOwner
from . import realtime
from .exceptions import Part
from .faults import Fault, With, fault_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from .._upstream.stand_ins import Work

PARTS: tuple[Part, ...] = get_args(Part)
_SPOKEN = ("speaking", "listening")  # how the agent's state changes when it ends a turn


@dataclass
class _Broken:
    """How a part is broken: by what, and for how many more attempts; None for all."""

    fault: Fault
    times: int | None


@dataclass
class _Part:
    """What one part is doing.

    Attributes:
        normally: Does its work; None for the component itself.
        broken: What it does instead, or None.
        changed: Called in each running attempt when either of them changes.
    """

    normally: Callable[[Work], Awaitable[Any]] | None = None
    broken: _Broken | None = None
    changed: set[Callable[[], None]] = field(default_factory=set)

    def change(self) -> None:
        for tell in list(self.changed):
            tell()


class Outage:
    """Decides what the components of one session do instead of their work.

    Args:
        owns: Whether an attempt belongs to the session.
    """

    def __init__(self, owns: Callable[[Work], bool]) -> None:
        self._owns = owns
        self._parts: dict[Part, _Part] = {part: _Part() for part in PARTS}
        self._realtime: list[llm.RealtimeSession[Any]] = []
        self._mended: Signal | None = None  # of realtime models: what their sessions wait for
        self._choose = self._chosen  # bound once: removing it compares it

    def install(self) -> None:
        """Let attempts ask from now on."""
        stand_ins.install(self._choose)

    def remove(self) -> None:
        """Let attempts ask no longer."""
        stand_ins.remove(self._choose)

    def replace(self, part: Part, work: Callable[[Work], Awaitable[Any]]) -> None:
        """Let something else do the work of a part from now on."""
        self._parts[part].normally = work
        self._parts[part].change()

    def break_part(self, part: Part, fault: Fault, times: int | None = None) -> None:
        """Break a part from now on, including the work that it is doing."""
        self._parts[part].broken = _Broken(fault, times)
        self._parts[part].change()
        if part == "realtime":
            for session in self._realtime:
                realtime.fail_now(session, functools.partial(self.next_work, "realtime"))

    def mend(self, part: Part) -> None:
        """Let a part do its work again."""
        self._parts[part].broken = None
        self._parts[part].change()
        self._connect(part)

    @contextlib.contextmanager
    def watch_realtime(self, models: list[object], *, stand_in: bool) -> Iterator[None]:
        """Break the sessions that realtime models make inside; see `realtime.watched_models`."""
        work = functools.partial(self.next_work, "realtime")
        with realtime.watched_models(
            models, work, self._until_mended, stand_in=stand_in
        ) as self._realtime:
            yield

    def watch_running(self, session: AgentSession[Any]) -> None:
        """Break the realtime session that an agent is using."""
        running = sessions.realtime_session_of(session)
        if running is not None and running not in self._realtime:
            realtime.watch(running, functools.partial(self.next_work, "realtime"))
            self._realtime.append(running)

    def next_work(self, part: Part) -> Callable[[Work], Awaitable[Any]] | None:
        """Return what the next attempt of a part does; None for its own work."""
        now = self._parts[part]
        if now.broken is None:
            return now.normally
        fault = now.broken.fault
        if now.broken.times is not None:
            now.broken.times -= 1
            if now.broken.times <= 0:
                now.broken = None
                self._connect(part)
        return fault.work

    def _until_mended(self) -> Signal | None:
        """Return what is set when realtime models work again; None while they work."""
        if self._parts["realtime"].broken is None:
            return None
        if self._mended is None or self._mended.is_set():
            self._mended = Signal()
        return self._mended

    def _connect(self, part: Part) -> None:
        if part == "realtime" and self._mended is not None:
            self._mended.set()

    def _chosen(self, work: Work) -> Awaitable[Any] | None:
        if not self._owns(work):
            return None
        return self._attempt(_part_of(work.component), work)

    async def _attempt(self, part: Part, work: Work) -> Any:
        """Do one attempt; if the part changes meanwhile, so does the attempt."""
        while True:
            chosen = self.next_work(part)
            done = _result(work.own() if chosen is None else chosen(work))
            running = asyncio.create_task(done, name="lastword.testing.attempt")
            changed = asyncio.get_running_loop().create_future()
            tell = _teller(changed)
            self._parts[part].changed.add(tell)
            try:
                await asyncio.wait({running, changed}, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    return running.result()
            finally:
                self._parts[part].changed.discard(tell)
                running.cancel()
            await asyncio.wait({running})


@contextlib.contextmanager
def break_component(
    session: AgentSession[Any],
    component: Part,
    *,
    with_: With,
    after_turns: int = 0,
    times: int | None = None,
) -> Iterator[None]:
    """Break a component of a session while the context is open; no provider is asked meanwhile.

    Every LLM, STT or TTS that works for the session is broken: its own, the agent's, all behind an
    adapter. Work that begins inside the context is broken in the middle, and so is an STT or a
    realtime model that is running already. A realtime model of OpenAI, Azure, xAI or Google whose
    session begins inside does not connect before the context is left.

        with break_component(session, "llm", with_="quota_exhausted"):
            session.generate_reply(user_input="hello?")

    Args:
        session: The session, started or not.
        component: "llm", "stt", "tts" or "realtime".
        with_: What it does instead of its work: a `FailureKind` or its name for an exception of
            that kind, an exception, its class or a function that makes one, `hangs()`, `empty()`,
            `dies()`, or one of `failures(...)`.
        after_turns: How many times the agent speaks before it breaks.
        times: How many attempts fail, retries counted; None for all.

    Raises:
        TypeError: `session` is not a session, or `with_` has no known form.
        ValueError: The component or the kind is not known, or a number is out of range.
    """
    if not isinstance(session, AgentSession):
        raise TypeError(f"expected an AgentSession, got {type(session).__name__}")
    if component not in PARTS:
        raise ValueError(f"expected one of {', '.join(PARTS)} as a component, got {component!r}")
    if after_turns < 0 or (times is not None and times < 1):
        raise ValueError(
            f"expected after_turns of at least 0 and times of at least 1 or None, got "
            f"{after_turns} and {times}"
        )
    fault, owner = fault_of(with_, component), SessionOwner(session)
    outage = Outage(lambda work: owner.owns(work.outermost))
    turns = 0

    def begin() -> None:
        outage.break_part(component, fault, times)
        if component == "stt" and sessions.is_running(session):
            session.clear_user_turn()  # starts hearing again: what heard until now knows no outage

    def count(event: Any) -> None:
        nonlocal turns
        turns += (event.old_state, event.new_state) == _SPOKEN
        if turns == after_turns:
            session.off("agent_state_changed", count)
            begin()

    with contextlib.ExitStack() as stack:
        outage.install()
        stack.callback(outage.remove)
        stack.callback(outage.mend, component)
        stack.enter_context(outage.watch_realtime([session.llm], stand_in=False))
        outage.watch_running(session)
        if after_turns:
            session.on("agent_state_changed", count)
            stack.callback(session.off, "agent_state_changed", count)
        else:
            begin()
        yield


def _part_of(component: object) -> Part:
    if isinstance(component, llm.LLM):
        return "llm"
    return "stt" if isinstance(component, stt.STT) else "tts"


def _teller(changed: asyncio.Future[None]) -> Callable[[], None]:
    def tell() -> None:
        if not changed.done():
            changed.set_result(None)

    return tell


async def _result(work: Awaitable[Any]) -> Any:
    return await work
