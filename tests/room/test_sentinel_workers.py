"""Workers that end with calls under way, by whatever means: what the callers hear of it."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
from typing import TYPE_CHECKING

import pytest

from lastword.testing.room.caller import Caller
from room.far_end import FarEnd
from room.outage import CLIP_S, RECORD, show
from room.sweep import find_sweep
from room.watched import begun, job_of, logged, report_of, spoken_by_sentinel
from room.worker import Worker

if TYPE_CHECKING:
    from lastword.testing.room.server import Server

AT_ONCE = 20 if RECORD else 5
START_S = 60.0


async def test_a_killed_worker_with_many_calls(server: Server, room_name: str) -> None:
    """All of one process, in thread mode; a second worker on the machine is not concerned."""
    rooms = [f"{room_name}-{n}" for n in range(AT_ONCE)]
    other_room = f"{room_name}-other"
    with (
        Worker(server, "room.watched_agent", "thread") as worker,
        Worker(server, "room.watched_agent", "process") as other,
    ):
        async with FarEnd(server, rooms) as callers, Caller(server, other_room) as other_caller:
            await begun(other_caller, other, other_room, "lives")
            notes = [await worker.dispatch(room, "lives") for room in rooms]
            await other_caller.until(lambda: all(job_of(one) for one in notes), START_S)
            killed_at = asyncio.get_running_loop().time()
            os.kill(worker.pid, signal.SIGKILL)
            await other_caller.until(
                lambda: all(report_of(worker, room) for room in rooms), START_S
            )
            recordings = await callers.heard()
            assert not spoken_by_sentinel(other_caller)
        assert report_of(other, other_room) is None
    heard = [find_sweep(recording.samples(), CLIP_S) for recording in recordings]
    first = [
        recording.at(one.runs[0].at_s) - killed_at
        for recording, one in zip(recordings, heard, strict=True)
    ]
    show(f"{AT_ONCE} calls of a killed worker: first sound p50 {statistics.median(first):.2f} s")
    show(f"worst {max(first):.2f} s, heard, least {min(one.seconds for one in heard):.2f} s")
    assert [one.times for one in heard] == [1] * AT_ONCE
    assert min(one.seconds for one in heard) >= CLIP_S - 0.5


@pytest.mark.parametrize("how", ["killed", "group", "twice"])
async def test_a_worker_that_is_ended(server: Server, room_name: str, how: str) -> None:
    """SIGKILL; SIGTERM to its whole group, as systemd sends it; two SIGTERM, the second ends it."""
    with Worker(server, "room.watched_agent", "cli") as worker:
        async with Caller(server, room_name) as caller:
            await begun(caller, worker, room_name, "lives")
            if how == "killed":
                os.kill(worker.pid, signal.SIGKILL)
            elif how == "group":
                os.killpg(worker.pid, signal.SIGTERM)
            else:
                os.kill(worker.pid, signal.SIGTERM)
                await caller.until(lambda: logged(worker, "draining worker") > 0, START_S)
                assert not spoken_by_sentinel(caller)
                os.kill(worker.pid, signal.SIGTERM)
            await caller.until(lambda: report_of(worker, room_name) is not None, START_S)
            await caller.until_quiet()
            (message,) = spoken_by_sentinel(caller)
            heard = find_sweep(message.samples(), CLIP_S)
            assert heard.times == 1
            assert heard.seconds >= CLIP_S - 0.5
