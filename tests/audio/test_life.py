"""Clips in processes and threads: prewarm, fork, spawn, the GIL, memory over many loads."""

import asyncio
import gc
import inspect
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from livekit.agents.ipc.job_proc_executor import ProcJobExecutor
from livekit.agents.job import JobAcceptArguments, RunningJobInfo
from livekit.protocol import agent

from audio import worker
from audio.files import sweep, written
from lastword.audio import clip as clip_module
from lastword.audio.clip import Clip, clear_cache
from lastword.audio.decode import decode
from lastword.audio.frames import Format
from lastword.audio.sound import Sound


@pytest.fixture
def wav_path(tmp_path: Path) -> Path:
    """A second of sound at 44.1 kHz."""
    path = tmp_path / "clip.wav"
    path.write_bytes(written(sweep(44100, 44100), 44100, "WAV", "PCM_16"))
    return path


# --- processes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
async def test_a_clip_loaded_in_prewarm_is_used_by_the_job(
    method: str, wav_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real job process of livekit-agents: the job's own load finds sound and frames ready."""
    report = tmp_path / "report.json"
    monkeypatch.setenv("LASTWORD_TEST_CLIP", str(wav_path))
    monkeypatch.setenv("LASTWORD_TEST_REPORT", str(report))
    later = {"session_end_fnc": None, "session_end_timeout": 5.0, "simulation_end_fnc": None}
    known = inspect.signature(ProcJobExecutor).parameters
    process = ProcJobExecutor(
        initialize_process_fnc=worker.prewarm,
        job_entrypoint_fnc=worker.entrypoint,
        **{name: value for name, value in later.items() if name in known},  # not all in 1.4.6
        inference_executor=None,
        initialize_timeout=60.0,
        close_timeout=20.0,
        memory_warn_mb=0,
        memory_limit_mb=0,
        ping_interval=10.0,
        ping_timeout=60.0,
        high_ping_threshold=10.0,
        http_proxy=None,
        mp_ctx=multiprocessing.get_context(method),
        loop=asyncio.get_running_loop(),
    )
    await process.start()
    await process.initialize()
    job = RunningJobInfo(
        accept_arguments=JobAcceptArguments(name="", identity="", metadata=""),
        job=agent.Job(id="job"),
        url="ws://127.0.0.1:1",
        token="",
        worker_id="worker",
        fake_job=True,
    )
    await process.launch_job(job)
    await asyncio.wait_for(process.join(), 60)
    await process.aclose()
    told = json.loads(report.read_text())
    assert told.pop("pid") != os.getpid()
    assert told == {"frames": 20, "same": True, "calls": []}


def test_a_fork_while_a_clip_is_loaded_leaves_no_lock_behind(wav_path: Path) -> None:
    """The child of a fork loads and prepares although a thread of the parent held all locks."""
    clip = Clip.load(wav_path)
    data = wav_path.read_bytes()
    with clip_module._cache._lock, clip._sound._lock:
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            ok = len(Clip.load(data).frames()) == 20 and len(clip.frames(8000)) == 20
            os._exit(0 if ok else 1)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        threading.Event().wait(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    pytest.fail("the child waits for a lock that nobody holds")


def test_unpickling_shares_the_sound_within_a_process(wav_path: Path) -> None:
    data = pickle.dumps(Clip.load(wav_path))
    one, two = pickle.loads(data), pickle.loads(data)  # noqa: S301 - our own
    assert one.frames()[0].data.obj is two.frames()[0].data.obj


# --- threads -----------------------------------------------------------------------------------


def test_preloading_in_a_thread_hardly_holds_the_gil() -> None:
    """Ten minutes of sound decode, resample and become frames while another thread runs on.

    What is counted is not time, which a busy machine stretches, but turns: a loader that kept the
    GIL would leave the other thread with none, as it asks for it again only when it is let go.
    """
    samples = np.tile(np.arange(-15000, 15000, 10).astype(np.int16), 6000)
    Clip.load((samples[:99], 48000)).frames()
    done = threading.Event()

    def load() -> None:
        Clip.load((samples, 48000))._sound.frames(Format.of(24000, 1, 50))
        done.set()

    before = sys.getswitchinterval()
    sys.setswitchinterval(100.0)  # nobody is made to give the GIL away: only who offers it
    try:
        thread = threading.Thread(target=load)
        thread.start()
        turns = 0
        while not done.is_set():
            turns += 1
            time.sleep(0)  # offers the GIL, and takes it back when the loader lets go
        thread.join(60)
    finally:
        sys.setswitchinterval(before)
    assert turns > 100


# --- memory ------------------------------------------------------------------------------------


def resident_bytes() -> int:
    """Memory of this process, from Linux's own account."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


linux_only = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")


@linux_only
def test_10_000_loads_leave_nothing_behind() -> None:
    """Fresh content each time, through WAV, resampler, frames and refusals: no leak."""
    data = bytearray(written(sweep(2400, 48000), 48000, "WAV", "PCM_16"))
    broken = bytes(data[:30])

    def load(count: int) -> None:
        for i in range(count):
            data[100:104] = i.to_bytes(4, "little")
            Clip.load(bytes(data)).frames(24000 if i % 2 else 16000, 1 + i % 2)
            if i % 100 == 0:
                clear_cache()
                with pytest.raises(ValueError, match="expected"):
                    Clip.load(broken)
        clear_cache()
        gc.collect()

    load(2000)
    before = resident_bytes()
    load(10_000)
    grown = resident_bytes() - before
    assert grown < 10_000 * 100, f"{grown / 10_000:.0f} bytes per load"


MEASURE = """
import resource, sys
from pathlib import Path
from lastword import Clip

def private():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))

