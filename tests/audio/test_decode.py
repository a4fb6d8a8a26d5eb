"""Every format decodes exactly: nothing lost at either end, not a sample too much."""

import contextlib
import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.files import WAV_SUBTYPES, chunk, encoded, libsndfile, pcm_format, riff, sweep, written
from lastword.audio.decode import decode
from lastword.audio.limits import Limits
from lastword.errors import ClipError, ClipFormatError, ClipLimitError

STEP = 1 / 32768

# What a lossy codec may add to a sweep of 0.4 of full scale, as the rms of the difference.
CODEC_NOISE = 0.02


# --- exactness ---------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("subtype", WAV_SUBTYPES)
@pytest.mark.parametrize("form", ["WAV", "WAVEX", "RF64"])
def test_wav_equals_libsndfile(form: str, subtype: str, channels: int) -> None:
    """Every encoding, in every container, sample for sample."""
    noise = np.random.default_rng(channels).uniform(-1, 1, (1001, channels)).astype(np.float32)
    data = written(noise, 22050, form, subtype)
    audio = decode(data)
    assert audio.sample_rate == 22050
    assert audio.samples.dtype == np.float32
    assert np.array_equal(audio.samples, libsndfile(data))


@pytest.mark.parametrize("subtype", ["ALAW", "ULAW", "PCM_U8"])
def test_every_code_of_8_bits_equals_libsndfile(subtype: str) -> None:
    codes = bytes(range(256))
    tag = {"ALAW": 6, "ULAW": 7, "PCM_U8": 1}[subtype]
    data = riff(chunk(b"fmt ", pcm_format(tag, sample_bytes=1)), chunk(b"data", codes))
    assert np.array_equal(decode(data).samples, libsndfile(data))


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
def test_flac_equals_libsndfile(subtype: str) -> None:
    data = written(sweep(5000, 16000, 2), 16000, "FLAC", subtype)
    assert np.array_equal(decode(data).samples, libsndfile(data))


def test_wav_needs_no_soundfile(monkeypatch: pytest.MonkeyPatch) -> None:
    """`import soundfile` takes longer than everything else together."""
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    data = riff(chunk(b"fmt ", pcm_format()), chunk(b"data", struct.pack("<2h", 1, -2)))
    assert decode(data).samples[:, 0].tolist() == [1 * STEP, -2 * STEP]


def test_values_beyond_full_scale_are_kept() -> None:
    loud = np.array([[2.0], [-3.0]], np.float32)
    assert np.array_equal(decode(written(loud, 8000, "WAV", "FLOAT")).samples, loud)


# --- lengths -----------------------------------------------------------------------------------


def assert_same_sound(
    got: NDArray[np.float32], want: NDArray[np.float32], noise: float = CODEC_NOISE
) -> None:
    """Same length, and no shift by as little as one sample fits better than none."""
    assert got.shape == want.shape
    inner = slice(100, -100)
    rms = {
        shift: float(np.sqrt(np.mean((np.roll(got, shift, 0) - want)[inner] ** 2)))
        for shift in (-2, -1, 0, 1, 2)
    }
    assert min(rms, key=lambda shift: rms[shift]) == 0
    assert rms[0] < noise


@pytest.mark.parametrize("num_frames", [4800, 30000, 24576])
@pytest.mark.parametrize(
    ("file_format", "subtype"),
    [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"),
     ("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16")],
)  # fmt: skip
def test_nothing_is_lost_of_what_libsndfile_wrote(
    file_format: str, subtype: str, num_frames: int
) -> None:
    """The encoder's delay and padding are gone, the sound is all there."""
    samples = sweep(num_frames, 48000)
    assert_same_sound(decode(written(samples, 48000, file_format, subtype)).samples, samples)


@pytest.mark.parametrize("num_frames", [4800, 30000, 24576])
@pytest.mark.parametrize(
    ("codec", "container"),
    [("aac", "mp4"), ("aac", "ipod"), ("alac", "mp4"), ("libmp3lame", "mp3"), ("libopus", "webm"),
     ("libopus", "ogg"), ("libopus", "mp4"), ("flac", "matroska")],
)  # fmt: skip
def test_nothing_is_lost_of_what_ffmpeg_wrote(codec: str, container: str, num_frames: int) -> None:
    """The same for what libsndfile does not know: M4A, WebM."""
    samples = sweep(num_frames, 48000)
    assert_same_sound(decode(encoded(samples, 48000, codec, container)).samples, samples)


def test_stereo_keeps_its_channels_apart() -> None:
    samples = sweep(9600, 48000, 2)
    for codec, container in (("aac", "mp4"), ("libopus", "webm"), ("alac", "mp4")):
        assert_same_sound(decode(encoded(samples, 48000, codec, container)).samples, samples, 0.05)


def test_eight_planar_channels() -> None:
    """AAC in 7.1: PyAV takes a ninth plane for there, and reading it ends the process."""
    adts = bytes.fromhex("fff801f8" + 10 * "e8" + "00000033")
    audio = decode(adts + 32 * b"\xe8" + bytes.fromhex("f8"))
    assert (audio.samples.shape, audio.sample_rate) == ((1024, 8), 96000)


@pytest.mark.parametrize("bit_rate", [12_000, 32_000, 128_000])
def test_opus_by_ffmpeg_equals_opus_by_libsndfile(bit_rate: int) -> None:
    """Speech, mixed and music mode of the codec: far within the 4 steps that are promised."""
    data = encoded(sweep(48000, 48000), 48000, "libopus", "ogg", bit_rate)
    assert np.abs(decode(data).samples - libsndfile(data)).max() < 0.05 * STEP


