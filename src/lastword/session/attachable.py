"""Refuses what cannot be attached to: no session, a closed one, or one of another event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from livekit.agents import Agent

from .._upstream import sessions, versions
from ..errors import AttachError

if TYPE_CHECKING:
    from livekit.agents import AgentSession


def check_session(session: object) -> None:
    """Make sure that something is a session.

    Raises:
        TypeError: It is something else.
    """
    kind = versions.session_class()
    wanted = f"expected {kind.__name__} of livekit-agents"
    if isinstance(session, type):
        raise TypeError(f"{wanted}, got the class {session.__name__}; attach to an object of it")
    if isinstance(session, Agent):
        raise TypeError(f"{wanted}, got an agent; attach to the session that is to run it")
    if not isinstance(session, kind):
        raise TypeError(f"{wanted}, got {session!r}; attach to the session that is to be started")


def check_place(session: AgentSession[Any]) -> None:
    """Make sure that a session runs in the running event loop, or can be started in it.

    Raises:
        AttachError: No loop is running, the session belongs to another one, or it is closed.
    """
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        raise AttachError(
            "expected a running event loop, got none; attach inside the coroutine that starts the "
            "session"
        ) from None
    theirs = sessions.loop_of(session)
    # a session made where no loop ran holds a loop that never runs, and can start in any
    if theirs is not here and (theirs.is_running() or sessions.is_started(session)):
        raise AttachError(
            "expected a session of the running event loop, got one of another loop; attach in the "
            "coroutine that starts the session"
        )
    if sessions.is_closing(session):
        raise AttachError(
            "expected a session that is open or not started yet, got one that is closed; attach "
            "before it closes, or after it was started again"
        )
