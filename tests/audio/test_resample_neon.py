"""The portable path on AArch64, where it is NEON: built by a cross compiler, run by qemu."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from audio.resampling import AWKWARD_RATIOS, PATHS_DBFS, VOICE_RATIOS, by_path, decibels, noise
from programs import needs

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "ext").glob("resample*.c"), ROOT / "ext" / "fft.c", ROOT / "ext" / "cpu.c"]


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that resamples on AArch64."""
    compiler = needs("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross")
    emulator = needs("qemu-aarch64", "qemu-user")
    built = tmp_path_factory.mktemp("aarch64") / "resample_pipe"
    subprocess.run(
        [
            compiler, "-std=gnu11", "-O3", "-static", f"-I{ROOT / 'ext'}", "-o", built,
            Path(__file__).with_name("resample_pipe.c"), *SOURCES, "-lm",
        ],
        check=True, timeout=120,
    )  # fmt: skip
    return [emulator, str(built)]


@pytest.mark.parametrize(("in_rate", "out_rate"), [*VOICE_RATIOS, *AWKWARD_RATIOS])
def test_neon_agrees_with_the_portable_path(pipe: list[str], in_rate: int, out_rate: int) -> None:
    samples = noise(10_007)
    done = subprocess.run(
        [*pipe, str(in_rate), str(out_rate)],
        input=samples.tobytes(), stdout=subprocess.PIPE, check=True, timeout=60,
    )  # fmt: skip
    expected = by_path(samples, in_rate, out_rate, "portable").astype(np.float64)
    difference = np.frombuffer(done.stdout, np.float32) - expected
    assert decibels(float(np.sqrt(np.mean(difference**2)))) < PATHS_DBFS
