"""Watches the frames that a session's output takes: how long each is, and whether it is audible."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit import rtc
    from livekit.agents import AgentSession
    from livekit.agents.voice import io

AUDIBLE = 32
"""-60 dBFS in 16-bit steps: to a listener on a line, anything below it is silence."""


class Heard(Protocol):
    """Is told of each frame."""

    def __call__(self, duration_s: float, *, audible: bool) -> None:
        """Take the duration of a frame, and whether it is audible."""


class Ear:
    """Wraps the `capture_frame` of whichever output a session has.

    Args:
        session: The session.
        heard: Called for each frame that the output has taken.
    """

    def __init__(self, session: AgentSession[Any], heard: Heard) -> None:
        self._session = session
        self._heard = heard
        self._output: io.AudioOutput | None = None
        self._ours: Callable[..., Any] | None = None

    def follow(self) -> None:
        """Wrap the output that the session has now."""
        output = self._session.output.audio
        if output is self._output:
            return
        self.stop()
        if output is not None:
            original = output.capture_frame

            @functools.wraps(original)
            async def capture_frame(frame: rtc.AudioFrame) -> None:
                await original(frame)
                self._heard(frame.duration, audible=is_audible(frame))

            output.capture_frame = capture_frame  # type: ignore[method-assign]
            self._output, self._ours = output, capture_frame

    def stop(self) -> None:
        """Give the output its own method back, if the wrapper is still in place."""
        output, self._output = self._output, None
        if output is not None and output.__dict__.get("capture_frame") is self._ours:
            del output.capture_frame


def is_audible(frame: rtc.AudioFrame) -> bool:
    """Return whether a frame has a sample above -60 dBFS."""
    samples = np.frombuffer(frame.data, np.int16)
    return bool(len(samples)) and bool(samples.max() > AUDIBLE or samples.min() < -AUDIBLE)
