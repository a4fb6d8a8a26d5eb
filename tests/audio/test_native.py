"""The extension against its pure Python twins, on generated input."""

import importlib.machinery
import io
import random
import struct
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio.files import chunk, pcm_format, riff
from fuzz.native_calls import Calls
from fuzz.riff_mutations import mutation
from lastword.audio import _native
from reference import digest, pcm, wav

ENCODINGS = ["u8", "s16", "s24", "s32", "f32", "f64", "alaw", "mulaw"]  # as pcm_encoding counts
PROBLEMS = {"no format": "no 'fmt '", "no data": "no 'data'", "bad format": "contradicts"}

names = st.sampled_from([b"fmt ", b"data", b"LIST", b"ds64", b"fact", b"\0\1\2\3"])
formats = st.builds(
    pcm_format,
    st.sampled_from([1, 3, 6, 7, 0xFFFE, 2]),
    st.integers(0, 3),
    st.sampled_from([0, 8000, 48000]),
    st.sampled_from([1, 2, 3, 4, 8]),
    st.sampled_from([b"", b"\0\0", struct.pack("<HHIH", 22, 16, 4, 1) + wav.TAIL]),
)
chunks = st.one_of(
    st.builds(chunk, names, st.binary(max_size=40), pad=st.booleans()),
    st.builds(chunk, st.just(b"fmt "), formats),
    st.builds(
        lambda size, contents: struct.pack("<4sI", b"data", size) + contents,
        st.sampled_from([0, 5, 1000, 0x7FFF0000, 0x7FFEFFFF, 0xFFFFFFFF]),
        st.binary(max_size=40),
    ),
)
one_wav = st.builds(
    lambda parts, form, size, cut: riff(*parts, form=form, size=size)[: cut or None],
    st.lists(chunks, max_size=5),
    st.sampled_from([b"RIFF", b"RF64", b"BW64"]),
    st.sampled_from([None, None, 0, 52, 0xFFFFFFFF]),
    st.integers(-4, 60),
)
wav_files = st.one_of(
    one_wav,
    st.builds(b"".join, st.lists(one_wav, max_size=3)),
    st.builds(mutation, st.just(0), st.integers(0, 2**32)),
)


def test_the_compiled_module_is_loaded() -> None:
    """There is no twin in the package that could stand in silently."""
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    assert _native.__file__ is not None
    assert _native.__file__.endswith(suffixes)


def test_without_the_compiled_module_the_import_names_the_build_command() -> None:
    code = "import sys; sys.modules['lastword.audio._native'] = None; import lastword.audio.clip"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError: the compiled module lastword.audio._native is missing" in done.stderr
    assert "python setup.py build_ext --inplace" in done.stderr