# --- limits ------------------------------------------------------------------------------------


def test_limits_can_be_raised_by_the_caller() -> None:
    wide = np.zeros((10, 40), np.float32)
    with pytest.raises(ClipLimitError, match="at most 32 channels, got 40"):
        decode((wide, 48000))
    assert decode((wide, 48000), limits=Limits(max_channels=40)).samples.shape == (10, 40)
    with pytest.raises(ClipLimitError, match=r"at most 0\.5 s of sound, got 1\.0 s"):
        decode((wide[:, :1].repeat(800, 0), 8000), limits=Limits(max_duration_s=0.5))
    with pytest.raises(ClipLimitError, match="32 channels, got 40"):
        decode(riff(chunk(b"fmt ", pcm_format(channels=40)), chunk(b"data", bytes(800))))


def test_infinity_is_refused() -> None:
    loud = np.array([[0.0], [np.inf]], np.float32)
    with pytest.raises(ClipFormatError, match="NaN or infinity"):
        decode(written(loud, 8000, "WAV", "FLOAT"))


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
def test_samples_of_each_type_mean_the_same(dtype: str) -> None:
    """Integers are scaled to full scale; one dimension is one channel."""
    scale = {"int16": 2**15, "int32": 2**31}.get(dtype, 1)
    audio = decode((np.array([0.5 * scale, -0.25 * scale]).astype(dtype), 8000))
    assert audio.samples.tolist() == [[0.5], [-0.25]]


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<i4", ">i4", ">f4", ">f8"])
def test_samples_of_either_byte_order_mean_the_same(dtype: str) -> None:
    scale = {"i2": 2**15, "i4": 2**31}.get(dtype[1:], 1)
    audio = decode((np.array([0.5 * scale, -0.25 * scale]).astype(dtype), 8000))
    assert audio.samples.tolist() == [[0.5], [-0.25]]


def test_limits_are_limits() -> None:
    for wrong in (None, 60.0, (60.0,), {"max_duration_s": 60.0}):
        with pytest.raises(TypeError, match=r"limits: expected Limits, .*; write lastword\.Limits"):
            decode((np.zeros(10, np.float32), 8000), limits=wrong)  # type: ignore[arg-type]


def test_samples_of_another_type_are_refused() -> None:
    with pytest.raises(ClipFormatError, match=r"expected samples as float32, .* got uint8"):
        decode((np.zeros(10, np.uint8), 8000))
    with pytest.raises(ClipFormatError, match="shape"):
        decode((np.zeros((1, 2, 3), np.float32), 8000))
    with pytest.raises(ClipFormatError, match="integer in Hz"):
        decode((np.zeros(10, np.float32), 8000.5))  # type: ignore[arg-type]


# --- damage ------------------------------------------------------------------------------------

FORMATS = {
    "flac": lambda x: written(x, 48000, "FLAC", "PCM_16"),
    "vorbis": lambda x: written(x, 48000, "OGG", "VORBIS"),
    "mp3": lambda x: written(x, 48000, "MP3", "MPEG_LAYER_III"),
    "caf": lambda x: written(x, 48000, "CAF", "PCM_16"),
    "w64": lambda x: written(x, 48000, "W64", "PCM_16"),
    "adpcm": lambda x: written(x, 48000, "WAV", "IMA_ADPCM"),
    "opus": lambda x: encoded(x, 48000, "libopus", "ogg"),
    "m4a": lambda x: encoded(x, 48000, "aac", "mp4"),
    "webm": lambda x: encoded(x, 48000, "libopus", "webm"),
}


def damaged(file: bytes, rng: np.random.Generator) -> bytes:
    """A file with some bytes changed, cut out or cut off, mostly near its start."""
    data = bytearray(file)
    for _ in range(rng.choice([1, 2, 5, 20])):
        at = int(rng.integers(min(len(data), rng.choice([100, len(file)]))))
        how = rng.random()
        if how < 0.7:
            data[at] = int(rng.integers(256))
        elif how < 0.9:
            del data[at : at + int(rng.integers(1, 200))]
        else:
            del data[at + 1 :]
        data = data or bytearray(b"x")
    return bytes(data)


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_decodes_or_is_refused(name: str) -> None:
    """No other exception, no endless loop, no memory for samples that a broken header claims."""
    rng = np.random.default_rng(len(name))
    file = FORMATS[name](sweep(4800, 48000))
    for _ in range(60):
        with contextlib.suppress(ClipError):
            assert np.isfinite(decode(damaged(file, rng)).samples).all()


def test_a_header_that_claims_years_takes_no_memory() -> None:
    """A FLAC of 100 samples that says it has 2^36: refused before anything is allocated."""
    data = bytearray(written(sweep(100, 48000), 48000, "FLAC", "PCM_16"))
    data[21:26] = bytes([data[21] | 0x0F, 0xFF, 0xFF, 0xFF, 0xFF])  # STREAMINFO: total samples
    with pytest.raises(ClipLimitError, match="at most 3600 s of sound"):
        decode(bytes(data))


def test_hours_of_silence_in_a_small_file_stop_at_the_limit() -> None:
    """FFmpeg's way decodes packet by packet, and no further than the limit."""
    data = encoded(np.zeros((480_000, 1), np.float32), 48000, "aac", "mp4")
    with pytest.raises(ClipLimitError, match="at most 1 s of sound"):
        decode(data, limits=Limits(max_duration_s=1.0))


def test_a_refusal_names_no_object_of_ours() -> None:
    with pytest.raises(ClipFormatError) as refused:
        decode(b"not a sound")
    assert "object at 0x" not in str(refused.value)
