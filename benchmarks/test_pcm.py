"""Measures float32 to int16: ext/pcm.c as the package compiles it, and without vectors."""

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from race import Race, speech

ROOT = Path(__file__).parents[1]
FLAGS = ["-O3", "-std=gnu11", "-shared", "-fPIC", f"-I{ROOT / 'ext'}"]
LEAST = 2.0
"""Least speed-up over sample by sample; a loop that GCC no longer vectorises has 1."""


def compiled(folder: Path, name: str, *flags: str) -> Callable[[np.ndarray], int]:
    library = folder / f"{name}.so"
    source = ROOT / "ext" / "pcm.c"
    subprocess.run(["cc", *FLAGS, *flags, str(source), "-o", str(library)], check=True)  # noqa: S603, S607 - the compiler
    function = ctypes.CDLL(str(library)).pcm_to_int16
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    function.restype = ctypes.c_size_t
    out = np.empty(2**20, np.int16)

    def convert(samples: np.ndarray) -> int:
        return int(function(samples.ctypes.data, out.ctypes.data, len(samples)))

    return convert


def test_to_int16(race: Race, tmp_path: Path, benchmark: pytest.FixtureRequest) -> None:
    ours = compiled(tmp_path, "vectors")
    scalar = compiled(tmp_path, "scalar", "-fno-tree-vectorize", "-fno-tree-slp-vectorize")
    race.run("to int16 | 6.9 s", ours, {"scalar": scalar}, [speech(1), speech(2)], rounds=100)
    times = benchmark.stats.stats.median, benchmark.extra_info["peers"]["scalar"]
    assert times[1] >= LEAST * times[0]
