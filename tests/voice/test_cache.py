"""What was stored comes back whole or not at all, in one folder of bounded size."""

import asyncio
import io
import os
import wave
from pathlib import Path

import pytest

from lastword import Clip
from lastword.audio.folder import FOLDER_VARIABLE, default_folder
from lastword.voice.cache import SoundCache

KEY = "0a" * 32
OTHER = "0b" * 32


def wav(samples: int = 2400, value: int = 1000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setframerate(24000)
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.writeframes(value.to_bytes(2, "little") * samples)
    return file.getvalue()


def test_a_stored_sound_comes_back_and_plays(tmp_path: Path) -> None:
    """The file is a WAV that any reader reads, sample for sample."""
    cache = SoundCache(tmp_path / "made" / "when needed")
    assert cache.load(KEY) is None
    cache.store(KEY, wav())
    data = cache.load(KEY)
    assert data is not None
    with wave.open(str(cache.path(KEY))) as reader:
        assert reader.readframes(9999) == wav()[44:]
    assert Clip.load(data).duration_s == pytest.approx(0.1)


@pytest.mark.parametrize("at", [0, 5, 20, 44, 2000, -60, -20, -1])
def test_a_flipped_bit_is_not_there(tmp_path: Path, at: int) -> None:
    """Anywhere in header, sound or seal."""
    cache = SoundCache(tmp_path)
    cache.store(KEY, wav())
    data = bytearray(cache.path(KEY).read_bytes())
    data[at] ^= 1
    cache.path(KEY).write_bytes(data)
    assert cache.load(KEY) is None


@pytest.mark.parametrize("length", [0, 1, 43, 44, 100, 4000])
def test_a_torn_file_is_not_there(tmp_path: Path, length: int) -> None:
    """Whatever of it has arrived."""
    cache = SoundCache(tmp_path)
    cache.store(KEY, wav())
    cache.path(KEY).write_bytes(cache.path(KEY).read_bytes()[:length])
    assert cache.load(KEY) is None


def test_foreign_and_renamed_files_are_replaced(tmp_path: Path) -> None:
    """A plain WAV under our name, or the sound of another name, is never played."""
    cache = SoundCache(tmp_path)
    cache.path(KEY).write_bytes(wav())
    assert cache.load(KEY) is None
    cache.store(OTHER, wav())
    cache.path(KEY).write_bytes(cache.path(OTHER).read_bytes())
    assert cache.load(KEY) is None
    cache.store(KEY, wav(value=7))
    assert cache.load(KEY) is not None


def test_the_least_used_sounds_make_room(tmp_path: Path) -> None:
    """The bound holds after every store; what was read lately stays."""
    cache = SoundCache(tmp_path, max_bytes=3 * len(wav()) + 500)
    keys = [f"{number:064x}" for number in range(5)]
    for age, key in enumerate(keys[:3]):
        cache.store(key, wav())
        os.utime(cache.path(key), (age, age))
    assert cache.load(keys[0]) is not None  # used now
    cache.store(keys[3], wav())
    cache.store(keys[4], wav())
    assert [cache.load(key) is not None for key in keys] == [True, False, False, True, True]


def test_what_a_dead_process_left_is_swept(tmp_path: Path) -> None:
    """Half-written files of an hour ago go; one that is being written now stays."""
    old, young = tmp_path / "x.part", tmp_path / "y.part"
    for part in (old, young):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    SoundCache(tmp_path).store(KEY, wav())
    assert (old.exists(), young.exists()) == (False, True)


def test_a_disk_that_refuses_is_no_error(tmp_path: Path) -> None:
    """A folder that cannot be made, nor locked in: nothing is kept, nothing is raised."""
    (tmp_path / "file").write_text("in the way")
    cache = SoundCache(tmp_path / "file" / "folder")
    cache.store(KEY, wav())
    assert cache.load(KEY) is None


async def test_a_key_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    """The second one waits for the first; another key does not."""
    cache = SoundCache(tmp_path)
    order: list[str] = []
    entered, leave = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with cache.alone(KEY):
            order.append("first in")
            entered.set()
            await leave.wait()
            order.append("first out")

    async def second() -> None:
        async with cache.alone(KEY):
            order.append("second in")

    holding = asyncio.create_task(first())
    await entered.wait()
    waiting = asyncio.create_task(second())

    async def third() -> None:
        async with cache.alone("fe" * 32):
            order.append("another key")

    await asyncio.wait_for(third(), 5)
    leave.set()
    await asyncio.wait_for(asyncio.gather(holding, waiting), 5)
    assert order == ["first in", "another key", "first out", "second in"]


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By variable; else it is the user's cache folder."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert SoundCache().folder == tmp_path
    monkeypatch.delenv(FOLDER_VARIABLE)
    assert default_folder().parts[-2:] == ("lastword", "voices")


def test_what_is_no_file_is_not_there(tmp_path: Path) -> None:
    """A pipe would block for ever; it is replaced like any foreign file."""
    cache = SoundCache(tmp_path)
    os.mkfifo(cache.path(KEY))
    cache.path(OTHER).mkdir()
    assert (cache.load(KEY), cache.load(OTHER)) == (None, None)
    cache.store(KEY, wav())
    cache.store(OTHER, wav())
    assert (cache.load(KEY) is not None, cache.load(OTHER)) == (True, None)


def test_a_file_larger_than_the_cache_is_not_there(tmp_path: Path) -> None:
    """It is not read at all."""
    cache = SoundCache(tmp_path)
    with cache.path(KEY).open("wb") as file:
        file.truncate(2**40)
    assert cache.load(KEY) is None


def test_links_lead_nowhere(tmp_path: Path) -> None:
    """Neither a sound nor a lock is looked for where somebody has linked it to."""
    folder, elsewhere = tmp_path / "cache", tmp_path / "elsewhere"
    cache = SoundCache(folder)
    cache.store(KEY, wav())
    elsewhere.write_bytes(cache.path(KEY).read_bytes())
    cache.path(KEY).unlink()
    cache.path(KEY).symlink_to(elsewhere)
    assert cache.load(KEY) is None
    cache.store(KEY, wav(value=7))
    assert cache.load(KEY) is not None
    assert Clip.load(elsewhere) == Clip.load(wav())


@pytest.mark.parametrize("kind", ["link", "fifo"])
async def test_a_lock_that_is_no_file_holds_nobody(tmp_path: Path, kind: str) -> None:
    """Nothing is made at the other end of the link, and two may enter."""
    lock = tmp_path / f"{KEY[:2]}.lock"
    if kind == "link":
        lock.symlink_to(tmp_path / "elsewhere")
    else:
        os.mkfifo(lock)
    cache = SoundCache(tmp_path)
    async with cache.alone(KEY), cache.alone(KEY):
        assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 5000])
