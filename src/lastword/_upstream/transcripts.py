"""Lets words out whole that livekit-agents would time word by word, by an analysis of their sound.

The analysis (`SpeakingRateStream`) runs on the event loop, a spectrum of each second of sound ten
times in a second: a third of the loop while twenty calls of one process speak at once.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livekit.agents import AgentSession
    from livekit.agents.voice import io


@contextlib.contextmanager
def untimed(session: AgentSession[Any]) -> Iterator[None]:
    """Pass the words of what is said meanwhile on at once; time those of later speeches again.

    What the agent is just saying stays timed, and so do words said after it: how far the caller
    has heard an interrupted speech is known from its timing alone, and goes into the chat history.
    """
    output = None if session.agent_state == "speaking" else _timed(session.output.audio)
    if output is None:
        yield
        return
    output._synchronizer.set_enabled(False)
    try:
        yield
    finally:
        output._synchronizer._on_attachment_changed()  # it may have been detached meanwhile
        output._pushed_duration = 0.0  # is not counted back while the timing is off


def _timed(output: io.AudioOutput | None) -> Any:
    """Return the output of a chain by whose sound words are timed, or None."""
    link: Any = output
    while link is not None:
        if getattr(getattr(link, "_synchronizer", None), "enabled", False):
            return link
        link = link.next_in_chain
    return None
