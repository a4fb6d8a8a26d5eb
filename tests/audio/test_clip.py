"""A clip is decoded once, shared by content, and gives fresh frames of exactly equal length."""

import io
import pickle
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from lastword.audio.clip import Clip, clear_cache
from lastword.audio.limits import Limits
from lastword.errors import ClipEmptyError, ClipFormatError, ClipLimitError, ClipNotFoundError

if TYPE_CHECKING:
    from lastword.audio.source import Source


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    clear_cache()


def tone(seconds: float = 0.5, rate: int = 24000, channels: int = 1) -> NDArray[np.float32]:
    """Different sines in each channel, (frames, channels)."""
    t = np.arange(round(seconds * rate)) / rate
    return np.stack(
        [0.5 * np.sin(2 * np.pi * (300 + 100 * c) * t) for c in range(channels)], 1
    ).astype(np.float32)


def wav(samples: NDArray[np.float32], rate: int = 24000) -> bytes:
    """A 16-bit WAV file."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def played(clip: Clip, rate: int = 24000, channels: int = 1, ms: int = 50) -> NDArray[np.int16]:
    """What an output gets, (frames, channels)."""
    frames = clip.frames(rate, channels, ms)
    return np.concatenate([np.frombuffer(f.data, np.int16) for f in frames]).reshape(-1, channels)


def test_a_clip_loads_from_everything_that_holds_a_sound(tmp_path: Path) -> None:
    """Path, text path, bytes, file object and samples give the same sound."""
    data = wav(tone())
    path = tmp_path / "clip.wav"
    path.write_bytes(data)
    samples, rate = soundfile.read(path, dtype="int16")
    sources: list[Source] = [
        path,
        str(path),
        data,
        memoryview(data),
        bytearray(data),
        io.BytesIO(data),
    ]
    sources.append((samples, rate))
    for source in sources:
        clip = Clip.load(source)
        assert (clip.duration_s, clip.sample_rate, clip.num_channels) == (0.5, 24000, 1)
        assert np.array_equal(played(clip)[:, 0], samples)


def test_the_last_frame_is_padded_with_silence() -> None:
    """All frames have the same length; what the sound does not fill is zero."""
    clip = Clip.load((np.ones(2500, np.float32) * 0.5, 24000))
    frames = clip.frames()
    assert [f.samples_per_channel for f in frames] == [1200] * 3
    assert [len(f.data) for f in frames] == [1200] * 3
    assert list(np.frombuffer(frames[-1].data, np.int16)) == [16384] * 100 + [0] * 1100


@pytest.mark.parametrize("ms", [10, 20, 37, 50, 100])
@pytest.mark.parametrize("rate", [8000, 11025, 24000, 48000])
def test_frames_have_any_length_of_10_to_100_ms(ms: int, rate: int) -> None:
    """Frames of every length carry the same samples."""
    clip = Clip.load((tone(rate=rate), rate))
    whole = played(clip, rate)[: round(0.5 * rate)]
    frames = clip.frames(rate, 1, ms)
    assert {f.samples_per_channel for f in frames} == {rate * ms // 1000}
    assert np.array_equal(played(clip, rate, 1, ms)[: len(whole)], whole)


@pytest.mark.parametrize("ms", [9, 101, 0, -1])
def test_a_frame_length_beyond_reason_is_refused(ms: int) -> None:
    with pytest.raises(ClipLimitError, match="10 to 100 ms"):
        Clip.load((tone(), 24000)).frames(24000, 1, ms)


@pytest.mark.parametrize("form", [
    (50, 1, 50), (0, 1, 50), (-8000, 1, 50), (2**32, 1, 50), (10**30, 1, 50),
    (24000, 0, 50), (24000, -1, 50), (24000, 33, 50), (24000, 2**59, 50), (24000, 2**63, 50),
    (24000, 1, 2**64),
])  # fmt: skip
def test_a_format_that_no_output_has_is_refused(form: tuple[int, int, int]) -> None:
    """By its error, whatever the compiled side would make of such sizes."""
    with pytest.raises(ClipLimitError, match=r"expected \d+ to \d+ .*, got"):
        Clip.load((tone(), 24000)).frames(*form)


def test_frames_are_bounded_like_sounds() -> None:
    """An hour at 4 kHz is 29 MB; as 32 channels at 384 kHz it would be 88 GB."""
    clip = Clip.load((np.zeros(3600 * 4000, np.int16), 4000))
    with pytest.raises(ClipLimitError, match="frames of at most 345600000 samples"):
        clip.frames(384_000, 32)
    slow = Clip.load((tone(rate=10), 10), limits=Limits(min_rate=10))
    with pytest.raises(ClipLimitError, match=r"factor of 256 .* 10 Hz, got 4000 Hz"):
        slow.frames(4000)


@pytest.mark.parametrize("name", ["sample_rate", "num_channels", "frame_ms"])
@pytest.mark.parametrize("wrong", [50.0, "50", None, np.float64(50)])
def test_a_format_is_of_integers(name: str, wrong: Any) -> None:
    with pytest.raises(TypeError, match=f"{name}: expected an integer"):
        Clip.load((tone(), 24000)).frames(**{name: wrong})


def test_any_integers_give_plain_ones() -> None:
    """What one caller passes is what all later ones share: the cache must hold no other types."""
    clip = Clip.load((tone(0.2), 24000))
    numpy_format = np.int32(24000), np.uint8(1), np.int64(50)
    for form in (numpy_format, (24000, True, 50), (24000, 1, 50)):
        for frame in clip.frames(*form):
            attributes = frame.sample_rate, frame.num_channels, frame.samples_per_channel
            assert attributes == (24000, 1, 1200)
            assert {type(value) for value in attributes} == {int}


def test_channels_are_averaged_down_and_copied_up() -> None:
    """Stereo to mono is the mean; mono to stereo are two copies."""
    stereo = np.array([[0.5, 0.25], [-0.5, 0.5]], np.float32)
    assert list(played(Clip.load((stereo, 24000)))[:2, 0]) == [12288, 0]
    mono = Clip.load((stereo[:, :1], 24000))
    assert played(mono, channels=2)[:2].tolist() == [[16384, 16384], [-16384, -16384]]
    assert played(Clip.load((stereo, 24000)), channels=2)[0].tolist() == [16384, 8192]


def test_another_rate_keeps_the_length_of_the_sound() -> None:
    clip = Clip.load((tone(rate=48000, channels=2), 48000))
    frames = clip.frames(16000, 2, 20)
    assert (len(frames), frames[0].sample_rate, frames[0].num_channels) == (25, 16000, 2)


def test_frames_are_fresh_objects_over_shared_bytes() -> None:
    """The userdata of one playout is not seen by another, and no sample is copied."""
    clip = Clip.load((tone(), 24000))
    first, second = clip.frames(), clip.frames()
    assert not {id(f) for f in first} & {id(f) for f in second}
    assert all(a.data.obj is b.data.obj for a, b in zip(first, second, strict=True))


def test_the_same_content_is_one_sound() -> None:
    """Loading again, from elsewhere and with other words, shares the samples and the frames."""
    data = wav(tone())
    one = Clip.load(data, transcript="one")
    two = Clip.load(io.BytesIO(data), transcript="two")
    assert one.frames()[0].data.obj is two.frames()[0].data.obj
    assert (one.transcript, two.transcript) == ("one", "two")
    assert one != two
    assert one == Clip.load(data, transcript="one")


def test_clear_cache_forgets_what_no_clip_uses() -> None:
    data = wav(tone())
    kept = Clip.load(data)
    clear_cache()
    assert Clip.load(data).frames()[0].data.obj is kept.frames()[0].data.obj


def test_threads_that_load_at_once_share_the_work() -> None:
    """Eight threads loading and preparing one file end with the same bytes."""
    data = wav(tone(2.0))
    start = threading.Barrier(8)
    got: list[object] = []

    def load() -> None:
        start.wait(10)
        got.append(Clip.load(data).frames(16000)[0].data.obj)

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(got) == 8
    assert len({id(obj) for obj in got}) == 1


def test_a_clip_cannot_be_changed() -> None:
    """Neither its fields, nor its samples through the array that it was made of."""
    samples = tone()
    clip = Clip.load((samples, 24000))
    samples[:] = 0
    assert played(clip).any()
    with pytest.raises(AttributeError):
        clip.transcript = "other"  # type: ignore[misc]


def test_a_clip_survives_pickling() -> None:
    clip = Clip.load(wav(tone()), transcript="Sorry.", language="en")
    copy = pickle.loads(pickle.dumps(clip))  # noqa: S301 - our own
    assert copy == clip
    assert np.array_equal(played(copy), played(clip))


def test_clipped_samples_are_counted_and_warned_about_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Values beyond full scale saturate; one warning per clip says how many there were."""
    clip = Clip.load((np.array([1.5, -1.5, 1.0, -1.0, 0.0], np.float32), 24000))
    assert list(played(clip)[:5, 0]) == [32767, -32768, 32767, -32768, 0]
    clip.frames(24000, 2)
    (record,) = caplog.records
    assert record.__dict__["clipped_samples"] == 2


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ClipNotFoundError, match=r"found nothing at .*none\.wav"):
        Clip.load(tmp_path / "none.wav")
    with pytest.raises(FileNotFoundError):
        Clip.load(tmp_path / "none.wav")


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    """Each refusal is an error of the tree that says what was expected and what came."""
    with pytest.raises(ClipEmptyError, match="no bytes"):
        Clip.load(b"")
    with pytest.raises(ClipEmptyError, match="without samples"):
        Clip.load(wav(tone(0.0)))
    with pytest.raises(ClipFormatError, match=r"Tried FFmpeg: "):
        Clip.load(b"no sound at all, sorry")
    with pytest.raises(ClipFormatError, match=r"Tried libsndfile: .*FFmpeg: "):
        Clip.load(b"OggS\0\2 and nothing else")
    with pytest.raises(ClipFormatError, match="IsADirectoryError"):
        Clip.load(tmp_path)
    with pytest.raises(ClipFormatError, match="mode 'rb'"):
        Clip.load(io.StringIO("text"))  # type: ignore[arg-type]
    with pytest.raises(ClipFormatError, match="got int"):
        Clip.load(3)  # type: ignore[arg-type]
    for samples in ([[0.1], [0.1, 0.2]], ["text"], None, object()):
        with pytest.raises(ClipFormatError, match="expected"):
            Clip.load((samples, 24000))  # type: ignore[arg-type]
    for pair in ((tone(),), (tone(), "24000"), (tone(), [24000]), ()):
        with pytest.raises(ClipFormatError, match=r"expected \(samples, sample_rate\)"):
            Clip.load(pair)  # type: ignore[arg-type]
    with pytest.raises(ClipFormatError, match="NaN or infinity"):
        Clip.load((np.array([0.0, np.nan], np.float32), 24000))
    with pytest.raises(ClipLimitError, match="4000 to 384000 Hz, got 100 Hz"):
        Clip.load((tone(), 100))
