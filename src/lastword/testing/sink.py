"""Provides audio outputs for rehearsals: one records what is heard, and can be made to misbehave.

They play by the event loop's clock, so a test with virtual time plays a minute in no time, and a
demo in real time records what a caller would hear. Must not import session.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from livekit.agents.voice import io

from .sounds import write_wav

if TYPE_CHECKING:
    import os

    from livekit import rtc
    from numpy.typing import NDArray


@dataclass
class Segment:
    """One stretch of sound between two flushes.

    Attributes:
        started_at: Event-loop time of its first frame.
        chunks: The samples taken, int16, one array (samples * channels,) per frame.
        frame_times: Event-loop time at which each frame was taken.
        pushed_s: Seconds that were taken.
        played_s: Seconds that were played; fewer than were taken if it was cleared.
        finished: Whether the segment is over.
    """

    started_at: float
    chunks: list[NDArray[np.int16]] = field(default_factory=list)
    frame_times: list[float] = field(default_factory=list)
    pushed_s: float = 0.0
    played_s: float = 0.0
    finished: bool = False


class RecordingSink(io.AudioOutput):
    """Plays in real time without a listener and keeps what one would have heard.

    Args:
        sample_rate: Rate in Hz that the sink demands.
        num_channels: Channels that the sink expects.
        raise_at: Index of the frame at which `capture_frame` raises, or None.
        hang_at: Index of the frame at which `capture_frame` never returns, or None.
        reports: False for a sink that never reports that it has finished playing.
    """

    def __init__(
        self,
        *,
        sample_rate: int = 24000,
        num_channels: int = 1,
        raise_at: int | None = None,
        hang_at: int | None = None,
        reports: bool = True,
    ) -> None:
        super().__init__(
            label="RecordingSink",
            capabilities=io.AudioOutputCapabilities(pause=True),
            sample_rate=sample_rate,
        )
        self.num_channels = num_channels
        self.segments: list[Segment] = []
        """What was taken, oldest first."""
        self._rate = sample_rate
        self._raise_at = raise_at
        self._hang_at = hang_at
        self._reports = reports
        self._frames = 0
        self._open: Segment | None = None
        self._playing_since: float | None = None
        self._base_s = 0.0
        self._paused = False
        self._finish: asyncio.TimerHandle | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Take a frame and play it after the earlier ones."""
        index = self._frames
        self._frames += 1
        if self._raise_at is not None and index >= self._raise_at:
            raise RuntimeError("the sink is dead")
        if self._hang_at is not None and index >= self._hang_at:
            await asyncio.get_running_loop().create_future()
        await super().capture_frame(frame)
        now = asyncio.get_running_loop().time()
        if self._open is None:
            self._open = Segment(started_at=now)
            self.segments.append(self._open)
            self._base_s = 0.0
            self._playing_since = None if self._paused else now
            self.on_playback_started(created_at=now)
        elif self._playing_since is not None and self._played_s() >= self._open.pushed_s:
            self._base_s, self._playing_since = self._open.pushed_s, now  # it ran dry meanwhile
        self._open.chunks.append(np.frombuffer(frame.data, dtype=np.int16).copy())
        self._open.frame_times.append(now)
        self._open.pushed_s += frame.samples_per_channel / frame.sample_rate

    def flush(self) -> None:
        """End the segment; it is finished once all of it has been played."""
        super().flush()
        if self._open is not None and self._finish is None:
            self._arm()

    def clear_buffer(self) -> None:
        """Stop playing at once."""
        if self._open is not None:
            self._finished(interrupted=True)

    def pause(self) -> None:
        """Pause playback."""
        super().pause()
        if not self._paused:
            self._base_s, self._playing_since = self._played_s(), None
            self._paused = True
            if self._finish is not None:
                self._finish.cancel()

    def resume(self) -> None:
        """Resume playback."""
        super().resume()
        if self._paused:
            self._paused = False
            if self._open is not None:
                self._playing_since = asyncio.get_running_loop().time()
                if self._finish is not None:
                    self._arm()

    @property
    def heard(self) -> NDArray[np.int16]:
        """Everything that was played, one segment after the other; shape (samples * channels,)."""
        return np.concatenate([np.zeros(0, np.int16), *(self._of(s) for s in self.segments)])

    @property
    def heard_s(self) -> float:
        """Seconds of sound that were played."""
        return len(self.heard) / self._rate / self.num_channels

    @property
    def rate(self) -> int:
        """The rate that the sink demands, in Hz."""
        return self._rate

    def sounds(self, since: float) -> list[tuple[float, NDArray[np.int16]]]:
        """Return what was played since a time of the event loop.

        Args:
            since: The time, in seconds.

        Returns:
            For each segment that played after it, the time at which it began or went on, and its
            samples from there on, (samples * channels,).
        """
        found = []
        for segment in self.segments:
            sound, begin = self._of(segment), segment.started_at
            if begin < since:
                skipped = round((since - begin) * self._rate) * self.num_channels
                sound, begin = sound[skipped:], since
            if len(sound):
                found.append((begin, sound))
        return found

    def line(self, *, since: float, until: float) -> NDArray[np.int16]:
        """Return what was heard between two times of the event loop, silence included.

        Args:
            since: The time of the first sample, in seconds.
            until: The time of the last sample, in seconds.

        Returns:
            int16, (samples * channels,).
        """
        total = max(round((until - since) * self._rate), 0) * self.num_channels
        line = np.zeros(total, np.int16)
        for start, sound in self.sounds(since):
            begin = round((start - since) * self._rate) * self.num_channels
            fitting = sound[: max(total - begin, 0)]
            line[begin : begin + len(fitting)] = fitting
        return line

    def write_wav(self, path: str | os.PathLike[str], *, since: float, until: float) -> None:
        """Write what was heard between two event-loop times, silence included.

        Args:
            path: The file to write.
            since: Event-loop time of the first sample.
            until: Event-loop time of the last sample.
        """
        samples = self.line(since=since, until=until)
        write_wav(path, samples, self._rate, self.num_channels)

    def _of(self, segment: Segment) -> NDArray[np.int16]:
        if not segment.chunks:
            return np.zeros(0, np.int16)
        played = segment.played_s if segment is not self._open else self._played_s()
        return np.concatenate(segment.chunks)[: round(played * self._rate) * self.num_channels]

    def _played_s(self) -> float:
        if self._open is None:
            return 0.0
        running = 0.0
        if self._playing_since is not None:
            running = asyncio.get_running_loop().time() - self._playing_since
        return min(self._base_s + running, self._open.pushed_s)

    def _arm(self) -> None:
        if self._finish is not None:
            self._finish.cancel()
        loop = asyncio.get_running_loop()
        left = self._open.pushed_s - self._played_s() if self._open is not None else 0.0
        self._finish = loop.call_later(left, self._finished)
        if self._paused:
            self._finish.cancel()

    def _finished(self, *, interrupted: bool = False) -> None:
        segment = self._open
        if segment is None:
            return
        segment.played_s = self._played_s() if interrupted else segment.pushed_s
        segment.finished = True
        if self._finish is not None:
            self._finish.cancel()
        self._finish = self._open = self._playing_since = None
        if self._reports:
            self.on_playback_finished(playback_position=segment.played_s, interrupted=interrupted)


class StallingSink(RecordingSink):
    """Takes some frames and then hangs: `capture_frame` never returns.

    Args:
        after_frames: How many frames it takes.
        sample_rate: Rate in Hz that the sink demands.
    """

    def __init__(self, after_frames: int = 0, *, sample_rate: int = 24000) -> None:
        super().__init__(sample_rate=sample_rate, hang_at=after_frames)
