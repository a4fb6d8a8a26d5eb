"""Measures `resample` against soxr HQ: nine voice ratios, every instruction set, both dtypes.

    pytest benchmarks/test_resample.py

Each round times soxr and then lastword, so that load slows both; the ratio is that of the
medians. The table at the end has one line per pair of rates and the geometric means.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soxr

from lastword.audio import _native

Sound = npt.NDArray[Any]

VOICE_RATIOS = [
    (8000, 24000), (16000, 24000), (22050, 24000), (32000, 24000), (44100, 24000),
    (48000, 24000), (24000, 48000), (44100, 48000), (48000, 16000),
]  # fmt: skip
AWKWARD_RATIOS = [(47999, 24000), (24000, 47999), (11000, 24000)]
SECONDS = 6.9  # a spoken sentence or two
ROUNDS = 41


def speech(rate: int, dtype: str) -> Sound:
    """Return a gliding buzz with the envelope of syllables, hiss in the gaps; (samples,)."""
    times = np.arange(int(SECONDS * rate)) / rate
    phase = 2 * np.pi * np.cumsum(120 + 20 * np.sin(2 * np.pi * 0.7 * times)) / rate
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * times), 0, 1) ** 0.5
    gaps = np.clip(np.sin(2 * np.pi * 2.3 * times + 2), 0, 1)
    buzz: Sound = sum(np.sin(n * phase) / n for n in range(1, 30) if n * 145 < 0.45 * rate)
    hiss = np.random.default_rng(1).standard_normal(len(times))
    sound = 0.2 * (buzz * syllables + 0.1 * hiss * gaps)
    return sound.astype(np.float32) if dtype == "float32" else np.rint(sound * 32768).astype("i2")


def run(resampler: _native.Resampler, samples: Sound) -> Sound:
    """Do what `resample` does once it has the plan."""
    out = np.empty((resampler.length(len(samples)), 1), samples.dtype)
    (resampler.run_f32 if samples.dtype == np.float32 else resampler.run_s16)(
        samples[:, np.newaxis], out
    )
    return out


@dataclass
class Table:
    """The ratios of a run, printed when it ends; this is a plugin of pytest."""

    ratios: dict[str, dict[str, dict[str, float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(dict))
    )

    def lines(self) -> Iterator[str]:
        """Yield a block per group: a line per pair of rates, then geometric mean and least."""
        for group, rows in self.ratios.items():
            paths = list(next(iter(rows.values())))
            yield f"{group:<26}" + "".join(f"{path:>12}" for path in paths)
            for rates, row in rows.items():
                yield f"  {rates:<24}" + "".join(f"{row[path]:12.2f}" for path in paths)
            columns = [np.array([row[path] for row in rows.values()]) for path in paths]
            means = "".join(f"{np.exp(np.log(column).mean()):12.2f}" for column in columns)
            yield f"  {'geometric mean':<24}{means}"
            yield f"  {'least':<24}" + "".join(f"{column.min():12.2f}" for column in columns)
            yield ""

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print, after the tables of pytest-benchmark."""
        terminalreporter.section("resample: times as fast as soxr HQ")
        for line in self.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Table:
    """Collect what the benchmarks of this file measure and print it when they are done."""
    result = Table()
    request.config.pluginmanager.register(result)
    return result


@pytest.mark.parametrize("path", _native.simd_paths())
@pytest.mark.parametrize("dtype", ["float32", "int16"])
@pytest.mark.parametrize("rates", [*VOICE_RATIOS, *AWKWARD_RATIOS], ids=lambda r: f"{r[0]}>{r[1]}")
def test_resample(
    benchmark: Any, table: Table, rates: tuple[int, int], dtype: str, path: str
) -> None:
    """Measure with a plan that exists already, as for every clip but the first."""
    samples, name = speech(rates[0], dtype), f"{rates[0]}>{rates[1]}"
    kind = "awkward" if rates in AWKWARD_RATIOS else "voice"
    resampler = _native.Resampler(*rates, path)
    peer_times = []

    def peer() -> None:
        started = time.perf_counter()
        soxr.resample(samples, *rates, quality="HQ")
        peer_times.append(time.perf_counter() - started)

    benchmark.group = f"resample | {name} {dtype}"
    out = benchmark.pedantic(run, (resampler, samples), setup=peer, rounds=ROUNDS, warmup_rounds=2)
    ours = benchmark.stats.stats.median
    ratio = float(np.median(peer_times)) / ours
    benchmark.extra_info.update(
        path=path, kind=kind, dtype=dtype, peer="soxr HQ",
        peer_median_s=float(np.median(peer_times)),
    )  # fmt: skip
    assert len(out) == (2 * len(samples) * rates[1] + rates[0]) // (2 * rates[0])
    table.ratios[f"{kind} ratios, {dtype}"][name][path] = ratio


@pytest.mark.parametrize("path", _native.simd_paths())
@pytest.mark.parametrize("rates", [*VOICE_RATIOS, *AWKWARD_RATIOS], ids=lambda r: f"{r[0]}>{r[1]}")
def test_first_call(benchmark: Any, table: Table, rates: tuple[int, int], path: str) -> None:
    """Measure what a new pair of rates costs once: filter, block sizes, tables."""
    benchmark.group = f"first call | {rates[0]}>{rates[1]}"
    benchmark.pedantic(_native.Resampler, (*rates, path), rounds=ROUNDS, warmup_rounds=1)
    median_ms = benchmark.stats.stats.median * 1e3
    benchmark.extra_info.update(path=path)
    table.ratios["first call, ms"][f"{rates[0]}>{rates[1]}"][path] = median_ms
