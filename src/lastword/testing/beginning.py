"""Rehearses one call: starts the user's own session with nobody at its ends.

The output records, the input is silent, and the caller's words come from `Rehearsal.says`. Nothing
in the session is faked except what `break_component` or stand-ins replace.
"""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

from livekit.agents import Agent, AgentSession

from .._upstream import speakers
from ..session.last_word import attached_to
from .clock import virtual_time as in_virtual_time
from .cold import nothing_prewarmed
from .rehearsal import Rehearsal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Made = AgentSession[Any] | tuple[AgentSession[Any], Agent]
    MakeSession = Callable[[], Made | Awaitable[Made]]


@contextlib.asynccontextmanager
async def rehearse(
    make_session: MakeSession,
    *,
    agent: Agent | None = None,
    stand_ins: bool = False,
    virtual_time: bool = False,
) -> AsyncIterator[Rehearsal]:
    """Rehearse one call with a session as the agent makes it.

        async with rehearse(make_session) as call:
            call.break_component("llm", with_="quota_exhausted")
            await call.says("hello?")
            assert (await call.failed()).terminal
            report = await call.closed()

    Args:
        make_session: Makes the session, its last word attached, as the agent's entrypoint does;
            returns it or `(session, agent)`, and may be a coroutine function.
        agent: The agent to start if `make_session` returns none; None for one that only
            answers the phone.
        stand_ins: Let components work without asking any provider: answer, speak a tone, hear
            nothing.
        virtual_time: Let the loop's clock jump where it would sleep: a minute takes as long as its
            work. Not for calls whose components ask a server.

    Returns:
        The call, started; it is closed at the end, with the components that belong to it.

    Raises:
        TypeError: `make_session` returned no session.
    """
    async with prepare(
        make_session, agent=agent, stand_ins=stand_ins, virtual_time=virtual_time
    ) as call:
        await call.start(stand_in=stand_ins)
        yield call


@contextlib.asynccontextmanager
async def prepare(
    make_session: MakeSession,
    *,
    agent: Agent | None = None,
    stand_ins: bool = False,
    virtual_time: bool = False,
) -> AsyncIterator[Rehearsal]:
    """Make a call as `rehearse` does, but leave starting it to the caller."""
    async with contextlib.AsyncExitStack() as stack:
        if stand_ins:
            stack.enter_context(nothing_prewarmed())
        if virtual_time:
            stack.enter_context(in_virtual_time())
        await stack.enter_async_context(speakers.http_sessions())
        made = make_session()
        made = await made if inspect.isawaitable(made) else made
        session, agent = _session_and_agent(made, agent)
        call = Rehearsal(session, agent, attached_to(session))
        stack.push_async_callback(call.aclose)
        yield call


def _session_and_agent(made: Any, agent: Agent | None) -> tuple[AgentSession[Any], Agent]:
    session = made
    if isinstance(made, tuple) and len(made) == 2:  # noqa: PLR2004 - a pair
        session, agent = made
    if not isinstance(session, AgentSession):
        raise TypeError(
            "expected make_session to return an AgentSession or (session, agent), got "
            f"{type(session).__name__}"
        )
    return session, agent or Agent(instructions="You answer the phone.")
