"""The resampler without memory: each of its allocations fails once, under ASan and UBSan."""

import subprocess
import sys
from pathlib import Path

import pytest

from programs import needs

ROOT = Path(__file__).parents[2]
EXT = ROOT / "ext"
# The kernels allocate nothing, and take long to compile with sanitizers.
KERNELS = [EXT / f"resample_{path}.c" for path in ("portable", "avx2", "avx512")]
SOURCES = [
    EXT / f"{name}.c"
    for name in (
        "cpu",
        "fft",
        "framer",
        "pcm",
        "resample",
        "resample_design",
        "resample_part",
        "resample_plan",
        "resample_stream",
    )
]
FLAGS = ["-std=gnu11", f"-I{EXT}"]
SANITIZERS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
WRAP = [f"-Wl,--wrap={name}" for name in ("malloc", "calloc", "aligned_alloc")]


@pytest.mark.skipif(sys.platform != "linux", reason="--wrap is an option of the GNU linker")
def test_failed_allocations_are_reported_and_nothing_leaks(tmp_path: Path) -> None:
    compiler = needs("gcc", "gcc")
    program = tmp_path / "starved"
    subprocess.run([compiler, *FLAGS, "-O0", "-c", *KERNELS], cwd=tmp_path, check=True, timeout=120)
    subprocess.run(
        [compiler, *FLAGS, *SANITIZERS, *WRAP, "-o", program, *SOURCES,
         Path(__file__).with_name("resample_starved.c"), *tmp_path.glob("*.o"), "-lm"],
        check=True, timeout=120,
    )  # fmt: skip
    done = subprocess.run([program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("failures") == 6
