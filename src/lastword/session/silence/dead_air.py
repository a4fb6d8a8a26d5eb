"""Turns a silence into an error event, so that it is handled as every other failure is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from livekit.agents import APITimeoutError
from livekit.agents.llm import LLMError, RealtimeModelError
from livekit.agents.tts import TTSError
from livekit.agents.voice.events import ErrorEvent

from ...failure.failure import Failure
from ...failure.kinds import FailureKind
from ...failure.verdict import Verdict, keep

if TYPE_CHECKING:
    from livekit.agents import AgentSession

    from .steps import GiveUp

_WAITED_FOR = {
    "llm": "an answer of the LLM",
    "tts": "sound of the TTS",
    "realtime": "an answer of the realtime model",
    "tool": "a tool of the agent",
    "turn": "the end of the caller's turn",
}


def dead_air(session: AgentSession[Any], step: GiveUp) -> ErrorEvent:
    """Return the event that announces that the caller has waited too long.

    Args:
        session: The session whose caller waits.
        step: Who is waited for, and how long.
    """
    said = f"the caller heard nothing for {step.waited_s:.1f} s, waiting for "
    error = APITimeoutError(said + _WAITED_FOR[step.hanging], retryable=False)
    failure = Failure(
        FailureKind.DEAD_AIR,
        terminal=False,
        retryable=False,
        component=step.hanging,
        detail=error.message,
    )
    keep(Verdict(failure, None), error)
    if step.hanging == "tts":
        kind: Any = TTSError
        source: Any = session.tts
    else:
        kind = RealtimeModelError if step.hanging == "realtime" else LLMError
        source = session.llm
    label = getattr(source, "label", "lastword.silence")
    return ErrorEvent(
        error=kind(timestamp=time.time(), label=label, error=error, recoverable=False),
        source=source,
    )
