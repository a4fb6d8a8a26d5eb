"""Files that were appended to each other or come from a pipe: heard to the end, or warned of."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.files import chunk, encoded, pcm_format, riff, sweep, written
from lastword.audio.clip import Clip
from lastword.audio.decode import decode
from lastword.audio.joined import MAX_PIECES, split
from lastword.audio.limits import Limits
from lastword.errors import ClipFormatError, ClipLimitError

RATE = 48000
STEP = 1 / 32768

Write = Callable[[NDArray[np.float32]], bytes]

FORMATS: dict[str, Write] = {
    "wav": lambda x: written(x, RATE, "WAV", "PCM_16"),
    "wav float": lambda x: written(x, RATE, "WAV", "FLOAT"),
    "rf64": lambda x: written(x, RATE, "RF64", "PCM_24"),
    "adpcm": lambda x: written(x, RATE, "WAV", "IMA_ADPCM"),
    "flac": lambda x: written(x, RATE, "FLAC", "PCM_16"),
    "vorbis": lambda x: written(x, RATE, "OGG", "VORBIS"),
    "opus": lambda x: written(x, RATE, "OGG", "OPUS"),
    "mp3": lambda x: written(x, RATE, "MP3", "MPEG_LAYER_III"),
    "mp3 of FFmpeg": lambda x: encoded(x, RATE, "libmp3lame", "mp3"),
    "aiff": lambda x: written(x, RATE, "AIFF", "PCM_16"),
    "au": lambda x: written(x, RATE, "AU", "PCM_16"),
    "w64": lambda x: written(x, RATE, "W64", "PCM_16"),
    "caf": lambda x: written(x, RATE, "CAF", "PCM_16"),
    "m4a": lambda x: encoded(x, RATE, "aac", "mp4"),
    "webm": lambda x: encoded(x, RATE, "libopus", "webm"),
}
SOUNDS = [sweep(length, RATE, 2) for length in (30001, 4800, 24576)]


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_joined_files_are_heard_one_after_the_other(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    """Exactly what each of them is alone: nothing is lost, and no seam is heard."""
    files = [write(sound) for sound in SOUNDS]
    alone = [decode(file).samples for file in files]
    assert np.array_equal(decode(b"".join(files)).samples, np.concatenate(alone))
    assert not caplog.records


def test_files_of_several_kinds_are_heard_one_after_the_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where the format of the first tells its end."""
    files = [FORMATS[name](SOUNDS[0]) for name in ("wav", "vorbis", "mp3", "wav float", "flac")]
    alone = [decode(file).samples for file in files]
    assert np.array_equal(decode(b"".join(files)).samples, np.concatenate(alone))
    assert not caplog.records


def id3v1() -> bytes:
    """The tag behind an MP3."""
    return b"TAG" + b"Title".ljust(125, b"\0")


def id3v2(*, footer: bool = False) -> bytes:
    """The tag before an MP3, 300 bytes of it."""
    header = (b"\4\0\x10" if footer else b"\3\0\0") + b"\0\0\2\x2c"
    return b"ID3" + header + bytes(300) + (b"3DI" + header if footer else b"")


def ape() -> bytes:
    """An APE tag with its header: 32 bytes, one item, the footer of 32."""
    item = struct.pack("<II", 1, 0) + b"Artist\0x"
    size = struct.pack("<IIII", 2000, len(item) + 32, 1, 0xA0000000)
    return b"APETAGEX" + size + bytes(8) + item + b"APETAGEX" + size + bytes(8)


@pytest.mark.parametrize("name", ["mp3", "mp3 of FFmpeg", "wav", "vorbis"])
def test_tags_and_padding_are_no_sounds(name: str, caplog: pytest.LogCaptureFixture) -> None:
    file = FORMATS[name](SOUNDS[0])
    alone = decode(file).samples
    for behind in (id3v1(), bytes(5), bytes(4096), ape() + id3v1()):
        assert np.array_equal(decode(file + behind).samples, alone)
        both = decode(file + behind + file).samples
        assert np.array_equal(both, np.concatenate([alone, alone]))
    if "mp3" in name:
        for before in (id3v2(), id3v2(footer=True)):
            file = before + FORMATS["mp3"](SOUNDS[0])
            assert len(decode(file + id3v1() + file).samples) == 2 * len(alone)
    assert not caplog.records


