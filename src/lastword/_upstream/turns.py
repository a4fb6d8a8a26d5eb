"""Turns of the caller, as far as livekit-agents works on them, and sounds beside its output.

Looked at once when a time is up; where a name is not there, nothing is known of it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from livekit.agents.llm import RealtimeModel
from livekit.agents.voice.background_audio import BackgroundAudioPlayer

if TYPE_CHECKING:
    from livekit.agents import AgentSession


def ends_by_hand(session: AgentSession[Any]) -> bool:
    """Tell whether it is the application or the model that decides if a turn gets an answer.

    The application does with push-to-talk, and where a realtime model makes no response by itself;
    a realtime model does where it may keep silent (Gemini's proactivity).
    """
    activity = session._activity
    mode = getattr(activity, "_turn_detection", None)
    if (session.turn_detection if mode is None else mode) == "manual":
        return True
    options = getattr(_model_of(session), "_opts", None)
    detection = getattr(options, "turn_detection", None)
    answers = getattr(detection, "create_response", True)
    return answers is False or getattr(options, "proactivity", None) is True


def is_turn_pending(session: AgentSession[Any]) -> bool:
    """Tell whether a turn of the caller is neither answered nor left unanswered on purpose.

    Its end is still looked for, words of it wait for an end, or the agent's own
    `on_user_turn_completed` is at work. After a `StopResponse` nothing of that is there (1.4.6 ..
    1.8.9).
    """
    if is_realtime(session):
        return True  # a response would have made a speech of it
    activity = session._activity
    recognition = getattr(activity, "_audio_recognition", None)
    tasks = (
        getattr(activity, "_user_turn_completed_atask", None),
        getattr(recognition, "_end_of_turn_task", None),
    )
    if any(task is not None and not task.done() for task in tasks):
        return True
    return bool(getattr(recognition, "_audio_transcript", ""))


def ends_spoken_turn() -> bool:
    """Tell whether the running task makes the reply to words that the caller has spoken.

    An outdated one does so too, which livekit-agents interrupts at once (1.4.6 .. 1.8.9).
    """
    task = asyncio.current_task()
    return task is not None and task.get_name() == "AgentActivity._user_turn_completed_task"


def waits_for_tools(session: AgentSession[Any]) -> bool:
    """Tell whether a speech is over but for its tools; 1.4 and 1.5 have no event that says so."""
    return bool(getattr(session._activity, "_background_speeches", ()))


def is_realtime(session: AgentSession[Any]) -> bool:
    """Tell whether the agent that runs speaks through a realtime model."""
    return isinstance(_model_of(session), RealtimeModel)


def _model_of(session: AgentSession[Any]) -> object:
    return session.llm if session._activity is None else session._activity.llm


def has_thinking_sound(session: AgentSession[Any]) -> bool:
    """Tell whether a `BackgroundAudioPlayer` plays its thinking sound to the caller now."""
    listeners = session._events.get("agent_state_changed", ())
    players = (getattr(listener, "__self__", None) for listener in listeners)
    handles = (
        getattr(player, "_thinking_handle", None)
        for player in players
        if isinstance(player, BackgroundAudioPlayer)
    )
    return any(handle is not None and not handle.done() for handle in handles)
