"""Makes a sweep whose frequency tells the position in it, and analyses recordings of it.

Between the agent and the caller lie Opus, a jitter buffer and a resampler, so recordings are
compared by what they say, not by samples: the frequency heard tells the place in the sweep, and so
how much of it arrived, from where to where, and how often.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lastword.testing.room.recording import QUIET, RATE, Samples, loud_span

Step = tuple[float, float]
"""(place in the recording, place in the sweep), both in seconds."""

LOW_HZ, HIGH_HZ = 300.0, 3000.0  # inside every telephone's band
LEVEL = 0.5
HOP = RATE // 100  # 10 ms, one step of the analysis
WINDOW = 960  # 40 ms: in it a 3 s sweep moves by 36 Hz, less than its main lobe of 100 Hz
PLACE_S = 0.05  # the sweep in pieces, for counting how often each was heard
AGAIN_S = 0.3  # what goes back less was stretched by the jitter buffer; what is shorter is noise
TOLERANCE_S = 0.06  # how far a step may lie off the line of its run: window, jitter and concealment


def sweep(duration_s: float = 3.0, rate: int = RATE) -> Samples:
    """A linear sweep from 300 to 3000 Hz, (samples,) float32, with ends of 2 ms to avoid clicks."""
    t = np.arange(round(duration_s * rate)) / rate
    phase = 2 * np.pi * (LOW_HZ * t + (HIGH_HZ - LOW_HZ) * t**2 / (2 * duration_s))
    sound = LEVEL * np.sin(phase)
    ramp = round(0.002 * rate)
    sound[:ramp] *= np.linspace(0, 1, ramp)
    sound[-ramp:] *= np.linspace(1, 0, ramp)
    return sound.astype(np.float32)


def tone(frequency: float, duration_s: float, rate: int = RATE) -> Samples:
    """A steady tone, (samples,) float32; above 3.3 kHz the analyser takes it for nothing."""
    t = np.arange(round(duration_s * rate)) / rate
    return (LEVEL * np.sin(2 * np.pi * frequency * t)).astype(np.float32)


@dataclass(frozen=True)
class Run:
    """One stretch of the sweep as heard, in seconds.

    Attributes:
        at_s: Where in the recording it begins.
        first_s: Where in the sweep it begins.
        last_s: Where in the sweep it ends.
        steps: (where in the recording, where in the sweep) of each 10 ms of it that was heard.
    """

    at_s: float
    first_s: float
    last_s: float
    steps: tuple[Step, ...] = field(repr=False)


@dataclass(frozen=True)
class Heard:
    """What a recording holds of a sweep: its stretches in order, those under 50 ms left out.

    Both figures go by places of the sweep, not by the clock: a jitter buffer that runs dry on a
    busy machine stretches the sound and catches up later, which is neither more nor twice.
    """

    runs: tuple[Run, ...]

    @property
    def times(self) -> int:
        """How often it was heard: each time the sweep goes back and `AGAIN_S` of it comes again."""
        steps = sorted(step for run in self.runs for step in run.steps)
        before: set[int] = set()
        hearings: list[set[int]] = []
        furthest = float("inf")
        for _, place_s in steps:
            if place_s < furthest - AGAIN_S:
                hearings.append(set())
                furthest = place_s
            furthest = max(furthest, place_s)
            hearings[-1].add(round(place_s / PLACE_S))
        again = 0
        for places in hearings:
            again += len(places & before) >= AGAIN_S / PLACE_S
            before |= places
        return min(1, len(steps)) + again

    @property
    def seconds(self) -> float:
        """Seconds of the sweep that were heard, each place counted once."""
        half = WINDOW / 2 / RATE  # a step is what a window around it holds
        heard = sorted(
            (max(run.first_s, place - half), min(run.last_s, place + half))
            for run in self.runs
            for _, place in run.steps
        )
        total = upto = 0.0
        for first, last in heard:
            total += max(0.0, last - max(first, upto))
            upto = max(upto, last)
        return total


def find_sweep(recording: Samples, duration_s: float = 3.0) -> Heard:
    """Find the stretches of `sweep(duration_s)` in a recording at 24 kHz, (samples,) float32."""
    steps = _places(recording, duration_s)
    runs: list[list[Step]] = []
    for at_s, place_s in steps:
        for run in reversed(runs[-3:]):
            before_at, before_place = run[-1]
            moved, passed = place_s - before_place, at_s - before_at
            # A hole in the sound is a hole in the sweep too: the place goes on with the clock.
            # The jitter buffer may stretch or drop a little of the time, hence the tolerance.
            if passed < 1.0 and abs(moved - passed) < TOLERANCE_S:
                run.append((at_s, place_s))
                break
        else:
            runs.append([(at_s, place_s)])
    return Heard(tuple(_run(r, recording) for r in runs if len(r) * HOP >= 0.05 * RATE))


def _run(steps: list[Step], recording: Samples) -> Run:
    """Sum up one run; its ends are taken from the sound's envelope, finer than a window."""
    half = WINDOW / 2 / RATE
    start, end = _edges(recording, steps[0][0] - half, steps[-1][0] + half)
    return Run(start, start + _ahead(steps[:30]), end + _ahead(steps[-30:]), tuple(steps))


def _ahead(steps: list[Step]) -> float:
    """How far the place in the sweep is ahead of the place in the recording."""
    return float(np.median([place - at for at, place in steps]))


def _edges(recording: Samples, start_s: float, end_s: float) -> tuple[float, float]:
    """The first and last moment between the two at which the sound is louder than `QUIET`."""
    start = max(0, round(start_s * RATE))
    span = loud_span(recording[start : round(end_s * RATE)])
    if span is None:
        return start_s, end_s
    return start / RATE + span[0], start / RATE + span[1]


def _places(recording: Samples, duration_s: float) -> list[Step]:
    """(time in the recording, place in the sweep) of every 10 ms that holds one pure sweep tone."""
    if len(recording) < WINDOW:
        return []
    frames = np.lib.stride_tricks.sliding_window_view(recording, WINDOW)[::HOP]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), 4 * WINDOW)) ** 2
    peak = spectrum.argmax(axis=1)
    bin_hz = RATE / (4 * WINDOW)
    found: list[Step] = []
    for i, (frame, k) in enumerate(zip(frames, peak, strict=True)):
        hz = k * bin_hz
        if np.abs(frame).max() < 2 * QUIET or not LOW_HZ - 30 <= hz <= HIGH_HZ + 30:
            continue
        near = spectrum[i, max(0, k - 12) : k + 13].sum()
        if near < 0.5 * spectrum[i].sum():  # half of the energy within 75 Hz: a tone, not noise
            continue
        place = (hz - LOW_HZ) / (HIGH_HZ - LOW_HZ) * duration_s
        found.append(((i * HOP + WINDOW / 2) / RATE, place))
    return found
