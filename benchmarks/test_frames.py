"""Frames handed out when sessions fail together: one clip, 1, 10, 50 playouts at once."""

import pytest
from livekit.rtc import AudioFrame
from peers import OUT_RATE, frames_by_byte_stream
from race import Race, speech

from lastword import Clip

SESSIONS = [1, 10, 50]


@pytest.mark.parametrize("sessions", SESSIONS)
def test_ours(race: Race, sessions: int) -> None:
    clip = Clip.load((speech(1, OUT_RATE), OUT_RATE))
    clip.frames()

    def hand_out(clip: Clip) -> list[list[AudioFrame]]:
        return [clip.frames() for _ in range(sessions)]

    items = sessions * len(clip.frames())
    race.run(f"frames | {sessions} sessions", "ours", hand_out, [clip], rounds=200, items=items)


@pytest.mark.parametrize("sessions", SESSIONS)
def test_byte_stream(race: Race, sessions: int) -> None:
    frames = Clip.load((speech(1, OUT_RATE), OUT_RATE)).frames()
    pcm = b"".join(bytes(frame.data) for frame in frames)

    def hand_out(pcm: bytes) -> list[list[AudioFrame]]:
        return [frames_by_byte_stream(pcm) for _ in range(sessions)]

    group, items = f"frames | {sessions} sessions", sessions * len(frames)
    race.run(group, "AudioByteStream", hand_out, [pcm], rounds=200, items=items)