def test_an_mp3_without_its_length_follows_one_with_it() -> None:
    """What a stream is cut into has no such frame in front: it is heard too."""
    file = FORMATS["mp3"](SOUNDS[0])
    first_frame = 4 + file[4:].index(b"\xff\xfb")
    headless = file[first_frame:]
    assert b"Xing" not in headless
    alone, after = decode(file).samples, decode(headless).samples
    assert np.array_equal(decode(file + headless).samples, np.concatenate([alone, after]))


def test_an_mp3_that_tells_too_few_bytes_is_counted() -> None:
    """Its frames tell where it ends, not the number that is off by the frame in front."""
    file = bytearray(FORMATS["mp3"](SOUNDS[0]))
    alone = decode(bytes(file)).samples
    at = file.index(b"Xing") + 12
    file[at : at + 4] = struct.pack(">I", struct.unpack_from(">I", file, at)[0] - 300)
    assert np.array_equal(decode(bytes(file)).samples, alone)
    assert len(decode(bytes(file) * 2).samples) == 2 * len(alone)


@pytest.mark.parametrize(
    "other",
    [
        written(sweep(4000, 24000), 24000, "WAV", "PCM_16"),
        written(sweep(4000, RATE), RATE, "WAV", "PCM_16"),
        b"<html>" + bytes(range(1, 256)) * 9,
    ],
    ids=["other rate", "other channels", "no sound"],
)
def test_what_does_not_fit_is_warned_of(
    other: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = FORMATS["wav"](SOUNDS[0])
    path = tmp_path / "joined.wav"
    path.write_bytes(file + other)
    assert np.array_equal(decode(path).samples, decode(file).samples)
    (record,) = caplog.records
    assert record.__dict__["left_out_bytes"] == len(other)
    assert f"{len(other)} of {len(file + other)} bytes are left out" in record.getMessage()
    assert str(path) in record.getMessage()


def test_samples_appended_without_a_header_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    file = FORMATS["wav"](SOUNDS[0])
    pcm = (SOUNDS[1] * 32767).astype(np.int16).tobytes()
    decode(file + pcm)
    (record,) = caplog.records
    assert record.__dict__["left_out_bytes"] == pytest.approx(len(pcm), rel=0.01)


def test_all_pieces_together_are_within_the_limits() -> None:
    half = FORMATS["wav"](sweep(RATE * 6 // 10, RATE))
    decode(half, limits=Limits(max_duration_s=1.0))
    with pytest.raises(ClipLimitError, match=r"at most 1 s of sound, got 1\.2 s"):
        decode(half + half, limits=Limits(max_duration_s=1.0))


def test_a_file_of_nothing_but_headers_is_bounded() -> None:
    """One piece after the other is asked of the decoders: not a million of them."""
    header = b"fLaC\0\0\0\x22"
    joined = split(header * 100_000)
    assert len(joined.pieces) == MAX_PIECES
    assert joined.left_over == len(header) * (100_000 - MAX_PIECES)
    with pytest.raises(ClipFormatError, match="no decoder reads"):
        decode(header * 3)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_cut_of_a_joined_file_is_split_to_its_end(kind: str) -> None:
    """However it is damaged, the pieces and what is left over are all of it."""
    file = FORMATS[kind](SOUNDS[1]) * 2
    for end in [*range(1, 200), *range(200, len(file), 97)]:
        joined = split(file[:end])
        assert all(joined.pieces)
        left_over = joined.left_over if len(joined.pieces) > 1 else 0
        assert sum(map(len, joined.pieces)) + left_over <= end


# --- from a pipe ---------------------------------------------------------------------------------

FMT = chunk(b"fmt ", pcm_format())
SAMPLES = np.random.default_rng(5).integers(-9999, 9999, 4000).astype(np.int16)
LIST = chunk(b"LIST", b"INFOISFT\6\0\0\0Lavf6\0")


def open_ended(size: int) -> bytes:
    """A WAV that was written into a pipe: the header cannot be mended."""
    return riff(FMT, struct.pack("<4sI", b"data", size) + SAMPLES.tobytes(), size=0xFFFFFFFF)


PLACEHOLDERS = [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0x80000000, 0xFFFFFFFF - 36, 0x7FFF_FFDB]


@pytest.mark.parametrize("size", PLACEHOLDERS, ids=hex)
def test_an_open_ended_wav_is_read_to_its_end(size: int, caplog: pytest.LogCaptureFixture) -> None:
    """To that of its samples: chunks behind them are no noise, the next WAV is one more sound."""
    for behind in (b"", LIST, LIST + chunk(b"id3 ", id3v2()) + chunk(b"PAD ", b"abc")):
        samples = decode(open_ended(size) + behind).samples
        assert np.array_equal(samples[:, 0] / STEP, SAMPLES)
        three = decode((open_ended(size) + behind) * 3).samples
        assert np.array_equal(three[:, 0] / STEP, np.tile(SAMPLES, 3))
    assert not caplog.records


def test_an_open_ended_wav_ends_before_every_form(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever stands in the header of the next one, the W of its own name too."""
    for form in (b"RIFF", b"RF64", b"BW64"):
        for size in (0xFFFFFFFF, 0x57575757):
            after = riff(FMT, chunk(b"data", SAMPLES.tobytes()), form=form, size=size)
            samples = decode(open_ended(0xFFFFFFFF) + after).samples
            assert np.array_equal(samples[:, 0] / STEP, np.tile(SAMPLES, 2))
    assert not caplog.records


def test_a_large_size_that_is_no_placeholder_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    decode(open_ended(0x7FFE_0000))
    (record,) = caplog.records
    assert record.__dict__["missing_bytes"] == 0x7FFE_0000 - SAMPLES.nbytes


def test_a_wav_that_is_cut_off_ends_where_the_next_begins(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cut = open_ended(20_000)
    samples = decode(cut + open_ended(SAMPLES.nbytes)).samples
    assert np.array_equal(samples[:, 0] / STEP, np.tile(SAMPLES, 2))
    (record,) = caplog.records
    assert record.__dict__["missing_bytes"] == 20_000 - SAMPLES.nbytes


def test_a_flac_from_a_pipe_is_read_to_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """Its header says 0 samples: unknown."""
    file = bytearray(FORMATS["flac"](SOUNDS[0]))
    alone = decode(bytes(file)).samples
    file[21] &= 0xF0  # STREAMINFO: total samples, 36 bits
    file[22:26] = bytes(4)
    assert np.array_equal(decode(bytes(file)).samples, alone)
    assert np.array_equal(decode(bytes(file) * 2).samples, np.concatenate([alone, alone]))
    assert not caplog.records


def test_an_mp3_that_is_cut_off_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    file = FORMATS["mp3"](SOUNDS[0])
    decode(file[: len(file) // 2])
    (record,) = caplog.records
    assert "earlier than it says" in record.getMessage()


# --- silence -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["wav", "wav float", "flac", "vorbis", "samples"])
def test_digital_silence_is_warned_of(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nothing = np.zeros((9600, 2), np.float32)
    if kind == "samples":
        Clip.load((nothing, RATE))
        name = "samples"
    else:
        path = tmp_path / "silent.sound"
        path.write_bytes(FORMATS[kind](nothing))
        Clip.load(path)
        name = str(path)
    (record,) = caplog.records
    assert record.getMessage() == f"a sound is digital silence: nothing will be heard of {name}"


def test_silence_before_a_sound_is_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    late = np.zeros((96000, 1), np.float32)
    late[-1] = 0.5
    Clip.load((late, RATE))
    assert not caplog.records
