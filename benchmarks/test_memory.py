"""Measures the private memory that a clip takes, in new processes, per byte of its frames.

The peer holds what the fast way by hand needs for the same: the samples, to make other formats of.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from race import FORMATS, RATE, speech, write

MOST = 1.2
DURATION_S = 60.0
SHORT_S = 1.0

OURS = "from lastword import Clip; load = lambda path: (c := Clip.load(path), c.frames())"
BY_HAND = """
import soundfile
from peers import frames_by_soxr
load = lambda path: (soundfile.read(path, dtype="float32"), frames_by_soxr(path))
"""
MEASURE = """
import sys
from pathlib import Path
def private():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
first = load(sys.argv[1])
before = private()
held = load(sys.argv[2])
print((private() - before) / sum(2 * len(frame.data) for frame in held[1]))
"""


def private_per_byte(code: str, paths: list[Path]) -> float:
    """Return the private memory that the second sound takes, per byte of its frames."""
    command = [sys.executable, "-c", code + MEASURE, *map(str, paths)]
    done = subprocess.run(  # noqa: S603 - our own code
        command, check=True, cwd=Path(__file__).parent, capture_output=True, text=True
    )
    return float(done.stdout)


@pytest.mark.parametrize("name", FORMATS)
def test_memory(name: str, tmp_path: Path) -> None:
    """Two minutes, so that what a decoder leaves in the heap counts little."""
    rate = 48_000 if name == "Opus" else RATE
    paths = [tmp_path / "short", tmp_path / "long"]
    for path, duration_s in zip(paths, (SHORT_S, DURATION_S), strict=True):
        write(path, speech(1, rate, duration_s), name)
    ours, by_hand = private_per_byte(OURS, paths), private_per_byte(BY_HAND, paths)
    print(f"memory | {name}: {ours:.2f} x the frames, soundfile + soxr {by_hand:.2f} x")
    assert ours <= MOST
