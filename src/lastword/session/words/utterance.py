"""One sound to be said, with its words, ready for an output. Needs no livekit-agents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livekit import rtc

    from ...audio.clip import Clip
    from ..report import Origin


@dataclass(frozen=True)
class OutputFormat:
    """What an output takes: `sample_rate` in Hz, interleaved `num_channels`, `frame_ms` long."""

    sample_rate: int = 24000
    num_channels: int = 1
    frame_ms: int = 50


@dataclass(frozen=True)
class Utterance:
    """One sound, its words, and where it came from."""

    clip: Clip
    transcript: str
    source: Origin

    def frames(self, to: OutputFormat) -> Sequence[rtc.AudioFrame]:
        """Return fresh frames over the bytes that `Message.prepare` has made ready."""
        return self.clip.frames_on_demand(to.sample_rate, to.num_channels, to.frame_ms)
