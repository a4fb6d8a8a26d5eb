"""Prepared frames are found by the next process, checked, and never played if they are damaged."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from audio.files import sweep, written
from lastword.audio import prepared
from lastword.audio.clip import Clip, clear_cache
from lastword.audio.folder import FOLDER_VARIABLE
from lastword.audio.origin import Origin

FORM = (24000, 1, 50)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache folder that is there, and a process that has prepared nothing."""
    clear_cache()
    gc.collect()
    monkeypatch.setattr("lastword.audio.sound.Sound.expected", prepared.Format.of(*FORM))
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def flac() -> bytes:
    """A file that takes long to decode."""
    return written(sweep(30_000, 44100, 2), 44100, "FLAC", "PCM_16")


def heard(file: bytes, *form: int) -> list[bytes]:
    """The frames that a process hears that has not loaded the file before."""
    clear_cache()
    gc.collect()
    return [bytes(frame.data) for frame in Clip.load(file).frames(*form)]


def undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on nothing can be decoded."""
    monkeypatch.setattr(Origin, "pour", None)


def test_the_next_process_decodes_nothing(
    flac: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same frames, on demand too, and the same form, in each format that was prepared."""
    forms = [FORM, (8000, 2, 20)]
    first = [heard(flac, *form) for form in forms]
    clip = Clip.load(flac)
    assert len([*folder.glob("*.frames")]) == 2
    undecoded(monkeypatch)
    assert [heard(flac, *form) for form in forms] == first
    again = Clip.load(flac)
    assert (again.sample_rate, again.num_channels, again.duration_s) == (
        clip.sample_rate, clip.num_channels, clip.duration_s,
    )  # fmt: skip
    demanded = again.frames_on_demand(*FORM)[2:5]
    assert [bytes(frame.data) for frame in demanded] == first[0][2:5]
    assert again == clip


def test_frames_of_a_map_can_be_sent(flac: bytes) -> None:
    """The FFI takes the address of their bytes."""
    heard(flac)
    clear_cache()
    frame = Clip.load(flac).frames()[3]
    assert isinstance(frame.data.obj, bytes)
    assert frame._proto_info().data_ptr


def test_another_format_is_decoded(flac: bytes) -> None:
    fresh = heard(flac, 16000)
    for file in prepared.default_folder().iterdir():
        file.unlink()
    heard(flac)
    assert heard(flac, 16000) == fresh


@pytest.mark.parametrize("damage", ["short", "long", "empty", "header", "samples", "other name"])
def test_a_damaged_file_is_replaced(flac: bytes, folder: Path, damage: str) -> None:
    whole = heard(flac)
    (file,) = folder.glob("*.frames")
    good = file.read_bytes()
    bad = bytearray(good)
    if damage == "short":
        del bad[-1:]
    elif damage == "long":
        bad += b"\0"
    elif damage == "empty":
        bad.clear()
    elif damage == "other name":
        other = written(sweep(30_000, 44100, 2)[::-1], 44100, "FLAC", "PCM_16")
        heard(other)
        bad[:] = next(f for f in folder.glob("*.frames") if f != file).read_bytes()
    else:
        bad[9 if damage == "header" else -1] ^= 1
    file.unlink()
    file.write_bytes(bad)
    assert heard(flac) == whole
    assert file.read_bytes() == good


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_is_no_file_is_not_opened(flac: bytes, folder: Path, kind: str) -> None:
    whole = heard(flac)
    (file,) = folder.glob("*.frames")
    moved = file.rename(folder / "elsewhere")
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "link":
        file.symlink_to(moved)
    else:
        file.mkdir()
    assert heard(flac) == whole


def test_it_is_off_where_there_is_no_folder(flac: bytes, folder: Path) -> None:
    folder.rmdir()
    heard(flac)
    assert not folder.exists()


def test_a_wav_and_samples_are_not_kept(folder: Path) -> None:
    """To hash them takes as long as to decode them."""
    heard(written(sweep(9600, 48000), 48000, "WAV", "PCM_16"))
    Clip.load((sweep(9600, 48000), 48000)).frames()
    assert not [*folder.iterdir()]


def test_what_is_warned_of_is_warned_of_in_each_process(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loud = written(np.full((24000, 1), 1.2, np.float32), 24000, "AU", "FLOAT")
    for _ in range(2):
        heard(loud)
    assert ["clipped" in record.getMessage() for record in caplog.records] == [True, True]
    assert not [*folder.iterdir()]


def test_normalised_sounds_are_others(flac: bytes) -> None:
    plain = heard(flac)
    clear_cache()
    Clip.load(flac, normalize=True).frames()
    assert heard(flac) == plain


def test_the_folder_is_bounded(flac: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least recently used go first; one that alone is too large is not kept."""
    heard(flac)
    (first,) = folder.iterdir()
    os.utime(first, (0, 0))
    monkeypatch.setattr(prepared, "MAX_BYTES", first.stat().st_size * 5)
    for more in range(1, 6):
        heard(written(sweep(30_000, 44100 + more, 2), 44100, "FLAC", "PCM_16"))
    assert len([*folder.iterdir()]) == 5
    assert not first.exists()
    monkeypatch.setattr(prepared, "MAX_BYTES", 1000)
    kept = sorted(folder.iterdir())
    heard(written(sweep(30_000, 44000, 2), 44100, "FLAC", "PCM_16"))
    assert sorted(folder.iterdir()) == kept


def test_few_files_are_mapped_at_once(flac: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after them is read."""
    whole = heard(flac)
    monkeypatch.setattr(prepared, "MAX_MAPPED", 0)
    undecoded(monkeypatch)
    assert heard(flac) == whole


def test_a_second_process_imports_no_decoder(flac: bytes, tmp_path: Path) -> None:
    """It shares the pages with all others that have the file mapped."""
    path = tmp_path / "a.flac"
    path.write_bytes(flac)
    heard(flac)
    code = (
        "import sys; from lastword import Clip; Clip.load(sys.argv[1]).frames();"
        "print({'soundfile', 'av'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
