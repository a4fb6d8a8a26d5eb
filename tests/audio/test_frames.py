"""Frames of a later playout are what the constructor of AudioFrame builds, and nobody else's."""

from typing import Any

import numpy as np
import pytest
from livekit.rtc import AudioFrame

from lastword.audio import frames as frames_module
from lastword.audio.clip import Clip
from lastword.audio.frames import Format, Frames

FORMAT = Format.of(24000, 1, 50)
CONTENTS = [np.full(1200, value, np.int16).tobytes() for value in (1, 2, 3)]


def test_fresh_frames_are_as_the_constructor_builds_them() -> None:
    """Every attribute and property is equal, in a newly made object of the same class."""
    for frame, data in zip(Frames(FORMAT, CONTENTS, 3600).fresh(), CONTENTS, strict=True):
        built = AudioFrame(data, 24000, 1, 1200)
        assert type(frame) is AudioFrame
        assert vars(frame) == vars(built)
        assert (frame.duration, frame.userdata) == (built.duration, {})
        assert bytes(frame.data) == data
        assert np.frombuffer(frame.data, np.int16).tobytes() == data


def test_userdata_belongs_to_one_frame_of_one_playout() -> None:
    ready = Frames(FORMAT, CONTENTS, 3600)
    ready.fresh()[0].userdata["seen"] = True
    assert [frame.userdata for frame in ready.fresh()] == [{}, {}, {}]


def test_attributes_lie_in_the_order_of_the_constructor() -> None:
    """CPython shares the layout of objects that were filled in one order."""
    (frame,) = Frames(FORMAT, CONTENTS[:1], 1200).fresh()
    assert list(vars(frame)) == list(vars(AudioFrame(CONTENTS[0], 24000, 1, 1200)))


class Slotted:
    """As a livekit might be that keeps the parts of a frame otherwise."""

    __slots__ = ("parts", "userdata")

    def __init__(self, *parts: object) -> None:
        self.parts = parts
        self.userdata: dict[str, object] = {}


def test_frames_of_another_livekit_come_from_the_constructor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another layout costs speed, nothing else."""
    monkeypatch.setattr(frames_module, "AudioFrame", Slotted)
    build: Any = frames_module._builder.__wrapped__(FORMAT)
    first, second = build(CONTENTS[0]), build(CONTENTS[1])
    assert (first.parts, second.parts) == ((CONTENTS[0], *FORMAT), (CONTENTS[1], *FORMAT))
    assert first.userdata is not second.userdata


def test_another_frame_length_cuts_the_same_samples_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound is resampled once per rate, whatever the frames' length."""
    clip = Clip.load((np.arange(-4000, 4000, dtype=np.int16), 8000))
    whole = np.concatenate([np.frombuffer(f.data, np.int16) for f in clip.frames()])[:24000]
    monkeypatch.setattr("lastword.audio.origin.Origin.pour", None)
    for ms in (10, 20, 37):
        again = np.concatenate([np.frombuffer(f.data, np.int16) for f in clip.frames(frame_ms=ms)])
        assert np.array_equal(again[:24000], whole)
        assert not again[24000:].any()


def test_a_sound_shorter_than_a_sample_of_the_output_has_no_frames() -> None:
    clip = Clip.load((np.ones(1, np.int16), 48000))
    assert clip.frames(8000) == []
