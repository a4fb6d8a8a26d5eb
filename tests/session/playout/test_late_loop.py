"""On an overloaded machine timers come late and sinks are slow: nothing is cut for that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lastword.bounded import Signal, finished, first_of
from lastword.testing.sink import RecordingSink
from session.scenario import CLIP_S, Scenario
from session.virtual_time import VirtualLoop, run_virtual

BEHIND_S = 2.0


class SlowSink(RecordingSink):
    """Has played everything two seconds later than it should have."""

    def on_playback_finished(self, **what: Any) -> None:
        super_ = super()
        asyncio.get_running_loop().call_later(BEHIND_S, lambda: super_.on_playback_finished(**what))


def be_late(late_s: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.clock.late_s = late_s


@pytest.mark.parametrize(
    ("late_s", "played"), [(0.0, "part"), (0.1, "full")], ids=["on time", "late"]
)
def test_a_slow_sink_is_waited_for_if_the_loop_is_late(late_s: float, played: str) -> None:
    """A sink that does not report in time is given up; not where the loop itself is late."""

    async def main() -> None:
        sink, started = SlowSink(), asyncio.Event()
        sink.on("playback_started", lambda _: started.set())
        s = await Scenario.start(clip_s=3 * CLIP_S, sink=sink)
        s.fail()
        await started.wait()
        be_late(late_s)
        report = await s.closed()
        assert report.played == played
        assert report.closed_by == "lastword"

    run_virtual(main())


@pytest.mark.parametrize(
    ("late_s", "took_s"),
    [
        (0.0, 1.0),
        (0.05, 1.0 + 20 * 0.05),
        (0.5, 0.05 + 0.5 + 0.05 + 0.5 + 0.05 + 0.5 + 0.85 + 0.5),
    ],
)
def test_what_the_loop_is_late_does_not_count(late_s: float, took_s: float) -> None:
    """Up to a bound: 1.5 s here, then the rest of the time is waited at once."""

    async def main() -> None:
        be_late(late_s)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert not await first_of(Signal(), timeout_s=1.0, late_s=1.5)
        assert loop.time() - began == pytest.approx(took_s)
        began = loop.time()
        assert not await finished(asyncio.sleep(60), name="t", timeout_s=1.0, late_s=1.5)
        assert loop.time() - began == pytest.approx(took_s)

    run_virtual(main())
