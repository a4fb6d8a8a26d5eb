"""Measures the time from error to first frame: lastword, a bare `say()`, livekit/agents #6152.

    python benchmarks/bench_latency.py        (make bench runs it too)

One session, then 50 that fail in the same turn of the event loop, with a healthy one beside them
that is fed 20 ms of sound every 20 ms. Times are at the sink, from the error event on (from the
call, for the bare `say()`); rounds of all ways take turns, so that a busy machine is busy for all.
With one session the garbage collector runs just before the failure and not during it: how soon a
collection is due (0.2 ms) else depends on what the set-up of a way happens to allocate.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import soundfile
from livekit import rtc
from livekit.agents import Agent, APIStatusError
from livekit.agents.llm import LLMError
from livekit.agents.utils.audio import audio_frames_from_file
from livekit.agents.voice.events import CloseReason

import lastword
from lastword import classify
from lastword._upstream import listeners, versions
from lastword.failure.verdict import Verdict, keep
from lastword.testing.sink import RecordingSink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    import pytest

CLIP_S = 5.0
CROWD = 50
ROUNDS_OF_ONE = 41
ROUNDS_OF_CROWD = 3
BOUND_S = 60.0
LIVE_MS = 20
ANNOUNCED = "announced"
"""What livekit-agents does between an error and `_on_error`, where lastword and #6152 begin."""
QUOTA_BODY = {
    "type": "inference_quota_exceeded",
    "error": "LLM token credit quota exceeded",
    "category": "MaxGatewayCredits",
    "quota_type": "llm",
}

Fail: TypeAlias = "Callable[[], None]"
Way: TypeAlias = "Callable[[Rig, Sounds], Fail]"


class Rig:
    """A started session whose sink records when the first frame came."""

    def __init__(self) -> None:
        self.session = versions.session_class()()
        self.session.output.audio = self.sink = RecordingSink()
        self.first = asyncio.Event()
        self.closed = asyncio.Event()
        self.error_at = 0.0
        self.sink.on("playback_started", lambda _: self.first.set())
        self.session.on("close", lambda _: self.closed.set())

    def ready_to_fail(self) -> Fail:
        """Return a function that announces an error of a provider that is out of credits."""
        error = APIStatusError("quota", status_code=429, body=QUOTA_BODY, retryable=False)
        event = LLMError(timestamp=time.time(), label="bench", error=error, recoverable=False)
        # as the tap does before an error is announced
        keep(Verdict(classify(event), None), error)

        def fail() -> None:
            self.error_at = asyncio.get_running_loop().time()
            listeners.deliver_error(self.session, event)

        return fail

    @property
    def first_frame_ms(self) -> float:
        """Return the milliseconds from the error to the first frame."""
        return (self.sink.segments[0].frame_times[0] - self.error_at) * 1e3

    async def end(self) -> None:
        """Close the session at once, even while it speaks."""
        self.session.shutdown(drain=False)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.closed.wait(), BOUND_S)


# --- the ways: each prepares a session and returns what makes it fail ----------------------------


class Sounds:
    """One clip in all forms."""

    def __init__(self, folder: Path) -> None:
        times = np.arange(int(CLIP_S * 44100)) / 44100
        noise = np.random.default_rng(1).standard_normal(len(times))
        samples = (0.3 * np.sin(2 * np.pi * 220 * times) + 0.05 * noise).astype(np.float32)
        self.wav, self.vorbis = folder / "clip.wav", folder / "clip.ogg"
        soundfile.write(self.wav, samples, 44100, subtype="PCM_16")
        soundfile.write(self.vorbis, samples, 44100, format="OGG", subtype="VORBIS")
        self.clip = lastword.Clip.load(self.wav, transcript="the last words")


def ours(rig: Rig, sounds: Sounds) -> Fail:
    """`lastword.attach` with a clip."""
    lastword.attach(rig.session, sounds.clip)
    return rig.ready_to_fail()


