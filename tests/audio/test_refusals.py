"""Whatever a decoder raises becomes an error of ours that names the file; the next one is asked."""

import re
import struct
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from audio.files import chunk, libsndfile, pcm_format, riff, sweep, written
from lastword.audio import bundled
from lastword.audio.clip import Clip
from lastword.audio.decode import decode
from lastword.audio.measure import measure
from lastword.errors import ClipError, ClipFormatError

STEP = 1 / 32768

CLIPS = Path(bundled.__file__).parent / "clips"


@pytest.mark.parametrize("error", [OSError("libsndfile.so.1 not found"), ImportError("no cffi")])
def test_a_sound_is_decoded_where_soundfile_cannot_be_imported(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`import soundfile` raises OSError where libsndfile is missing; FFmpeg reads the same."""
    files = [written(sweep(9600, 48000), 48000, "FLAC", "PCM_16")]
    files.extend(path.read_bytes() for path in [*CLIPS.glob("en*")][:1])
    expected = [decode(file).samples for file in files]
    monkeypatch.delitem(sys.modules, "soundfile", raising=False)

    class NoLibrary:
        """Finds soundfile, which cannot be loaded."""

        def find_spec(self, name: str, *_: object) -> None:
            if name == "soundfile":
                raise error

    monkeypatch.setattr(sys, "meta_path", [NoLibrary(), *sys.meta_path])
    for file, samples in zip(files, expected, strict=True):
        assert np.abs(decode(file).samples - samples).max() < STEP
    with pytest.raises(ClipFormatError, match=re.escape(str(error))):
        decode(files[0][:42] + b"which is no FLAC either")


def test_whatever_a_decoder_raises_the_next_one_has_its_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A new release of PyAV that takes other arguments must not end in a raw TypeError."""

    def moved(*_: object, **__: object) -> None:
        raise TypeError("got an unexpected keyword argument")

    opus = written(sweep(9600, 48000), 48000, "OGG", "OPUS")
    expected = libsndfile(opus)
    monkeypatch.setattr(av, "open", moved)
    assert np.array_equal(decode(opus).samples, expected)
    with pytest.raises(ClipFormatError, match="FFmpeg: TypeError: got an unexpected"):
        decode(b"not a sound")


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no sound at all", "no decoder reads"),
        (b"", "no bytes at all"),
        (riff(chunk(b"fmt ", pcm_format()), chunk(b"data", b"")), "without samples"),
        (riff(chunk(b"fmt ", pcm_format(channels=40)), chunk(b"data", bytes(800))), "40"),
        (written(np.array([[np.nan]], np.float32), 8000, "WAV", "FLOAT"), "NaN"),
        (written(np.zeros((9, 33), np.float32), 8000, "AU", "PCM_16"), "33"),
    ],
    ids=["format", "empty", "no samples", "limit", "NaN", "limit of a foreign format"],
)
def test_a_refusal_names_the_file(content: bytes, says: str, tmp_path: Path) -> None:
    """However deep it was found, and by whatever way the file was given."""
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    for load in (decode, Clip.load, measure):
        with path.open("rb") as file:
            for source in (path, str(path), file):
                with pytest.raises(ClipError, match=re.escape(says)) as refused:
                    load(source)
                assert str(path) in str(refused.value)
                assert refused.value.source == str(path)


def test_a_warning_names_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cut.wav"
    loud = struct.pack("<f", 2.0)
    path.write_bytes(
        riff(chunk(b"fmt ", pcm_format(3, sample_bytes=4)), struct.pack("<4sI", b"data", 9) + loud)
    )
    Clip.load(path).frames()
    truncated, clipped = caplog.records
    for record in (truncated, clipped):
        assert str(path) in record.getMessage()
        assert record.__dict__["source"] == str(path)
