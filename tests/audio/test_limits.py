"""A sound beyond a limit is refused before it takes the memory, whoever decodes it."""

import io
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audio.files import chunk, encoded, pcm_format, riff, sweep, written
from lastword.audio.clip import Clip
from lastword.audio.decode import decode
from lastword.audio.gathered import Gathered
from lastword.audio.limits import DEFAULT_LIMITS, Limits
from lastword.audio.sink import Opening
from lastword.errors import ClipFormatError, ClipLimitError

FIVE_S = np.zeros((240_000, 2), np.float32)
FORMATS = {
    "wav": lambda: written(FIVE_S, 48000, "WAV", "FLOAT"),
    "flac": lambda: written(FIVE_S, 48000, "FLAC", "PCM_16"),
    "vorbis": lambda: written(FIVE_S, 48000, "OGG", "VORBIS"),
    "mp3": lambda: written(FIVE_S, 48000, "MP3", "MPEG_LAYER_III"),
    "opus": lambda: encoded(FIVE_S, 48000, "libopus", "ogg"),
    "m4a": lambda: encoded(FIVE_S, 48000, "aac", "mp4"),
}


def peak_bytes(work: Callable[[], object]) -> int:
    """What some work takes at most, of Python's and numpy's memory."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# --- the product of length and channels --------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_the_samples_of_all_channels_are_bounded(name: str) -> None:
    """No other limit is exceeded, and what is refused is not decoded first."""
    data = FORMATS[name]()
    decode(data)  # imports the decoder

    def refuse() -> None:
        with pytest.raises(
            ClipLimitError, match="at most 100000 samples in all channels"
        ) as caught:
            decode(data, limits=Limits(max_samples=100_000))
        assert caught.value.limit == "max_samples"

    assert peak_bytes(refuse) < FIVE_S.nbytes // 2 + len(data)


def test_samples_are_bounded_before_they_are_copied() -> None:
    endless = np.broadcast_to(np.float32(0), (100_000_000, 4))
    with pytest.raises(ClipLimitError, match=r"got 400000000 \(4 channels, 48000 Hz\)"):
        decode((endless, 48000))


def test_an_hour_of_48_khz_stereo_is_within_the_limits() -> None:
    DEFAULT_LIMITS.check(3600 * 48_000, 2, 48_000, "an hour")
    with pytest.raises(ClipLimitError, match="samples in all channels"):
        DEFAULT_LIMITS.check(3600 * 48_000, 3, 48_000, "an hour")


@pytest.mark.parametrize(("field", "sound"), [
    ("max_duration_s", (48_000 * 3601, 1, 48_000)),
    ("max_channels", (10, 33, 48_000)),
    ("min_rate", (10, 1, 3_999)),
    ("max_rate", (10, 1, 384_001)),
    ("max_samples", (48_000 * 3600, 3, 48_000)),
])  # fmt: skip
def test_an_error_names_the_limit(field: str, sound: tuple[int, int, int]) -> None:
    with pytest.raises(ClipLimitError) as caught:
        DEFAULT_LIMITS.check(*sound, "a.flac")
    assert (caught.value.limit, caught.value.source) == (field, "a.flac")


def test_ffmpeg_takes_little_more_than_the_samples() -> None:
    """Packet by packet, and put together without a second copy."""
    num_frames = 48_000 * 60
    data = encoded(np.zeros((num_frames, 2), np.float32), 48000, "libopus", "ogg")
    assert peak_bytes(lambda: decode(data)) < 1.3 * num_frames * 2 * 4


@pytest.mark.parametrize("lengths", [[1], [3, 4, 1], [8, 8], [30], [0, 5, 0, 6]])
def test_gathered_pieces_are_the_whole(lengths: list[int]) -> None:
    """Wherever they come from: each on its own, or decoded into the array that awaits them."""
    pieces = [sweep(length, 8000, 2) for length in lengths]
    apart = Gathered(Opening(8000, 2, np.float32))
    inside = Gathered(Opening(8000, 2, np.float32, num_frames=sum(lengths) + 3))
    for piece in pieces:
        apart.add(piece)
        room = inside.room()[: len(piece)]
        room[:] = piece
        inside.add(room)
    for together in (apart, inside):
        assert together.num_frames == sum(lengths)
        assert np.array_equal(together.recording().samples, np.concatenate(pieces))


# --- the bytes of a file -----------------------------------------------------------------------


def test_a_file_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.wav"
    with path.open("wb") as file:
        file.write(riff(chunk(b"fmt ", pcm_format())))
        file.truncate(8 * 2**30)  # sparse: it takes no disk either

    def refuse() -> None:
        with pytest.raises(
            ClipLimitError, match=r"at most 1382400000 bytes, got 8589934592: .*huge"
        ):
            Clip.load(path)

    assert peak_bytes(refuse) < 2**20


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    """Also a FIFO that nobody writes to, which would be waited for without an end."""
    fifo = tmp_path / "fifo.wav"
    os.mkfifo(fifo)
    for path in (fifo, Path("/dev/zero")):
        with pytest.raises(ClipFormatError, match=f"regular file, .* device: {path}"):
            Clip.load(path)


def test_a_file_object_without_an_end_is_left_at_the_limit() -> None:
    with (
        Path("/dev/zero").open("rb") as endless,
        pytest.raises(
            ClipLimitError, match="at most 3000000 bytes, got at least 3145728: /dev/zero"
        ),
    ):
        decode(endless, limits=Limits(max_file_bytes=3_000_000))
    with pytest.raises(ClipLimitError, match="at most 10 bytes, got 11: bytes"):
        decode(bytes(11), limits=Limits(max_file_bytes=10))


def test_a_file_object_may_give_less_than_it_is_asked_for() -> None:
    """A raw pipe does."""

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 100))

    data = written(sweep(1000, 8000), 8000, "WAV", "PCM_16")
    assert np.array_equal(decode(Slow(data)).samples, decode(data).samples)
