"""A sound that is decoded piece by piece gives the frames of the whole one, and is not kept."""

import errno
import gc
import os
import pickle
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.files import encoded, sweep, written
from audio.resampling import AWKWARD_RATIOS, VOICE_RATIOS, noise
from lastword.audio import _native, kept
from lastword.audio.clip import Clip, clear_cache
from lastword.audio.decode import decode
from lastword.audio.kept import Kept
from lastword.audio.resample import resample, resampler_for
from lastword.audio.sink import Opening
from lastword.errors import ClipFormatError

if TYPE_CHECKING:
    from lastword.audio.source import Source


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    clear_cache()


def contents(clip: Clip, *form: int) -> list[bytes]:
    """The bytes of all frames of a format."""
    return [bytes(frame.data) for frame in clip.frames(*form)]


# --- piece by piece ----------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([*VOICE_RATIOS, *AWKWARD_RATIOS]),
    st.tuples(st.integers(1, 90_000), st.integers(1, 3)),
    st.sampled_from(["f4", "i2"]),
    st.lists(st.floats(0, 1), max_size=6),
    st.lists(st.tuples(st.floats(0, 1), st.integers(1, 9000)), max_size=3),
)
def test_pieces_give_the_frames_of_the_whole_sound(
    rates: tuple[int, int],
    shape: tuple[int, int],
    dtype: str,
    cuts: list[float],
    silences: list[tuple[float, int]],
) -> None:
    """Bit for bit, wherever it is cut and however long its silences are."""
    (in_rate, out_rate), (length, channels) = rates, shape
    samples = noise(length, channels)
    for start, size in silences:
        samples[round(start * length) :][:size] = 0
    if dtype == "i2":
        samples = np.rint(samples * 20000).astype(np.int16)
    whole = resample(samples, in_rate, out_rate)
    if whole.dtype == np.float32:
        whole = np.rint(whole.astype(np.float64) * 32768).clip(-32768, 32767).astype(np.int16)
    resampler = resampler_for(in_rate, out_rate)
    framer = _native.Framer(channels, dtype == "f4", resampler, channels, 441)
    for piece in np.split(samples, sorted(round(cut * length) for cut in cuts)):
        framer.push(piece)
    frames, num_frames, _ = framer.end()
    assert num_frames == len(whole)
    assert b"".join(frames)[: whole.nbytes] == whole.tobytes()


@pytest.mark.parametrize("form", [(24000, 1), (48000, 2), (8000, 1), (44100, 1)])
@pytest.mark.parametrize(
    "data",
    [
        lambda s: written(s, 44100, "WAV", "PCM_24"), lambda s: written(s, 44100, "FLAC", "PCM_16"),
        lambda s: written(s, 44100, "MP3", "MPEG_LAYER_III"),
        lambda s: written(s, 44100, "OGG", "VORBIS"), lambda s: encoded(s, 44100, "aac", "mp4"),
    ],
    ids=["wav", "flac", "mp3", "vorbis", "m4a"],
)  # fmt: skip
def test_a_file_of_many_pieces_is_one_sound(
    data: Any, form: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames do not depend on the size of the pieces, decoded samples do not either."""
    file = data(sweep(60_000, 44100, 2))
    samples, whole = decode(file).samples, contents(Clip.load(file), *form)
    clear_cache()
    monkeypatch.setattr("lastword.audio.sink.PIECE_SAMPLES", 5000)
    assert np.array_equal(decode(file).samples, samples)
    assert contents(Clip.load(file), *form) == whole


def test_what_is_broken_in_its_last_piece_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is loaded, although its frames are only wanted later."""
    samples = sweep(60_000, 24000)
    samples[-1] = np.nan
    monkeypatch.setattr("lastword.audio.sink.PIECE_SAMPLES", 5000)
    for source in ((samples, 24000), written(samples, 24000, "WAV", "FLOAT")):
        with pytest.raises(ClipFormatError, match="NaN or infinity"):
            Clip.load(source)


def test_a_decoder_that_fails_half_way_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next decoder begins anew: what the first one gave is not heard twice."""
    file = written(sweep(48_000, 48000), 48000, "FLAC", "PCM_16")
    whole = contents(Clip.load(file))
    clear_cache()

    def fail(data: bytes, name: str, limits: object, begin: Any) -> None:
        begin(Opening(48000, 1, np.int16)).add(np.ones((9999, 1), np.int16))
        raise RuntimeError("no more of it")

    monkeypatch.setattr("lastword.audio.foreign.decode_with_soundfile", fail)
    assert contents(Clip.load(file)) == whole


# --- other formats, later ----------------------------------------------------------------------


@pytest.mark.parametrize("polish", [False, True])
def test_another_format_is_made_of_what_was_loaded(tmp_path: Path, polish: bool) -> None:
    """Though the file is gone, and its samples are not kept; from all kinds of sources."""
    samples = sweep(30_000, 44100, 2)
    path = tmp_path / "a.flac"
    path.write_bytes(written(samples, 44100, "FLAC", "PCM_16"))
    sources: list[Source] = [path.read_bytes(), written(samples, 44100, "WAV", "PCM_16")]
    sources.append((samples, 44100))
    fresh = [contents(Clip.load(s, normalize=polish, trim=polish), 48000, 2) for s in sources]
    clear_cache()
    clips = [Clip.load(s, normalize=polish, trim=polish) for s in (path, *sources[1:])]
    for clip in clips:
        clip.frames(24000, 1)
    path.unlink()
    assert [contents(clip, 48000, 2) for clip in clips] == fresh
    pickles = [pickle.dumps(clip) for clip in clips]
    del clip, clips
    clear_cache()
    assert [contents(pickle.loads(each), 48000, 2) for each in pickles] == fresh  # noqa: S301


def test_what_a_file_lacks_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Not again for each format that it is decoded for."""
    file = written(np.full((24_000, 1), 1.5, np.float32), 24000, "WAV", "FLOAT")[:-400]
    clip = Clip.load(file)
    for rate in (24000, 16000, 48000):
        clip.frames(rate)
    told = [record.getMessage().split(":")[0] for record in caplog.records]
    assert len(told) == 2
    assert told[0].startswith("a WAV file ends early")
    assert "samples are clipped" in told[1]


# --- what is kept ------------------------------------------------------------------------------


def test_kept_bytes_are_read_again_from_a_file_without_a_name() -> None:
    data = os.urandom(100_000)
    away = Kept(data).put_away()
    assert (away.nbytes, away.size, away.read()) == (0, len(data), data)
    assert away.put_away() is away
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        os._exit(away.read() != data)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_kept_bytes_stay_in_memory_where_no_file_can_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise OSError(errno.EROFS, "read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    clip = Clip.load((sweep(9600, 48000), 48000))
    assert clip._sound.origin.kept.nbytes == 9600 * 4
    assert len(clip.frames(8000)) == 4


def test_few_files_are_open_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of sounds that are gone are closed, what comes after too many stays in memory."""
    gc.collect()
    before = len(kept._open_files)
    monkeypatch.setattr(kept, "MAX_FILES", before + 2)
    together = [Kept(b"abc").put_away() for _ in range(3)]
    assert [each.nbytes for each in together] == [0, 0, 3]
    assert {each.read() for each in together} == {b"abc"}
    del together
    gc.collect()
    assert len(kept._open_files) == before
