"""Finds the sessions that listen to a component, and delivers errors to them."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from livekit.agents.voice import agent_activity, audio_recognition

from .components import is_realtime_fallback

if TYPE_CHECKING:
    from livekit.agents import AgentSession


STT_PUMP: ContextVar[Any] | None = getattr(audio_recognition, "_STTPipelineContextVar", None)

_HEARD_FOR: ContextVar[object] = ContextVar("lastword_heard_for", default=None)


def note_hearing(pump: Any, *arguments: Any) -> None:
    """Record, for everything that a pump starts, which agent it works for."""
    node = arguments[0] if arguments else pump._stt_node
    _HEARD_FOR.set(getattr(node, "__self__", None))


def listening_sessions(component: object) -> list[AgentSession[Any]]:
    """Return the sessions whose running agent has subscribed to the errors of a component.

    The fallback listens to a realtime session behind it, and the agent listens to the fallback.
    """
    listeners = getattr(component, "_events", {}).get("error") or ()
    sessions = []
    for heard_by in (getattr(listener, "__self__", None) for listener in listeners):
        if isinstance(heard_by, agent_activity.AgentActivity):
            sessions.append(heard_by._session)
        elif is_realtime_fallback(heard_by) and heard_by is not component:
            sessions += listening_sessions(heard_by)
    return sessions


def current_session() -> AgentSession[Any] | None:
    """Return the session whose speech, reply or speech recognition the running task belongs to.

    Recognition runs outside any reply; its pump is known by a context variable of 1.8, or by
    lastword's own.
    """
    activity = agent_activity._AgentActivityContextVar.get(None)
    if activity is None:
        pump = STT_PUMP.get(None) if STT_PUMP is not None else None
        agent = getattr(getattr(pump, "_stt_node", None), "__self__", None) or _HEARD_FOR.get()
        activity = getattr(agent, "_activity", None)
    return None if activity is None else activity._session


def configured_components(session: AgentSession[Any]) -> list[object]:
    """Return the components that were given to the session itself, used or not."""
    return [part for part in (session._llm, session._stt, session._tts) if part is not None]


def deliver_error(session: AgentSession[Any], event: Any) -> None:
    """Deliver an error to the session's running agent as its subscription would have done."""
    if session._activity is not None:
        session._activity._on_error(event)
