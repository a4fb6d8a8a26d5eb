"""Owns the ready frames of one format. Of LiveKit it knows `livekit.rtc.AudioFrame` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from livekit.rtc import AudioFrame

from lastword.errors import ClipLimitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MIN_FRAME_MS = 10
"""WebRTC's own frame: nothing in LiveKit takes less."""
MAX_FRAME_MS = 100
"""Longer frames only delay what they carry; RoomIO's are 50 ms."""


class Format(NamedTuple):
    """What an output takes.

    Attributes:
        sample_rate: In Hz.
        num_channels: Interleaved.
        samples_per_channel: Length of one frame.
    """

    sample_rate: int
    num_channels: int
    samples_per_channel: int

    @classmethod
    def of(cls, sample_rate: int, num_channels: int, frame_ms: int) -> Format:
        """Check a wish and work out the length of its frames.

        Raises:
            ClipLimitError: No output has such a format.
        """
        if sample_rate < 1 or num_channels < 1:
            raise ClipLimitError(
                "expected a sample rate and a number of channels of at least 1, "
                f"got {sample_rate} Hz and {num_channels}"
            )
        if not MIN_FRAME_MS <= frame_ms <= MAX_FRAME_MS:
            raise ClipLimitError(
                f"expected frames of {MIN_FRAME_MS} to {MAX_FRAME_MS} ms, got {frame_ms} ms"
            )
        return cls(sample_rate, num_channels, max(1, sample_rate * frame_ms // 1000))


class Frames:
    """The int16 contents of all frames of a sound, and fresh frame objects over them.

    The constructor of `AudioFrame` (livekit 1.1) spends 0.4 us on checks that every frame of a
    clip would pass again at each playout. So it runs once per frame, here; later frames take over
    its attributes. Only `userdata` is a new dict each time: handlers may write to it.

    Attributes:
        contents: One `bytes` per frame.
        length: Samples per channel without the silence that pads the last frame.
    """

    __slots__ = ("_attributes", "_format", "_userdata_name", "contents", "length")

    def __init__(self, wanted: Format, contents: Sequence[bytes], length: int) -> None:
        self._format = wanted
        self.contents = tuple(contents)
        self.length = length
        built = [AudioFrame(data, *wanted) for data in self.contents]
        self._attributes = [vars(frame) for frame in built]
        self._userdata_name = _name_of_userdata(built[0]) if built else None

    @property
    def nbytes(self) -> int:
        """Memory of the contents, in bytes."""
        return sum(len(data) for data in self.contents)

    def samples(self) -> NDArray[np.int16]:
        """Give the samples in one piece, int16 (frames, channels), without the padding."""
        whole = np.frombuffer(b"".join(self.contents), np.int16)
        return whole.reshape(-1, self._format.num_channels)[: self.length]

    def fresh(self) -> list[AudioFrame]:
        """Build frame objects for one playout."""
        name = self._userdata_name
        if name is None:
            return [AudioFrame(data, *self._format) for data in self.contents]
        frames = []
        for attributes in self._attributes:
            frame = AudioFrame.__new__(AudioFrame)
            own = attributes.copy()
            own[name] = {}
            frame.__dict__ = own
            frames.append(frame)
        return frames


def _name_of_userdata(frame: AudioFrame) -> str | None:
    """Find the attribute that holds `userdata`; `None` if frames must be built the usual way."""
    attributes: dict[str, Any] = getattr(frame, "__dict__", {})
    names = [name for name, value in attributes.items() if value is frame.userdata]
    return names[0] if len(names) == 1 else None
