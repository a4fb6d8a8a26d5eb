"""Measures the preload of ten clips in a new process, whose sounds an earlier process has prepared.

The time is that of the loads alone, with everything imported that importing lastword imports.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from race import FORMATS, RATE, speech, write

from lastword.audio.folder import FOLDER_VARIABLE

MOST_MS = 15.0
RUNS = 7
CLIPS = 10

MEASURE = """
import sys, time
import numpy, livekit.rtc
{load}
started = time.perf_counter()
for path in sys.argv[1:]:
    load(path)
print((time.perf_counter() - started) * 1e3)
"""
OURS = MEASURE.format(
    load="from lastword import Clip; load = lambda path: Clip.load(path).frames()"
)
PEER = MEASURE.format(load="from peers import frames_by_soxr as load")


def best_ms(code: str, paths: list[Path], folder: Path) -> float:
    """Return the least time of some runs, in new processes."""
    command = [sys.executable, "-c", code, *map(str, paths)]
    environment = {**os.environ, FOLDER_VARIABLE: str(folder)}
    times = [
        subprocess.run(  # noqa: S603 - our own code
            command, check=True, cwd=Path(__file__).parent, capture_output=True, text=True,
            env=environment,
        ).stdout
        for _ in range(RUNS)
    ]  # fmt: skip
    return min(map(float, times))


@pytest.mark.parametrize("name", FORMATS)
def test_second_start(name: str, tmp_path: Path) -> None:
    """WAV is decoded each time: it takes no longer."""
    folder = tmp_path / "cache"
    folder.mkdir()
    paths = [tmp_path / str(seed) for seed in range(CLIPS)]
    for seed, path in enumerate(paths):
        write(path, speech(seed, 48_000 if name == "Opus" else RATE), name)
    first, second = best_ms(OURS, paths, tmp_path / "none"), best_ms(OURS, paths, folder)
    peer = best_ms(PEER, paths, folder)
    print(
        f"ten clips | {name}: {first:.1f} ms, again {second:.1f} ms, soundfile + soxr {peer:.1f} ms"
    )
    assert second <= MOST_MS