def peak():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

short, path, *form = sys.argv[1:]
held = Clip.load(short)
held.frames(*map(int, form))
before = private(), peak()
clip = Clip.load(path)
num_bytes = sum(2 * len(frame.data) for frame in clip.frames(*map(int, form)))
print(num_bytes, private() - before[0], peak() - before[1])
"""


@linux_only
@pytest.mark.parametrize(
    ("container", "subtype", "form"),
    [
        ("WAV", "PCM_16", (24000, 1)), ("WAV", "FLOAT", (24000, 1)), ("FLAC", "PCM_16", (24000, 2)),
        ("MP3", "MPEG_LAYER_III", (24000, 2)), ("OGG", "VORBIS", (48000, 2)),
        ("OGG", "OPUS", (48000, 2)),
    ],
)  # fmt: skip
def test_a_clip_takes_the_memory_of_its_frames(
    container: str, subtype: str, form: tuple[int, int], tmp_path: Path
) -> None:
    """Neither its samples nor its file stay in memory; decoding takes pieces of them."""
    rng = np.random.default_rng(5)
    samples = (0.1 * rng.standard_normal((120 * 48000, 2))).astype(np.float32)
    sounds = []
    for name, sound in (("short", samples[:48000]), ("long", samples)):
        sounds.append(tmp_path / name)
        with soundfile.SoundFile(
            sounds[-1], "w", 48000, 2, subtype, format=container
        ) as file:  # libsndfile's encoders of Ogg crash over a minute at once
            for second in np.split(sound, len(sound) // 48000):
                file.write(second)
    command = [sys.executable, "-c", MEASURE, *map(str, [*sounds, *form])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    frames, private, peak = map(int, done.stdout.split())
    assert private < 1.2 * frames
    # the file is read at once; what is decoded of it takes two MiB, whatever its length
    assert peak < frames + sounds[1].stat().st_size + 6 * 2**20


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no clip uses is forgotten, the oldest first, beyond so many bytes."""
    clear_cache()
    frames = Format.of(24000, 1, 50)
    monkeypatch.setattr(clip_module, "MAX_CACHED_BYTES", 10_000)
    monkeypatch.setattr(Sound, "expected", frames)
    sounds: list[Any] = [np.full(2000, i, np.int16) for i in range(5)]
    for samples in sounds:
        Clip.load((samples, 24000))
    kept = [
        int(np.frombuffer(sound.frames(frames).contents[0], np.int16)[0])
        for sound, _ in clip_module._cache._kept.values()
    ]
    assert kept == [3, 4]
    assert decode((sounds[0], 24000)).samples.shape == (2000, 1)
