"""Records how much of one clip reached the caller, and decides what counts as heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...bounded import Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livekit import rtc
    from livekit.agents.voice import io

    from ..report import Played, Way
    from ..words.utterance import OutputFormat, Utterance


ROUNDING_S = 0.02
"""Sinks report positions in whole packets of at most 20 ms."""
CONCEALED_S = 0.2
"""How much may be lost on the way, in total, before words are lost: a receiver conceals the loss of
single packets of 20 ms, and retransmission fills in most."""


@dataclass
class Heard:
    """The record of one clip: filled while it is played, read when it is over.

    Attributes:
        frames: The clip, ready; the last frame is padded with silence.
        clip_s: Seconds of the clip itself.
        accepted: How many of the frames a sink has taken.
        first_frame_at: Event-loop time of the first frame that was taken.
        ways: The ways tried, in order.
        path: The way by which the last frame was taken.
        position_s: Seconds played, as the sinks reported.
        started: Whether a sink reported that playing began.
        broke: Whether the agent lost its room meanwhile, so that sinks report more than was heard.
        lost_s: Seconds that did not reach the server.
        subscribed: Whether somebody was listening; None where that is not known.
        reported: Set once a sink has reported how much it played.
    """

    frames: Sequence[rtc.AudioFrame]
    clip_s: float = 0.0
    accepted: int = 0
    first_frame_at: float | None = None
    ways: list[Way] = field(default_factory=list)
    path: Way | None = None
    position_s: float = 0.0
    started: bool = False
    broke: bool = False
    lost_s: float = 0.0
    subscribed: bool | None = None
    reported: Signal = field(default_factory=Signal)

    @classmethod
    def of(cls, utterance: Utterance | None, to: OutputFormat) -> Heard:
        """Return the record of an utterance, in an output's format, before any of it is played."""
        if utterance is None:
            return cls([])
        return cls(utterance.frames(to), utterance.clip.duration_s)

    @property
    def complete(self) -> bool:
        """Whether every frame was taken."""
        return self.accepted == len(self.frames)

    @property
    def played(self) -> Played:
        """How much was heard according to the sinks; never all of it if the line was bad."""
        arrived = not self.broke and self.lost_s <= CONCEALED_S
        if self.frames and arrived and self.position_s >= self.clip_s - ROUNDING_S:
            return "full"
        return "part" if self.started or self.position_s > 0 else "none"

    def took(self, at: float) -> None:
        """Count a frame that the latest way has taken, at an event-loop time."""
        if self.first_frame_at is None:
            self.first_frame_at = at
        self.accepted += 1
        self.path = self.ways[-1]

    def played_more(self, seconds: float) -> None:
        """Note that a sink has played some seconds more."""
        self.position_s = min(self.position_s + seconds, self.clip_s)
        self.reported.set()

    def rewind(self) -> Sequence[rtc.AudioFrame]:
        """Go back to where the sinks stopped playing, if they reported it; return what is left."""
        if self.reported.is_set():
            frame_s = self.frames[0].samples_per_channel / self.frames[0].sample_rate
            self.accepted = min(self.accepted, int(self.position_s / frame_s + 1e-6))
            self.reported.clear()
        return self.frames[self.accepted :]

    def listen(self, output: io.AudioOutput) -> Callable[[], None]:
        """Follow what an output reports from here on; return the function that ends it."""

        def on_started(_: Any) -> None:
            self.started = True

        def on_finished(event: io.PlaybackFinishedEvent) -> None:
            if self.first_frame_at is not None:  # else it is of an interrupted speech before it
                self.played_more(event.playback_position)

        output.on("playback_started", on_started)
        output.on("playback_finished", on_finished)

        def stop() -> None:
            output.off("playback_started", on_started)
            output.off("playback_finished", on_finished)

        return stop
