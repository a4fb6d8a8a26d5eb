"""Frames of a later playout are what the constructor of AudioFrame builds, and nobody else's."""

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


def test_frames_that_hold_userdata_otherwise_come_from_the_constructor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A livekit with another layout costs speed, nothing else."""
    monkeypatch.setattr(frames_module, "_attribute_with", lambda _value, _attributes: None)
    frames = Frames(FORMAT, CONTENTS, 3600).fresh()
    assert [bytes(frame.data) for frame in frames] == CONTENTS
    assert frames[0].userdata is not frames[1].userdata


def test_another_frame_length_cuts_the_same_samples_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound is resampled once per rate, whatever the frames' length."""
    clip = Clip.load((np.arange(-4000, 4000, dtype=np.int16), 8000))
    whole = np.concatenate([np.frombuffer(f.data, np.int16) for f in clip.frames()])[:24000]
    monkeypatch.setattr("lastword.audio.sound.resample", None)
    for ms in (10, 20, 37):
        again = np.concatenate([np.frombuffer(f.data, np.int16) for f in clip.frames(frame_ms=ms)])
        assert np.array_equal(again[:24000], whole)
        assert not again[24000:].any()


def test_a_sound_shorter_than_a_sample_of_the_output_has_no_frames() -> None:
    clip = Clip.load((np.ones(1, np.int16), 48000))
    assert clip.frames(8000) == []
