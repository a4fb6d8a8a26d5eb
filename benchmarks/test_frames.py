"""Measures handing out a clip's frames when 1, 10 or 50 sessions fail together."""

import pytest
from livekit.rtc import AudioFrame
from peers import OUT_RATE, frames_by_byte_stream
from race import Race, speech

from lastword import Clip


@pytest.mark.parametrize("sessions", [1, 10, 50])
def test_frames(race: Race, sessions: int) -> None:
    clip = Clip.load((speech(1, OUT_RATE), OUT_RATE))
    pcm = b"".join(bytes(frame.data) for frame in clip.frames())

    def by_us(clip: Clip) -> list[list[AudioFrame]]:
        return [clip.frames() for _ in range(sessions)]

    def by_byte_stream(_clip: Clip) -> list[list[AudioFrame]]:
        return [frames_by_byte_stream(pcm) for _ in range(sessions)]

    race.run(
        f"frames | {sessions} sessions",
        by_us,
        {"AudioByteStream": by_byte_stream},
        [clip],
        rounds=200,
        items=sessions * len(clip.frames()),
    )
