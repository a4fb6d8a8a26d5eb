"""Collects what a caller heard of a rehearsed call, on its time line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .sounds import write_wav

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from .ends import RecordingText
    from .sink import RecordingSink


@dataclass(frozen=True)
class Heard:
    """What a caller heard from some moment on.

    Attributes:
        samples: int16, (samples * channels,); silence included, from the moment until now.
        sample_rate: In Hz.
        num_channels: How many channels are interleaved.
        sound_s: Seconds of sound in it, without the silence.
        first_at_s: When the first sound began, in seconds from that moment; None if none did.
        transcript: The words that were shown.
    """

    samples: NDArray[Any] = field(repr=False)
    sample_rate: int
    num_channels: int
    sound_s: float
    first_at_s: float | None
    transcript: str

    def write_wav(self, path: str | os.PathLike[str]) -> None:
        """Write it to a WAV file."""
        write_wav(path, self.samples, self.sample_rate, self.num_channels)


def heard_between(sink: RecordingSink, words: RecordingText, since: float, until: float) -> Heard:
    """Collect what was heard between two times of the event loop.

    Args:
        sink: The session's output.
        words: Its transcription.
        since: The moment that times count from, in seconds.
        until: The end, in seconds.
    """
    starts = [start for start, sound in sink.sounds(since) if len(sound)]
    samples = sink.line(since=since, until=until)
    sounding = sum(len(sound) for _, sound in sink.sounds(since))
    return Heard(
        samples=samples,
        sample_rate=sink.rate,
        num_channels=sink.num_channels,
        sound_s=sounding / sink.rate / sink.num_channels,
        first_at_s=max(starts[0] - since, 0.0) if starts else None,
        transcript=words.since(since),
    )
