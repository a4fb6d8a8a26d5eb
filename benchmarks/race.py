"""What is measured, and on what: the race of one entrant, and the clips.

Each benchmark belongs to a group, "<what> | <case>", and says who does the work: `ours`, or a peer
by its name. `table.py` sets both beside each other.
"""

from collections.abc import Callable, Iterator
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
"""Files of one format with different contents, taken in turn: nothing is found in a cache."""

FORMATS = {"WAV": "PCM_16", "FLAC": "PCM_16", "Vorbis": "VORBIS", "MP3": "MPEG_LAYER_III",
           "Opus": "OPUS"}  # fmt: skip


def speech(seed: int, rate: int = RATE, duration_s: float = DURATION_S) -> NDArray[np.float32]:
    """Something with the spectrum and the pauses of speech, mono."""
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
    soundfile.write(path, samples, RATE, format=container, subtype=FORMATS[name])


class Race:
    """Measures one entrant of a group."""

    def __init__(self, benchmark: Any) -> None:
        self._benchmark = benchmark

    def run(
        self,
        group: str,
        who: str,
        work: Callable[[Any], Any],
        inputs: list[Any],
        *,
        rounds: int,
        items: int = 0,
    ) -> Any:
        """Time `work(one of the inputs)`, with empty caches and another input each round.

        Args:
            group: "<what> | <case>".
            who: "ours" or the peer.
            work: What is timed.
            inputs: Taken in turn.
            rounds: Calls that are timed, after two that are not.
            items: Frames handed out by a call; the table then tells frames per second.
        """
        turn: Iterator[int] = iter(range(rounds + 2))

        def fresh() -> tuple[tuple[Any], dict[str, Any]]:
            clear_cache()
            return (inputs[next(turn) % len(inputs)],), {}

        self._benchmark.group = group
        self._benchmark.extra_info.update(who=who, items=items)
        return self._benchmark.pedantic(work, setup=fresh, rounds=rounds, warmup_rounds=2)
