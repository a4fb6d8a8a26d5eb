"""Compares what was played with the clip that was to be heard, sample by sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    import lastword
    from lastword.testing.sink import RecordingSink
    from session.fake_line import FakeSource

TOLERANCE_S = 0.001
"""How far the clip may lie from its place."""


def assert_heard(sounds: list[NDArray[np.int16]], clip: lastword.Clip, rate: int) -> None:
    """Raise unless some sounds, one behind the other, are a clip once and nothing else.

    Args:
        sounds: int16, mono, (samples,) each.
        clip: A sweep, no two places of which are alike.
        rate: Of the sounds in Hz.
    """
    heard = np.concatenate([np.zeros(0, np.int16), *sounds])
    padded = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in clip.frames(rate)])
    wanted = padded[: round(clip.duration_s * rate)]
    most = round(TOLERANCE_S * rate)
    assert abs(len(heard) - len(padded)) <= most, (
        f"expected {len(padded)} samples of the clip, got {len(heard)}"
    )
    silence = np.zeros(most, np.int16)
    around = np.concatenate([silence, heard, silence])
    errors = [_error(around[shift : shift + len(wanted)], wanted) for shift in range(2 * most + 1)]
    assert min(errors) <= 1, f"the clip was not heard as it is: {min(errors)} apart at best"


def assert_sink_heard(sink: RecordingSink, clip: lastword.Clip, since: float) -> None:
    """Raise unless a mono sink has played a clip once, and nothing else, from a time on.

    Args:
        sink: What was played into.
        clip: A sweep.
        since: Event-loop time.
    """
    assert_heard([sound for _, sound in sink.sounds(since)], clip, sink.rate)


def pushed(source: FakeSource) -> list[NDArray[np.int16]]:
    """Return what a track of our own was given behind its lead-in, int16, (samples,) each."""
    return [np.frombuffer(frame, np.int16) for frame in source.played[1:]]


def _error(heard: NDArray[np.int16], wanted: NDArray[np.int16]) -> int:
    """The largest difference of two stretches of sound; huge if one is too short."""
    if len(heard) != len(wanted):
        return np.iinfo(np.int16).max
    return int(np.abs(heard.astype(int) - wanted).max())
