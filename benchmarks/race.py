"""Runs the races between lastword and its peers, and makes the clips for them.

Each benchmark measures lastword, in a group "<what> | <case>"; the medians of its peers are in its
`extra_info`. `table.py` shows both side by side.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from lastword.audio.clip import clear_cache

RATE = 44_100
DURATION_S = 6.9
NUM_VARIANTS = 8
"""How many files of a format, with different contents, take turns: no cache helps."""

FORMATS = {"WAV": "PCM_16", "FLAC": "PCM_16", "Vorbis": "VORBIS", "MP3": "MPEG_LAYER_III",
           "Opus": "OPUS"}  # fmt: skip


def speech(seed: int, rate: int = RATE, duration_s: float = DURATION_S) -> NDArray[np.float32]:
    """Return a mono sound with the spectrum and the pauses of speech."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * rate)) / rate
    pitch = 2 * np.pi * np.cumsum(120 + 20 * np.sin(2 * np.pi * 2.1 * t + seed)) / rate
    voiced = sum(np.sin(k * pitch) / k**1.2 for k in range(1, 30))
    syllables = (0.5 + 0.5 * np.sin(2 * np.pi * 3.3 * t + seed)) ** 2
    wave: NDArray[np.float64] = syllables * (0.15 * voiced + 0.01 * rng.standard_normal(t.size))
    return wave.astype(np.float32)


def write(path: Path, samples: NDArray[np.float32], name: str) -> None:
    """Write a file of one of FORMATS."""
    if name == "Opus":  # as services deliver speech: 32 kbit/s at 48 kHz
        with av.open(str(path), "w", format="ogg") as out:
            stream = out.add_stream("libopus", rate=48_000)
            stream.layout = "mono"
            stream.bit_rate = 32_000
            stream.codec_context.format = "flt"
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
            frame.sample_rate = 48_000
            frame.pts = 0
            out.mux([*stream.encode(frame), *stream.encode(None)])
        return
    container = {"WAV": "WAV", "FLAC": "FLAC", "Vorbis": "OGG", "MP3": "MP3"}[name]
    with soundfile.SoundFile(path, "w", RATE, 1, FORMATS[name], format=container) as file:
        for start in range(0, len(samples), RATE):  # at once, a minute of Vorbis crashes
            file.write(samples[start : start + RATE])


class Race:
    """Measures lastword and its peers in the same rounds, so that load slows all of them."""

    def __init__(self, benchmark: Any) -> None:
        self._benchmark = benchmark

    def run(
        self,
        group: str,
        ours: Callable[[Any], Any],
        peers: Mapping[str, Callable[[Any], Any]],
        inputs: list[Any],
        *,
        rounds: int,
        items: int = 0,
    ) -> Any:
        """Time `ours` and each of the peers on the inputs, with empty caches.

        Args:
            group: "<what> | <case>".
            ours: What pytest-benchmark times.
            peers: Timed before each round of `ours`; by name.
            inputs: Taken in turn, so that each round differs from the one before.
            rounds: Calls that are timed, after two that are not.
            items: Frames handed out by a call; the table then shows frames per second.

        Returns:
            The last result of `ours`.
        """
        turn = itertools.cycle(inputs)
        times: dict[str, list[float]] = {name: [] for name in peers}

        def fresh() -> tuple[tuple[Any], dict[str, Any]]:
            chosen = next(turn)
            for name, work in peers.items():
                clear_cache()
                started = time.perf_counter()
                work(chosen)
                times[name].append(time.perf_counter() - started)
            clear_cache()
            return (chosen,), {}

        self._benchmark.group = group
        result = self._benchmark.pedantic(ours, setup=fresh, rounds=rounds, warmup_rounds=2)
        # The first two belong to the warm-up.
        medians = {name: statistics.median(taken[2:]) for name, taken in times.items()}
        self._benchmark.extra_info.update(peers=medians, items=items)
        return result
