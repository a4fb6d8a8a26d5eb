"""A file becomes frames of 24 kHz mono: all that happens before a message can be played."""

from collections.abc import Callable

import pytest
from livekit.rtc import AudioFrame
from peers import frames_by_livekit, frames_by_soxr
from race import FORMATS, Race

from lastword import Clip

NUM_FRAMES = 138  # 6.9 s in frames of 50 ms


def frames_by_us(path: str) -> list[AudioFrame]:
    return Clip.load(path).frames()


@pytest.mark.parametrize("name", FORMATS)
def test_ours(race: Race, clips: Callable[[str], list[str]], name: str) -> None:
    frames = race.run(f"preload | {name}", "ours", frames_by_us, clips(name), rounds=100)
    assert len(frames) == NUM_FRAMES


@pytest.mark.parametrize("name", FORMATS)
def test_soundfile_soxr(race: Race, clips: Callable[[str], list[str]], name: str) -> None:
    frames = race.run(
        f"preload | {name}", "soundfile + soxr HQ", frames_by_soxr, clips(name), rounds=100
    )
    assert len(frames) == NUM_FRAMES


@pytest.mark.parametrize("name", FORMATS)
def test_livekit(race: Race, clips: Callable[[str], list[str]], name: str) -> None:
    frames = race.run(
        f"preload | {name}", "audio_frames_from_file", frames_by_livekit, clips(name), rounds=20
    )
    assert frames
