"""WAV files are read as the world writes them, and refused where they contradict themselves."""

import struct
from pathlib import Path

import numpy as np
import pytest

from audio.files import chunk, libsndfile, pcm_format, riff, sweep, written
from lastword.audio.decode import decode
from lastword.errors import ClipEmptyError, ClipFormatError

STEP = 1 / 32768
FMT = chunk(b"fmt ", pcm_format())
DATA = struct.pack("<4h", 1, 2, 3, 4)


def steps(data: bytes) -> list[float]:
    """The samples of the first channel, in steps of 16 bits."""
    return [float(x / STEP) for x in decode(data).samples[:, 0]]


@pytest.mark.parametrize(
    "file",
    [
        riff(FMT, chunk(b"data", DATA)),
        riff(chunk(b"LIST", b"abc"), FMT, chunk(b"bext", b"x" * 603), chunk(b"data", DATA)),
        riff(chunk(b"id3 ", b"abc", pad=False), FMT, chunk(b"data", DATA)),
        riff(chunk(b"data", DATA), FMT),
        riff(chunk(b"data", DATA), chunk(b"LIST", b"abc"), FMT, chunk(b"smpl", b"z" * 36)),
        riff(FMT, chunk(b"data", DATA), chunk(b"data", b"\1\1"), FMT),
        riff(FMT, struct.pack("<4sI", b"data", 0) + DATA),
        riff(FMT, struct.pack("<4sI", b"data", 0xFFFFFFFF) + DATA, size=0xFFFFFFFF),
        riff(FMT, chunk(b"data", DATA), size=0),
        riff(FMT, chunk(b"data", DATA)) + b"\0",
        riff(
            chunk(b"ds64", struct.pack("<QQQI", 0, len(DATA), 4, 0)),
            FMT,
            struct.pack("<4sI", b"data", 0xFFFFFFFF) + DATA,
            chunk(b"LIST", b"abcd"),
            form=b"RF64",
            size=0xFFFFFFFF,
        ),
        riff(
            chunk(b"ds64", struct.pack("<QQQI", 0, len(DATA), 4, 0)),
            FMT,
            struct.pack("<4sI", b"data", 0xFFFFFFFF) + DATA,
            form=b"BW64",
        ),
    ],
    ids=["plain", "chunks before", "pad left out", "data first", "data first, more chunks",
         "second data", "size 0", "size unknown", "riff size 0", "pad at end", "RF64", "BW64"],
)  # fmt: skip
def test_a_wav_is_read_however_it_was_written(
    file: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert steps(file) == [1, 2, 3, 4]
    assert not caplog.records


def test_a_truncated_wav_gives_what_is_there_and_says_what_is_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(riff(FMT, struct.pack("<4sI", b"data", 1000) + DATA + b"\5"))
    assert decode(path).samples.shape == (4, 1)
    (record,) = caplog.records
    assert record.__dict__["missing_bytes"] == 991
    assert record.__dict__["source"] == str(path)


def test_samples_of_12_and_20_bits_count_from_the_top() -> None:
    """WAVE_FORMAT_EXTENSIBLE: fewer valid bits than the container has."""
    tail = bytes.fromhex("000000001000800000aa00389b71")
    extra = struct.pack("<HHIH", 22, 20, 4, 1) + tail
    fmt = bytearray(pcm_format(0xFFFE, sample_bytes=3, extra=extra))
    file = riff(chunk(b"fmt ", bytes(fmt)), chunk(b"data", b"\x00\x00\x40\x00\x00\xc0"))
    assert decode(file).samples[:, 0].tolist() == [0.5, -0.5]


def test_a_wav_with_a_codec_goes_to_libsndfile() -> None:
    data = written(sweep(8000, 8000), 8000, "WAV", "IMA_ADPCM")
    assert np.array_equal(decode(data).samples, libsndfile(data))


@pytest.mark.parametrize(
    ("file", "error", "says"),
    [
        (riff(FMT), ClipFormatError, "WAV: it has no 'data' chunk"),
        (riff(chunk(b"data", DATA)), ClipFormatError, "WAV: it has no 'fmt ' chunk"),
        (riff(chunk(b"fmt ", b"1"), chunk(b"data", DATA)), ClipFormatError, "contradicts itself"),
        (riff(FMT, chunk(b"data", b"")), ClipEmptyError, "without samples"),
        (riff(FMT, chunk(b"data", b""), chunk(b"LIST", b"abcd")), ClipEmptyError, "without"),
        (riff(FMT, chunk(b"data", b"\1")), ClipEmptyError, "without samples"),
        (b"RIFF", ClipFormatError, "no decoder reads bytes"),
    ],
)
def test_a_broken_wav_is_refused(file: bytes, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        decode(file)