def bare_say(rig: Rig, sounds: Sounds) -> Fail:
    """`say()` of ready frames in an idle session: the least possible time."""
    frames = sounds.clip.frames()

    async def ready() -> AsyncIterator[rtc.AudioFrame]:
        for frame in frames:
            yield frame

    def fail() -> None:
        rig.error_at = asyncio.get_running_loop().time()
        rig.session.say("the last words", audio=ready(), allow_interruptions=False)

    return fail


def as_in_6152(path: Path) -> Callable[[Rig, Sounds], Fail]:
    """The logic of the pull request: decode at failure time, say, wait at most 16 s, close."""

    def prepare(rig: Rig, _: Sounds) -> Fail:
        session: Any = rig.session
        tasks: list[asyncio.Task[None]] = []

        async def speak_and_close(error: Any) -> None:
            audio = audio_frames_from_file(str(path), sample_rate=24000, num_channels=1)
            handle = session.say("the last words", audio=audio, allow_interruptions=False)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(handle.wait_for_playout(), 16.0)
            await session._aclose_impl(reason=CloseReason.ERROR, error=error)  # noqa: SLF001

        def on_error(error: Any) -> None:
            tasks.append(asyncio.ensure_future(speak_and_close(error)))

        session._on_error = on_error  # noqa: SLF001 - where the pull request has its code
        return rig.ready_to_fail()

    return prepare


# --- measuring -----------------------------------------------------------------------------------


@dataclass
class Figures:
    """What was measured for one way; all in milliseconds.

    Attributes:
        one: One session, each round.
        crowd: 50 sessions, each session of each round.
        stalls: Longest turn of the event loop, each round with 50.
        gaps: Longest silence in the healthy session, each round with 50.
    """

    one: list[float] = field(default_factory=list)
    crowd: list[float] = field(default_factory=list)
    stalls: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)


async def started() -> Rig:
    """Return a started, idle session."""
    rig = Rig()
    await rig.session.start(Agent(instructions="bench"))
    return rig


async def measure_one(prepare: Callable[[Rig, Sounds], Fail], sounds: Sounds) -> float:
    """Fail one session and return how long its first frame took."""
    rig = await started()
    fail = prepare(rig, sounds)
    with collected():
        await asyncio.sleep(0.01)
        fail()
        await asyncio.wait_for(rig.first.wait(), BOUND_S)
    await rig.end()
    return rig.first_frame_ms


async def measure_announcement() -> float:
    """Fail one session without lastword and return how long it takes to decide about it."""
    rig = await started()
    fail = rig.ready_to_fail()
    session: Any = rig.session
    told_at: list[float] = []
    session._on_error = lambda _: told_at.append(asyncio.get_running_loop().time())  # noqa: SLF001 - where a decision begins
    with collected():
        await asyncio.sleep(0.01)
        fail()
    await rig.end()
    return (told_at[0] - rig.error_at) * 1e3