async def test_a_folder_that_cannot_exist_is_not_there(name: str) -> None:
    """NUL, a surrogate, a name too long: nothing is kept and nothing is raised."""
    cache = SoundCache(name)
    assert cache.load(KEY) is None
    cache.store(KEY, wav())
    cache.forget(KEY)
    async with cache.alone(KEY):
        pass


def test_a_time_to_come_does_not_stay_for_ever(tmp_path: Path) -> None:
    """It says nothing about when a sound was used: it makes room first, half-written files too."""
    cache = SoundCache(tmp_path, max_bytes=2 * len(wav()) + 500)
    keys = [f"{number:064x}" for number in range(3)]
    for key in keys[:2]:
        cache.store(key, wav())
    os.utime(cache.path(keys[0]), (2**33, 2**33))
    part = tmp_path / "x.part"
    part.write_bytes(b"half")
    os.utime(part, (2**33, 2**33))
    cache.store(keys[2], wav())
    assert [cache.load(key) is not None for key in keys] == [False, True, True]
    assert not part.exists()


def test_a_folder_among_the_sounds_does_not_keep_the_others_from_going(tmp_path: Path) -> None:
    """Only what is a sound is counted and removed."""
    cache = SoundCache(tmp_path, max_bytes=len(wav()) + 500)
    (tmp_path / "00.wav").mkdir()
    cache.store(KEY, wav())
    cache.store(OTHER, wav())
    assert [cache.load(key) is not None for key in (KEY, OTHER)] == [False, True]
