"""Files that foreign decoders cannot bear: refused or read, in bounded time and without a word."""

import contextlib
import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.files import chunk, libsndfile, pcm_format, riff, sweep, written
from lastword.audio import foreign
from lastword.audio.decode import decode
from lastword.audio.gathered import Gathered
from lastword.audio.limits import DEFAULT_LIMITS
from lastword.audio.measure import measure
from lastword.errors import ClipError, ClipFormatError

# libsndfile 1.2.2 goes back eight bytes at the one chunk, and forward at the other, for ever.
CIRCLE = struct.pack("<4sI4sI", b"LIST", 0xFFFFFFF8, b"id3 ", 0xFFFFFFF7)
FUZZ = Path(__file__).parent.parent / "fuzz"
GSM = struct.pack("<HHIIHHHH", 0x31, 1, 8000, 1625, 65, 0, 2, 320)

CIRCLES = {
    "refused": riff(chunk(b"fmt ", struct.pack("<HHIIHH", 6, 32, 0, 0, 0, 63)),
                    chunk(b"data", b"abc"), CIRCLE),
    "another codec": riff(chunk(b"fmt ", GSM), chunk(b"data", bytes(65)), CIRCLE),
    "read by us": riff(chunk(b"fmt ", pcm_format()), chunk(b"data", bytes(range(200))), CIRCLE),
}  # fmt: skip


@pytest.mark.parametrize("how", CIRCLES)
def test_a_wav_that_libsndfile_never_comes_back_from(how: str, tmp_path: Path) -> None:
    """In a process of its own: the loop holds no interpreter, and hears no signal."""
    path = tmp_path / "circle.wav"
    path.write_bytes(CIRCLES[how])
    code = (
        "import sys; from lastword import ClipError, decode\n"
        "from lastword.audio.measure import measure\n"
        "for look in (decode, measure):\n"
        "    try: look(sys.argv[1])\n"
        "    except ClipError as error: print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == (["ClipFormatError"] * 2 if how == "refused" else [])


def test_a_codec_in_a_wav_is_read_whatever_stands_beside_it() -> None:
    """The same samples as from a clean file, by the decoder that knows the codec."""
    clean = written(sweep(8000, 8000), 8000, "WAV", "GSM610")
    expected = soundfile.SoundFile(io.BytesIO(clean))
    samples = expected.read(expected.frames, dtype="float32", always_2d=True)
    assert np.array_equal(decode(clean).samples, samples)
    assert np.array_equal(decode(clean + CIRCLE).samples, samples)
    assert measure_format(clean + CIRCLE) == "WAV GSM610"


def measure_format(data: bytes) -> str:
    """What `lastword inspect` calls the format."""
    return measure(data).format


def test_formats_are_named_as_they_are() -> None:
    x = sweep(4800, 48000)
    assert measure_format(written(x, 48000, "WAV", "FLOAT")) == "WAV FLOAT"
    assert measure_format(written(x, 48000, "RF64", "PCM_24")) == "RF64 PCM_24"
    assert measure_format(written(x, 48000, "OGG", "VORBIS")) == "OGG VORBIS"
    assert measure_format(written(x, 48000, "AIFF", "PCM_16")) == "aiff pcm_s16be"


def test_no_decoder_writes_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """There, libsndfile tells what it thinks of a damaged SDS, which spoils `--json`."""
    file = bytearray(written(sweep(9600, 48000), 48000, "SDS", "PCM_16"))
    file[21:] = bytes(len(file) - 21)
    with pytest.raises(ClipFormatError):
        decode(bytes(file))
    assert capfd.readouterr().out == ""


def test_a_decoder_that_reads_in_circles_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each read and seek is counted; then the file ends, and the next decoder has its chance."""

    class Circling:
        """Reads the first bytes again and again, as long as there are any."""

        def __init__(self, file: io.BytesIO) -> None:
            while file.read(4):
                file.seek(0)

    flac = written(sweep(9600, 48000), 48000, "FLAC", "PCM_16")
    expected = decode(flac).samples
    monkeypatch.setattr(soundfile, "SoundFile", lambda file: contextlib.nullcontext(Circling(file)))
    with pytest.raises(foreign.CannotDecodeError, match="in circles"):
        foreign.decode_with_soundfile(flac, "circle.flac", DEFAULT_LIMITS, Gathered)
    assert np.array_equal(decode(flac).samples, expected)


def test_no_file_of_the_working_directory_takes_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Libsndfile looks for `._` there before it knows an MP3 without a tag."""
    mp3 = written(sweep(9600, 48000), 48000, "MP3", "MPEG_LAYER_III")
    expected = libsndfile(mp3)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "._").touch()
    assert np.array_equal(decode(mp3).samples, expected)
    assert measure_format(mp3) == "MP3 MPEG_LAYER_III"


@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("container", ["WAV", "AIFF", "AU", "CAF", "NIST", "IRCAM"])
def test_no_byte_order_becomes_noise(container: str, subtype: str, endian: str) -> None:
    """It is read as libsndfile reads it, or refused: FFmpeg 8 takes RIFX for RIFF."""
    file = io.BytesIO()
    x = sweep(800, 8000)
    try:
        soundfile.write(file, x, 8000, format=container, subtype=subtype, endian=endian)
    except (ValueError, soundfile.LibsndfileError):
        return  # there is no such file
    expected = libsndfile(file.getvalue())
    with contextlib.suppress(ClipFormatError):
        assert np.array_equal(decode(file.getvalue()).samples, expected)
        assert file.getvalue()[:4] != b"RIFX"


def test_nothing_but_named_formats_reaches_libsndfile(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it guesses from some bytes of anything is where it loops and crashes."""
    asked: list[object] = []
    x = sweep(800, 8000)
    files = [
        written(x, 8000, container, subtype)
        for container in ("AIFF", "CAF", "W64", "VOC", "NIST", "IRCAM", "SVX", "SDS", "MAT5", "XI")
        for subtype in [soundfile.default_subtype(container)]
    ]
    monkeypatch.setattr(soundfile, "SoundFile", asked.append)
    for file in files:
        with contextlib.suppress(ClipError):  # FFmpeg knows most of them
            assert decode(file).samples.shape == (800, 1)
    assert not asked


def test_wav_files_of_a_wrong_structure_are_decoded_or_refused(tmp_path: Path) -> None:
    """The same each time, one that held libsndfile for ever among them; `make fuzz` makes more."""
    done = subprocess.run(
        [sys.executable, FUZZ / "fuzz_riff.py", tmp_path, "--seed", "3", "--count", "2000"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "executed_units: 2000" in done.stdout
