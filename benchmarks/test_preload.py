"""Measures the preload of a file into frames of 24 kHz mono: all that precedes playing."""

from collections.abc import Callable

import pytest
from livekit.rtc import AudioFrame
from peers import frames_by_livekit, frames_by_soxr
from race import FORMATS, Race

from lastword import Clip

PEERS = {"soundfile + soxr HQ": frames_by_soxr, "audio_frames_from_file": frames_by_livekit}
NUM_FRAMES = 138  # 6.9 s in frames of 50 ms


def frames_by_us(path: str) -> list[AudioFrame]:
    return Clip.load(path).frames()


@pytest.mark.parametrize("name", FORMATS)
def test_preload(race: Race, clips: Callable[[str], list[str]], name: str) -> None:
    frames = race.run(f"preload | {name}", frames_by_us, PEERS, clips(name), rounds=40)
    assert len(frames) == NUM_FRAMES
