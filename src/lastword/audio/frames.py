"""Builds ready frames of one format. Of LiveKit it knows only `livekit.rtc.AudioFrame`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, overload

from livekit.rtc import AudioFrame

from lastword.errors import ClipLimitError

from .counts import count
from .limits import DEFAULT_LIMITS

MIN_FRAME_MS = 10
"""Length of WebRTC's own frames; nothing in LiveKit takes shorter ones."""
MAX_FRAME_MS = 100
"""Longer frames only delay their content; RoomIO's are 50 ms."""


class Format(NamedTuple):
    """The frame format that an output takes.

    Attributes:
        sample_rate: In Hz.
        num_channels: Number of interleaved channels.
        samples_per_channel: Length of one frame.
    """

    sample_rate: int
    num_channels: int
    samples_per_channel: int

    @classmethod
    def of(cls, sample_rate: int, num_channels: int, frame_ms: int) -> Format:
        """Check a wanted format and compute the length of its frames.

        Raises:
            ClipLimitError: One of the three is out of range.
            TypeError: One of the three is not an integer.
        """
        least, most = DEFAULT_LIMITS.min_rate, DEFAULT_LIMITS.max_rate
        rate = _within("sample_rate", sample_rate, least, most, "Hz")
        channels = _within("num_channels", num_channels, 1, DEFAULT_LIMITS.max_channels, "channels")
        length_ms = _within("frame_ms", frame_ms, MIN_FRAME_MS, MAX_FRAME_MS, "ms")
        return cls(rate, channels, rate * length_ms // 1000)


def _within(name: str, value: int, least: int, most: int, unit: str) -> int:
    number = count(name, value, unit)
    if not least <= number <= most:
        raise ClipLimitError(
            f"{name}: expected {least} to {most} {unit}, as outputs take, got {number} {unit}"
        )
    return number


class Frames:
    """The int16 contents of all frames of a sound, and fresh frame objects over them.

    Attributes:
        contents: One `bytes` per frame, all of the same length.
        length: Samples per channel, without the silence that pads the last frame.
        build: Builds one frame object over contents of this format.
    """

    __slots__ = ("_frame_bytes", "build", "contents", "length")

    def __init__(self, wanted: Format, contents: Sequence[bytes], length: int) -> None:
        self.contents = contents
        self.length = length
        self.build = _builder(wanted)
        self._frame_bytes = 2 * wanted.num_channels * wanted.samples_per_channel

    @property
    def nbytes(self) -> int:
        """Bytes of all samples, with the padding of the last frame."""
        return len(self.contents) * self._frame_bytes

    def fresh(self) -> list[AudioFrame]:
        """Build frame objects for one playout."""
        build = self.build
        return [build(data) for data in self.contents]


class FramesOnDemand(Sequence[AudioFrame]):
    """Frames for one playout, each built when it is asked for; slices build nothing."""

    __slots__ = ("_contents", "_frames")

    def __init__(self, frames: Frames, contents: Sequence[bytes] | None = None) -> None:
        self._frames = frames
        self._contents = frames.contents if contents is None else contents

    def __len__(self) -> int:
        return len(self._contents)

    @overload
    def __getitem__(self, index: int) -> AudioFrame: ...
    @overload
    def __getitem__(self, index: slice) -> FramesOnDemand: ...
    def __getitem__(self, index: int | slice) -> AudioFrame | FramesOnDemand:
        if isinstance(index, slice):
            return FramesOnDemand(self._frames, self._contents[index])
        return self._frames.build(self._contents[index])


@functools.lru_cache(maxsize=32)
def _builder(wanted: Format) -> Callable[[bytes], AudioFrame]:
    """Return a function that builds a frame of a format over its bytes.

    The constructor of `AudioFrame` (livekit 1.1) spends 0.4 us on checks that all frames of a clip
    pass alike. It runs once here; the other frames copy its attributes, with their own contents and
    their own `userdata`, which handlers may write to. Each attribute is set separately and in the
    constructor's order: CPython then keeps them in the object and makes no dictionary, which halves
    the time.
    """
    contents = bytes(2 * wanted.num_channels * wanted.samples_per_channel)
    built = AudioFrame(contents, *wanted)
    attributes = getattr(built, "__dict__", {})
    own = {_attribute_with(contents, attributes): "data"}
    own[_attribute_with(built.userdata, attributes)] = "{}"
    if None in own or not all(name.isidentifier() for name in attributes):
        return lambda data: AudioFrame(data, *wanted)  # a livekit that stores them differently
    shared = {f"value_{n}": value for n, value in enumerate(attributes.values())}
    lines = [
        f" frame.{name} = {own.get(name, value)}"
        for name, value in zip(attributes, shared, strict=True)
    ]
    scope = {"new": AudioFrame.__new__, "kind": AudioFrame, **shared}
    code = ["def build(data):", " frame = new(kind)", *lines, " return frame"]
    exec("\n".join(code), scope)  # noqa: S102 - only attribute names, as dataclasses do
    build: Callable[[bytes], AudioFrame] = scope["build"]
    return build


def _attribute_with(value: object, attributes: dict[str, Any]) -> str | None:
    """Return the only attribute that holds this very object; `None` if there is not just one."""
    names = [name for name, held in attributes.items() if held is value]
    return names[0] if len(names) == 1 else None
