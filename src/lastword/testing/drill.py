"""Takes a session through one failure of a drill and tells what a caller heard.

All components are stand-ins and time is virtual: no provider is asked, and a minute of silence
takes no minute.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any, cast

from livekit.agents import function_tool, llm

from ..bounded import within
from .beginning import prepare
from .faults import dies, empty, fault_of, hangs
from .outcome import OutputEars, outcome_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from livekit import rtc

    from .beginning import MakeSession
    from .cases import Case
    from .exceptions import Part
    from .faults import Fault
    from .outcome import Outcome
    from .rehearsal import Rehearsal

_SILENT: dict[str, Callable[[], Fault]] = {"hangs": hangs, "empty": empty, "dies": dies}
PATIENCE_S = 60.0
"""How long a caller waits for a sound before giving up, in seconds."""
_TOOL_PATIENCE_S = 180.0  # a tool may take two minutes before it counts as one that hangs
_ASKS_AGAIN_S = 5.0  # of quiet, after a turn that ended without a word
_TOOL_S = 2.0
_THINKS_S = 2.0
_WORD_S = 0.3


def components_of(call: Rehearsal) -> list[str]:
    """List the components that a session has, those of its agent included."""
    session, agent = call.session, call.agent
    model = agent.llm or session.llm
    found = []
    if model:
        found.append("realtime" if isinstance(model, llm.RealtimeModel) else "llm")
    found += ["stt"] * bool(agent.stt or session.stt) + ["tts"] * bool(agent.tts or session.tts)
    return found


async def run(make_session: MakeSession, case: Case, *, draw: bool) -> Outcome:
    """Rehearse one failure and return what the caller heard.

    Args:
        make_session: Makes the session, as for `rehearse`.
        case: The failure.
        draw: Whether the call is to be drawn on a page.
    """
    async with prepare(make_session, stand_ins=True, virtual_time=True) as call:
        broken_at = await suffer(call, case)
        return outcome_of(call, case, broken_at, OutputEars(call), draw=draw)


async def suffer(call: Rehearsal, case: Case, room: rtc.Room | None = None) -> float:
    """Start a call, let a failure happen in it, and wait for the end as a caller does.

    Args:
        call: The call, not yet started.
        case: The failure.
        room: Where the session is to run; None for an output that records.

    Returns:
        Since when the caller has waited, in the event loop's time.
    """
    tool = _Tool(hangs=case.component == "tool")
    await call.agent.update_tools([*call.agent.tools, tool.made])
    hears = case.component in ("stt", "realtime")  # for all others it is work without a result
    start = functools.partial(call.start, stand_in=True, hears=hears, room=room)
    broken_at = await _break(call, case, tool, start)
    await _wait(call, _TOOL_PATIENCE_S if case.component == "tool" else PATIENCE_S)
    return broken_at


class _Tool:
    """A slow tool; the agent's own tools are not called, because they may have effects."""

    def __init__(self, *, hangs: bool) -> None:
        self.called = asyncio.Event()

        @function_tool(name="drill_takes_its_time")
        async def wait() -> str:
            """Take some time."""
            self.called.set()
            await asyncio.sleep(10 * PATIENCE_S if hangs else _TOOL_S)
            return "done"

        self.made: Any = wait


async def _break(
    call: Rehearsal, case: Case, tool: _Tool, start: Callable[[], Awaitable[None]]
) -> float:
    """Bring a call into a state and break it there; return since when the caller has waited."""
    if case.state == "start":
        _break_now(call, case)
        await start()
        broken_at = _now()
        await _ask(call)
        return broken_at
    await start()
    reply = call.reply
    if case.state == "tool":
        reply.tool = "drill_takes_its_time"
    elif case.state == "thinking":
        reply.thinks_s = _THINKS_S
    elif case.state == "speaking":
        reply.word_s = _WORD_S
    await _ask(call)
    if case.state == "tool":
        await within(tool.called.wait(), PATIENCE_S)
    elif case.state in ("speaking", "idle"):
        await call.state("speaking")
    if case.state == "idle":
        await call.state("listening")
    else:
        await asyncio.sleep(0.5)
    broken_at = _now()
    _break_now(call, case)
    if case.state == "idle":
        await asyncio.sleep(0.5)
        if not call.failed_at:  # a component fails unnoticed until it is asked
            broken_at = _now()
            await _ask(call)
    return broken_at


def _break_now(call: Rehearsal, case: Case) -> None:
    if case.component == "tool":
        return  # it has hung from the beginning
    part = cast("Part", case.component)
    silent = _SILENT.get(case.fault)
    call.break_component(part, with_=silent() if silent else fault_of(case.fault, part))


async def _wait(call: Rehearsal, patience_s: float) -> None:
    """Wait for the end as a caller does, who speaks again after a turn without words."""
    give_up_at = _now() + patience_s
    while not call.has_closed and _now() < give_up_at:
        left_s = give_up_at - _now()
        if call.session.agent_state == "listening":
            try:
                await call.state("thinking", "speaking", within_s=min(_ASKS_AGAIN_S, left_s))
            except TimeoutError:
                await _ask(call)
        else:
            await call.changed(within_s=left_s)
    if call.last_word is not None:
        await call.last_word.settled()


async def _ask(call: Rehearsal) -> None:
    """Let the caller say something; a closing session no longer hears it."""
    if call.has_closed or (call.last_word is not None and call.last_word.closing):
        return
    try:
        await call.says("Hello?")
    except RuntimeError:  # it has just begun to close
        await asyncio.sleep(0)


def _now() -> float:
    return asyncio.get_running_loop().time()
