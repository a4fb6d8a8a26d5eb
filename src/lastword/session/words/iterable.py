"""Makes a clip of an async iterable of frames, within a time limit. Knows no session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
from livekit import rtc

from ...audio.clip import Clip
from ...bounded import ends
from ...errors import MessageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

TIMEOUT_S = 10.0
"""How long an iterable may take in all, in seconds."""


async def clip_of_frames(
    frames: AsyncIterable[rtc.AudioFrame], *, max_s: float, timeout_s: float = TIMEOUT_S
) -> Clip:
    """Make a clip of all frames of an async iterable.

    Args:
        frames: Frames of one rate and channel count.
        max_s: The longest sound accepted, in seconds.
        timeout_s: Bound of the whole call, in seconds.

    Returns:
        The sound.

    Raises:
        MessageError: It hangs, raises, was used up before, is too long, or yields anything but
            frames of one rate and channel count.
    """
    task = asyncio.create_task(_collect(frames, max_s), name="lastword_iterable")
    if await ends(task, timeout_s=timeout_s):
        return task.result()
    raise MessageError(
        f"expected an async iterable of frames to end within {timeout_s:.1f} s, it goes on; "
        "collect it before, or give a file"
    )


async def _collect(frames: AsyncIterable[rtc.AudioFrame], max_s: float) -> Clip:
    taken: list[rtc.AudioFrame] = []
    left_s = max_s
    try:
        async for frame in frames:
            _check(frame, taken)
            taken.append(frame)
            left_s -= frame.duration
            if left_s < 0:
                break
    except MessageError:
        raise
    except Exception as error:
        raise MessageError(
            f"expected an async iterable of frames, it raised {type(error).__name__}"
        ) from error
    if not taken:
        raise MessageError(
            "expected an async iterable with frames, it gave none; a generator can be used once"
        )
    if left_s < 0:
        raise MessageError(
            f"expected at most {max_s:.1f} s of frames, more came; raise max_message_s"
        )
    pcm = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in taken])
    return Clip.load((pcm.reshape(-1, taken[0].num_channels), taken[0].sample_rate))


def _check(frame: object, taken: list[rtc.AudioFrame]) -> None:
    if not isinstance(frame, rtc.AudioFrame):
        raise MessageError(f"expected AudioFrames, the iterable gave {type(frame).__name__}")
    form = (frame.sample_rate, frame.num_channels)
    if taken and form != (taken[0].sample_rate, taken[0].num_channels):
        raise MessageError(
            f"expected frames of one rate and channel count, got {form} after "
            f"{(taken[0].sample_rate, taken[0].num_channels)}"
        )