@contextlib.contextmanager
def collected() -> Iterator[None]:
    """Collect garbage first, and keep the collector off inside."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def measure_crowd(
    prepare: Callable[[Rig, Sounds], Fail], sounds: Sounds, figures: Figures
) -> None:
    """Fail 50 sessions in one turn of the loop, beside a healthy one."""
    loop = asyncio.get_running_loop()
    rigs = [await started() for _ in range(CROWD)]
    fails = [prepare(rig, sounds) for rig in rigs]
    healthy = await started()
    healthy.session.say("live", audio=live())
    await asyncio.wait_for(healthy.first.wait(), BOUND_S)
    await asyncio.sleep(0.2)
    turns: list[float] = []
    watch = asyncio.ensure_future(watch_turns(turns))
    await asyncio.sleep(0.05)
    since = loop.time()
    for fail in fails:
        fail()
    await asyncio.wait_for(asyncio.gather(*(rig.first.wait() for rig in rigs)), BOUND_S)
    await asyncio.sleep(1.0)
    watch.cancel()
    taken = [t for t in healthy.sink.segments[0].frame_times if t >= since - 0.1]
    figures.crowd += [rig.first_frame_ms for rig in rigs]
    figures.stalls.append(max(turns) * 1e3)
    figures.gaps.append(max(np.diff(taken)) * 1e3 - LIVE_MS)
    await asyncio.gather(*(rig.end() for rig in (*rigs, healthy)))


async def live() -> AsyncIterator[rtc.AudioFrame]:
    """Yield sound as a TTS does that speaks in real time."""
    loop = asyncio.get_running_loop()
    begin, samples = loop.time(), 24000 * LIVE_MS // 1000
    for index in range(100_000):
        yield rtc.AudioFrame(bytes(2 * samples), 24000, 1, samples)
        await asyncio.sleep(max(begin + (index + 1) * LIVE_MS / 1e3 - loop.time(), 0.0))


async def watch_turns(turns: list[float]) -> None:
    """Note how long the loop takes from one turn to the next."""
    loop = asyncio.get_running_loop()
    last = loop.time()
    while True:
        await asyncio.sleep(0)
        now = loop.time()
        turns.append(now - last)
        last = now


async def measure(ways: dict[str, Way], sounds: Sounds) -> dict[str, Figures]:
    """Measure every way once per round; the first round of one session only warms up."""
    figures = {name: Figures() for name in (*ways, ANNOUNCED)}
    for _ in range(1 + ROUNDS_OF_ONE):
        for name, prepare in ways.items():
            figures[name].one.append(await measure_one(prepare, sounds))
        figures[ANNOUNCED].one.append(await measure_announcement())
    for _ in range(ROUNDS_OF_CROWD):
        for name, prepare in ways.items():
            gc.collect()
            await measure_crowd(prepare, sounds, figures[name])
    for measured in figures.values():
        del measured.one[0]
    return figures


def run() -> dict[str, Figures]:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as folder:
        sounds = Sounds(Path(folder))
        ways: dict[str, Way] = {
            "lastword": ours,
            "bare say()": bare_say,
            "#6152, WAV": as_in_6152(sounds.wav),
            "#6152, Vorbis": as_in_6152(sounds.vorbis),
        }
        return asyncio.run(measure(ways, sounds))


# --- the output --------------------------------------------------------------------------------


def lines(figures: dict[str, Figures]) -> Iterator[str]:
    """Yield the lines of the table, and each aim beside the result."""
    heads = ("one: p50", "worst", f"{CROWD}: p50", "worst", "stall", "healthy gap")
    yield f"{'error to first frame, ms':<26}" + "".join(f"{head:>13}" for head in heads)
    for name, of in figures.items():
        if name == ANNOUNCED:
            continue
        cells = (
            *(statistics.median(of.one), max(of.one), statistics.median(of.crowd), max(of.crowd)),
            *(statistics.median(of.stalls), statistics.median(of.gaps)),
        )
        yield f"  {name:<24}" + "".join(f"{cell:>13.2f}" for cell in cells)
    we, bare, announced = (
        statistics.median(figures[name].one) for name in ("lastword", "bare say()", ANNOUNCED)
    )
    yield f"of these, livekit-agents takes {announced:.2f} ms to announce the error to anybody"
    yield (
        f"own share {we - announced - bare:.3f} ms (aim: < 0.2), "
        f"{(we - announced) / bare:.2f}x a bare say() (aim: <= 1.1)"
    )
    crowd = figures["lastword"]
    yield (
        f"{CROWD} sessions: p50 {statistics.median(crowd.crowd):.1f} ms (aim: < 20), "
        f"longest turn {statistics.median(crowd.stalls):.1f} ms (aim: <= 16)"
    )


def test_error_to_first_frame(capsys: pytest.CaptureFixture[str]) -> None:
    """Print the table; every session of every way was heard."""
    figures = run()
    with capsys.disabled():
        print("", *lines(figures), sep="\n")
    del figures[ANNOUNCED]
    assert all(len(of.crowd) == CROWD * ROUNDS_OF_CROWD for of in figures.values())


if __name__ == "__main__":
    print(*lines(run()), sep="\n")
