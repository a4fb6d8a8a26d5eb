"""LASTWORD_SIMD chooses the instruction set of a process, and they all agree."""

import os
import subprocess
import sys

import numpy as np
import pytest

from audio.resampling import (
    AWKWARD_RATIOS,
    INT16_STEPS,
    PATHS_DBFS,
    VOICE_RATIOS,
    decibels,
    paths_of_this_cpu,
)
from lastword.audio import _native

# Prints the results of all ratios, float32 first, then int16, as raw bytes.
PROGRAM = """
import sys
from audio.resampling import AWKWARD_RATIOS, VOICE_RATIOS, as_int16, noise
from lastword import resample
samples = noise(30_011)
for sound in (samples, as_int16(samples)):
    for ratio in (*VOICE_RATIOS, *AWKWARD_RATIOS):
        sys.stdout.buffer.write(resample(sound, *ratio).tobytes())
"""
TOTAL = sum((2 * 30_011 * o + i) // (2 * i) for i, o in (*VOICE_RATIOS, *AWKWARD_RATIOS))


def run(path: str) -> subprocess.CompletedProcess[bytes]:
    """PROGRAM in a process of its own with this path."""
    env = os.environ | {"LASTWORD_SIMD": path, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, check=False, timeout=60
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
def test_the_paths_are_those_of_the_cpu() -> None:
    """Whatever compiler built the extension, and whatever its runtime knows of CPUs."""
    assert _native.simd_paths() == paths_of_this_cpu()


@pytest.fixture(scope="module")
def portable() -> bytes:
    done = run("portable")
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("path", ["avx2", "avx512"])
def test_every_path_agrees_with_the_portable_one(portable: bytes, path: str) -> None:
    """In float32 within PATHS_DBFS, in int16 within one step."""
    if path not in _native.simd_paths():
        pytest.skip(f"this CPU or this build has no {path}")
    done = run(path)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout != portable, "the variable changed nothing"
    floats, others = (np.frombuffer(data, np.float32, TOTAL) for data in (done.stdout, portable))
    difference = floats.astype(np.float64) - others
    assert decibels(float(np.sqrt(np.mean(difference**2)))) < PATHS_DBFS
    shorts, others = (
        np.frombuffer(data, np.int16, offset=4 * TOTAL).astype(int)
        for data in (done.stdout, portable)
    )
    assert np.abs(shorts - others).max() <= INT16_STEPS


def test_an_unknown_path_is_refused() -> None:
    done = run("mmx")
    assert done.returncode == 1
    assert "LASTWORD_SIMD: expected what this CPU has, portable" in done.stderr.decode()


def test_the_compiled_side_refuses_what_it_has_not() -> None:
    with pytest.raises(ValueError, match="expected one of portable"):
        _native.Resampler(8000, 24000, "mmx")
    with pytest.raises(ValueError, match="at most a factor of 256 apart"):
        _native.Resampler(1, 257)
    with pytest.raises(ValueError, match="at most a factor of 256 apart"):
        _native.Resampler(0, 0)
    resampler = _native.Resampler(8000, 24000)
    with pytest.raises(OverflowError, match="more samples than memory can hold"):
        resampler.length(2**63)
    with pytest.raises(ValueError, match="expected out of length"):
        resampler.run_f32(np.zeros((8, 1), np.float32), np.zeros((23, 1), np.float32))
    with pytest.raises(ValueError, match="expected out of length"):
        resampler.run_s16(np.zeros((8, 1), np.int16), np.zeros((24, 2), np.int16))
