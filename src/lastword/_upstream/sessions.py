"""Reads the state of one session, hooks its methods, and forces its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

    from livekit.agents import Agent, AgentSession, llm
    from opentelemetry.context import Context


class SessionHooks:
    """The methods of one session that lastword stands in front of.

    Instance attributes win over the class in every version, so users' own subclasses keep working
    and other sessions are not touched.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        *,
        on_error: Callable[[Any], None],
        emit: Callable[..., None],
        close_soon: Callable[..., None],
        aclose: Callable[..., Coroutine[Any, Any, None]],
        on_agent: Callable[[Agent], None],
    ) -> None:
        self._session = session
        self.on_error: Callable[[Any], None] = session._on_error
        self.emit: Callable[..., None] = session.emit
        self.close_soon: Callable[..., None] = session._close_soon
        self.aclose: Callable[..., Coroutine[Any, Any, None]] = session._aclose_impl
        run_agent: Callable[..., Any] = session._update_activity

        def update_activity(agent: Agent, *args: Any, **kwargs: Any) -> Any:
            on_agent(agent)
            return run_agent(agent, *args, **kwargs)

        self._ours: dict[str, Any] = {
            "_update_activity": update_activity,
            "_on_error": on_error,
            "emit": emit,
            "_close_soon": close_soon,
            "_aclose_impl": aclose,
        }
        for name, hook in self._ours.items():
            setattr(session, name, hook)

    def remove(self) -> None:
        """Restore the session's own methods where lastword's are still in place."""
        for name, hook in self._ours.items():
            if self._session.__dict__.get(name) is hook:
                delattr(self._session, name)


def loop_of(session: AgentSession[Any]) -> asyncio.AbstractEventLoop:
    """Return the loop that a session was made for."""
    return session._loop


def is_started(session: AgentSession[Any]) -> bool:
    """Tell whether `start()` has succeeded and no close has finished since."""
    return session._started


def is_running(session: AgentSession[Any]) -> bool:
    """Tell whether there is an activity that could speak."""
    return session._activity is not None


def realtime_session_of(session: AgentSession[Any]) -> llm.RealtimeSession[Any] | None:
    """Return the realtime session of the agent that runs, or None if it uses no such model."""
    activity = session._activity
    return None if activity is None else getattr(activity, "_rt_session", None)


def counts_stt_errors(session: AgentSession[Any]) -> bool:
    """Tell whether upstream tolerates some STT errors (1.6 and later) or none (before)."""
    return hasattr(session, "_stt_error_counts")


def trace_context_of(session: AgentSession[Any]) -> Context | None:
    """Return the context that the session's own spans belong to, or None before `start()`."""
    return getattr(session, "_root_span_context", None)


def is_closing(session: AgentSession[Any]) -> bool:
    """Tell whether a close of any kind has begun."""
    return session._closing_task is not None or session._closing


def mark_closing(session: AgentSession[Any], mark: asyncio.Future[None] | None) -> None:
    """Set or clear what upstream takes for a close under way; it only checks that it is there."""
    setattr(session, "_closing_task", mark)  # noqa: B010 - typed as a Task, of which it is the base


def refuse_new_work(session: AgentSession[Any]) -> None:
    """Make the session refuse replies, speech, turns and hand-overs from now on.

    Both flags together: `_scheduling_paused` alone lets `update_agent` run the new agent, and
    `_closing` alone refuses too little (measured on 1.4.6 and 1.8.9).
    """
    session._closing = True
    if session._activity is not None:
        session._activity._scheduling_paused = True


def allow_teardown(session: AgentSession[Any]) -> None:
    """Let the activity's own drain do its work, and nothing else.

    drain() assumes that an activity whose scheduling is paused was drained before, and skips parts
    of its work (1.4.6 .. 1.8.9). So this clears the flag and refuses new speech in the one method
    that schedules all of it.
    """
    activity = session._activity
    if activity is not None:
        activity._scheduling_paused = False
        setattr(activity, "_schedule_speech", _refuse_speech)  # noqa: B010 - no method of its own


def _refuse_speech(speech: Any, priority: int, force: bool = False) -> None:  # noqa: ARG001, FBT001, FBT002 - upstream's signature
    speech.interrupt(force=True)
    raise RuntimeError("AgentSession is closing, cannot schedule new speech")


def is_left_closed(session: AgentSession[Any]) -> bool:
    """Tell whether the session was closed and not started again since."""
    return session._closing


def force_closed(session: AgentSession[Any]) -> list[Coroutine[Any, Any, None]]:
    """Put the session in the state that a close leaves, although its own teardown did not end.

    Returns:
        What a close would have ended but this could not: each may hang, as the teardown did.
    """
    activity = session._activity
    refuse_new_work(session)
    session._started = False
    session._activity = None
    session.input.audio = session.input.video = None
    session.output.audio = session.output.transcription = None
    left = [] if activity is None else [activity.aclose()]
    return left + leave_room(session)


def leave_room(session: AgentSession[Any]) -> list[Coroutine[Any, Any, None]]:
    """Detach a session from its room; return what closes that connection, if there was one."""
    room_io, session._room_io = session._room_io, None
    return [] if room_io is None else [room_io.aclose()]


def is_starting(session: AgentSession[Any]) -> bool:
    """Tell whether a `start()` is under way."""
    return session._lock.locked() and not session._started


async def end_late_start(session: AgentSession[Any]) -> None:
    """Close whatever a hanging `start()` still makes of its session, as soon as it has ended."""
    async with session._lock:
        if session._started:
            for part in force_closed(session):
                await part


def hook_of(session: object) -> object:
    """Return the object that intercepts a session's errors, or None."""
    return getattr(vars(session).get("_on_error"), "__self__", None)
