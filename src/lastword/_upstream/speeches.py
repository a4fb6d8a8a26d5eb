"""The speeches of a session, and the errors that they end with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from livekit.agents import Agent, llm, tts
from livekit.agents.voice import agent_activity

from .listeners import deliver_error

if TYPE_CHECKING:
    from livekit.agents import AgentSession
    from livekit.agents.voice import SpeechHandle


def speech_of_this_task() -> SpeechHandle | None:
    """Returns the speech that the running task works for, or None."""
    return agent_activity._SpeechHandleContextVar.get(None)


def method_that_runs(callback: str) -> str:
    """Return the name of the method of an agent by which livekit-agents calls a callback or node.

    It takes `on_enter` from the agent's class by a method of its own from 2.0.0b1 on.
    """
    return "_enter" if callback == "on_enter" and hasattr(Agent, "_enter") else callback


def exception_of(speech: SpeechHandle) -> BaseException | None:
    """Returns the error that a finished speech ended with; 1.4 and 1.5 do not keep it."""
    ask = getattr(speech, "exception", None)
    return ask() if ask is not None else None


def tell_of_node(
    session: AgentSession[Any], agent: Agent, node: str, error: Exception, *, recoverable: bool
) -> None:
    """Announces what an agent's own node raised as livekit-agents announces errors."""
    kind = tts.TTSError if node == "tts_node" else llm.LLMError
    event = kind(
        timestamp=time.time(),
        label=f"{agent.label}.{node}",
        error=error,
        recoverable=recoverable,
    )
    deliver_error(session, event)