@given(wav_files | st.binary(max_size=64))
@example(riff(chunk(b"fmt ", pcm_format()), struct.pack("<4sI", b"data", 0) + b"\1\2"))
@example(b"RIFF\0\0\0\0WAVEdata\0\0\0\0fmt \0\0\0\0BW64\0\0\0\0WAVE")
def test_wav_parse_equals_its_twin(file: bytes) -> None:
    """The same samples found, or the same fault."""
    want = wav.parse(file)
    if isinstance(want, str):
        with pytest.raises(_native.WavError, match=PROBLEMS[want]):
            _native.wav_parse(file)
        return
    got = _native.wav_parse(file)
    if want is None:
        assert got is None
        return
    assert got is not None
    encoding = "" if got[0] == _native.OTHER_CODEC else ENCODINGS[got[0]]
    assert wav.Layout(encoding, *got[1:]) == want


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(data=st.data())
def test_wav_decode_equals_its_twin(encoding: str, data: st.DataObject) -> None:
    """Bit for bit, from any place of the file."""
    size = pcm.SIZES[encoding]
    content = data.draw(st.binary(max_size=40 * size).map(lambda b: b[: len(b) // size * size]))
    offset = data.draw(st.integers(0, 9))
    out = np.empty(len(content) // size, np.float32)
    _native.wav_decode(b"x" * offset + content, ENCODINGS.index(encoding), offset, out)
    want = np.array(pcm.decode(content, encoding), np.float32)
    assert np.array_equal(out, want, equal_nan=True)


def test_wav_decode_refuses_to_read_beyond_the_data() -> None:
    for offset in (0, 1, 100, 2**62):
        with pytest.raises(ValueError, match="as many samples as the data holds"):
            _native.wav_decode(b"abcd", 1, offset, np.empty(3, np.float32))


values = st.floats(-1.5, 1.5, width=32) | st.integers(-70000, 70000).map(lambda i: i / 65536)


def framed(
    samples: NDArray[Any], num_channels: int, length: int, resampler: Any = None, pieces: int = 2
) -> tuple[list[bytes], int, int]:
    """Frames of a sound that comes in so many pieces, some of them empty."""
    is_float = samples.dtype == np.float32
    framer = _native.Framer(samples.shape[1], is_float, resampler, num_channels, length)
    for piece in np.array_split(samples, pieces):
        framer.push(piece)
    return framer.end()


@given(st.lists(values, max_size=64), st.integers(1, 3), st.integers(1, 3), st.integers(1, 20))
def test_cut_equals_its_twin(
    flat: list[float], channels: int, num_channels: int, length: int
) -> None:
    """Rounded half to even, saturated, padded, and every value beyond full scale counted."""
    rows = [flat[i : i + channels] for i in range(0, len(flat) // channels * channels, channels)]
    samples = np.array(rows, np.float32).reshape(-1, channels)
    if channels not in (1, num_channels):
        rows = [[pcm.f32(sum(map(Fraction, row)) / channels)] for row in rows]
    frames, clipped = pcm.cut(rows, num_channels, length)
    assert framed(samples, num_channels, length) == (frames, len(rows), clipped)


@given(st.lists(st.integers(-32768, 32767), max_size=64), st.integers(1, 3), st.integers(1, 20))
def test_cutting_int16_copies_it(flat: list[int], num_channels: int, length: int) -> None:
    samples = np.array(flat, np.int16).reshape(-1, 1)
    rows = [[x / 32768] for x in flat]
    frames, _ = pcm.cut(rows, num_channels, length)
    assert framed(samples, num_channels, length) == (frames, len(rows), 0)


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=48), st.integers(1, 5))
def test_mix_is_the_mean_of_the_channels(flat: list[int], channels: int) -> None:
    """int16 and float32 of the same sound give the same mean, rounded once."""
    flat += [0] * (-len(flat) % channels)
    samples = np.array(flat, np.int16).reshape(-1, channels)
    want = (samples.astype(np.float64).mean(1) / 32768).astype(np.float32)
    steps = np.rint(want.astype(np.float64) * 32768).clip(-32768, 32767)
    for form in (samples, (samples / 32768).astype(np.float32)):
        frames, _, _ = framed(form, 1, len(samples))
        assert np.array_equal(np.frombuffer(frames[0], np.int16), steps)


@given(st.lists(st.floats(width=32), max_size=40))
def test_all_finite_finds_nan_and_infinity(flat: list[float]) -> None:
    samples = np.array(flat, np.float32).reshape(-1, 1)
    assert _native.all_finite(samples) == bool(np.isfinite(samples).all())


KEY = np.random.default_rng(3).bytes(_native.DIGEST_KEY_SIZE)


@given(st.binary(max_size=40), st.integers(0, 2100), st.binary(max_size=40))
def test_digest_equals_its_twin(head: bytes, zeros: int, tail: bytes) -> None:
    content = head + bytes(zeros) + tail
    assert _native.digest(content, KEY) == digest.digest(content, KEY)
    assert _native.digest(bytearray(content), KEY) == _native.digest(content, KEY)


@pytest.mark.parametrize("size", [0, 1, 8, 333, 1023, 1024, 1025, 2100])
def test_a_digest_sees_every_byte_and_the_length(size: int) -> None:
    content = bytes(size)
    seen = {_native.digest(content, KEY), _native.digest(content + b"\0", KEY)}
    for place in range(size):
        changed = bytearray(content)
        changed[place] ^= 0x80
        seen.add(_native.digest(changed, KEY))
    seen.add(_native.digest(content, KEY[::-1]))
    assert len(seen) == size + 3


@given(
    st.binary(max_size=50),
    st.lists(
        st.tuples(st.just("read"), st.integers(-1, 60))
        | st.tuples(st.just("readinto"), st.integers(0, 60))
        | st.tuples(st.just("seek"), st.integers(-60, 120), st.sampled_from([0, 1, 2])),
        max_size=12,
    ),
)
def test_a_counted_file_is_like_one_in_memory(data: bytes, calls: list[tuple[Any, ...]]) -> None:
    """Except that it stays where it is when it is to go to before the start."""
    file, twin = _native.CountedFile(data, len(calls)), io.BytesIO(data)
    for name, *arguments in calls:
        if name == "readinto":
            ours, theirs = bytearray(arguments[0]), bytearray(arguments[0])
            assert file.readinto(ours) == twin.readinto(theirs)
            assert ours == theirs
        elif name == "read":
            assert file.read(*arguments) == twin.read(*arguments)
        else:
            offset, whence = arguments
            start = (0, twin.tell(), len(data))[whence]
            twin.seek(start + offset if start + offset >= 0 else twin.tell())
            assert file.seek(offset, whence) == twin.tell()
        assert file.tell() == twin.tell()
    assert not file.is_exhausted
    file.seek(0)
    assert (file.is_exhausted, file.read(), file.tell()) == (True, b"", len(data))


def test_arrays_of_a_wrong_form_are_refused() -> None:
    """Nothing that could make the C read beyond an array gets through."""
    framer = _native.Framer(2, True, None, 2, 2)  # noqa: FBT003
    for dtype in (np.float64, np.uint16):
        with pytest.raises(ValueError, match="Buffer dtype mismatch"):
            framer.push(np.zeros((4, 2), dtype))
    with pytest.raises(ValueError, match=r"not C.contiguous"):
        framer.push(np.zeros((4, 4), np.float32)[:, ::2])
    for wrong in (np.zeros((4, 1), np.float32), np.zeros((4, 2), np.int16)):
        with pytest.raises(ValueError, match="type and the channels that were announced"):
            framer.push(wrong)
    assert framer.end() == ([], 0, 0)
    with pytest.raises(ValueError, match="nothing after the end"):
        framer.push(np.zeros((4, 2), np.float32))
    for sizes in ((2**59, 1200), (1025, 1), (1, 2**24 + 1), (1024, 2**14 + 1), (1, 2**63), (1, 0)):
        with pytest.raises(ValueError, match=r"1 to (1024 channels|16777216 samples)"):
            _native.Framer(1, True, None, *sizes)  # noqa: FBT003
    with pytest.raises(ValueError, match="key of 1040 bytes"):
        _native.digest(b"", b"short")


def test_any_arguments_are_taken_or_refused() -> None:
    """Nothing is written beyond an array, no size wraps, no call ends the process."""
    calls = Calls(_native, random.Random(59))  # noqa: S311 - to be the same each time
    for _ in range(3000):
        calls.one()
