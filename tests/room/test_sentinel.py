"""Jobs of a real worker that die, freeze, or end as planned: what their callers hear of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lastword.testing.room.caller import Caller
from lastword.testing.room.recording import loud_span
from room.outage import CLIP_S, RECORD, WORDS, show
from room.sweep import find_sweep
from room.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lastword.testing.room.recording import Recording
    from lastword.testing.room.server import Server
    from room.worker import Notes

SOON_S = 0.6 if RECORD else 3.0
DEATHS = ("killed", "terminated", "crashes", "exits")
HOW = {
    "killed": "killed by SIGKILL",
    "terminated": "killed by SIGTERM",
    "crashes": "killed by SIGSEGV",
    "exits": "exit status 3",
}


@pytest.fixture(scope="module")
def worker(server: Server) -> Iterator[Worker]:
    """A worker whose jobs have processes of their own, with a sentinel beside it."""
    with Worker(server, "room.watched_agent", "process") as running:
        until_watched(running)
        yield running


def until_watched(worker: Worker, times: int = 1) -> None:
    """Wait until the sentinel takes calls, for the how-manieth time."""
    deadline = time.monotonic() + 30
    while worker.log_path.read_text(errors="replace").count("the sentinel watches") < times:
        assert time.monotonic() < deadline, worker.log()
        time.sleep(0.1)


def reports(worker: Worker) -> list[dict[str, Any]]:
    """What the sentinel has reported so far."""
    lines = worker.log_path.read_text(errors="replace").splitlines()
    return [json.loads(line)["lastword"] for line in lines if line.startswith('{"lastword"')]


@pytest.mark.parametrize("case", DEATHS)
async def test_a_death_is_heard(server: Server, worker: Worker, room_name: str, case: str) -> None:
    """The whole message once, and soon; then the call ends."""
    before = len(reports(worker))
    async with Caller(server, room_name) as caller:
        notes = await worker.dispatch(room_name, case, after="hang_up")
        await caller.until(lambda: not caller.room.isconnected(), 60)
        (recording,) = spoken_by_sentinel(caller)
        heard = find_sweep(recording.samples(), CLIP_S)
        assert heard.times == 1
        assert heard.seconds >= CLIP_S - 0.1
        assert [shown.text for shown in caller.shown if shown.sender.endswith("-lastword")] == [
            WORDS
        ]
        first_sound_s = recording.at(heard.runs[0].at_s) - notes.failed_at()
        show(f"sentinel, {case}: first sound {first_sound_s:.3f} s (target 0.35)")
        assert first_sound_s < SOON_S
        await caller.until(lambda: len(reports(worker)) > before, 5)
    (report,) = reports(worker)[before:]
    assert (report["closed_by"], report["played"], report["after"]) == (
        "sentinel",
        "full",
        "hang_up",
    )
    assert report["failure"]["kind"] == "agent_died"
    assert report["failure"]["detail"] == HOW[case]


@pytest.mark.parametrize("case", ["sleeps", "holds_the_gil", "stops"])
async def test_a_freeze_is_bridged_and_taken_over(
    server: Server, worker: Worker, room_name: str, case: str
) -> None:
    """First somebody is heard to be there, then the message; a zombie that wakes up is out."""
    before = len(reports(worker))
    async with Caller(server, room_name) as caller:
        notes = await worker.dispatch(room_name, case)
        await caller.until(lambda: len(reports(worker)) > before, 60)
        if case == "stops":
            os.kill(job_of(notes), signal.SIGCONT)
            await caller.until(lambda: any("woke" in line for line in notes.lines()), 10)
            await caller.until_quiet(1.0)
        filler, message = spoken_by_sentinel(caller)
        span = loud_span(filler.samples())
        assert span is not None
        filler_s = filler.at(span[0]) - notes.failed_at()
        heard = find_sweep(message.samples(), CLIP_S)
        assert heard.times == 1
        assert heard.seconds >= CLIP_S - 0.1
        message_s = message.at(heard.runs[0].at_s) - notes.failed_at()
        show(f"sentinel, {case}: filler {filler_s:.2f} s (2.5), message {message_s:.2f} s (6.5)")
        assert 2.0 <= filler_s < (2.5 if RECORD else 5.0)
        assert 6.0 <= message_s < (6.5 if RECORD else 9.0)
        assert not [who for who in caller.room.remote_participants if who.startswith("agent-")]
    (report,) = reports(worker)[before:]
    assert report["failure"]["detail"].startswith("frozen for 6.")


@pytest.mark.parametrize("case", ["blocks_shortly", "shuts_down"])
async def test_what_is_no_death_is_no_alarm(
    server: Server, worker: Worker, room_name: str, case: str
) -> None:
    """A short block, or a planned end: the sentinel is never in the room."""
    before = len(reports(worker))
    async with Caller(server, room_name) as caller:
        notes = await worker.dispatch(room_name, case)
        await caller.until(lambda: bool(job_of(notes)), 40)
        with pytest.raises(TimeoutError):
            await caller.until(lambda: len(reports(worker)) > before, 5)
        assert not spoken_by_sentinel(caller)


async def test_a_frozen_agent_comes_back(server: Server, worker: Worker, room_name: str) -> None:
    """After the filler its own voice goes on, and nobody takes its call away."""
    before = len(reports(worker))
    async with Caller(server, room_name) as caller:
        notes = await worker.dispatch(room_name, "blocks_for_a_filler")
        await caller.until(lambda: bool(job_of(notes)), 40)
        with pytest.raises(TimeoutError):
            await caller.until(lambda: len(reports(worker)) > before, 8)
        (filler,) = spoken_by_sentinel(caller)
        assert loud_span(filler.samples()) is not None
        (agent,) = caller.room.remote_participants
        assert agent.startswith("agent-")


async def test_a_caller_who_leaves_meanwhile(
    server: Server, worker: Worker, room_name: str
) -> None:
    """Nobody is talked to who has gone."""
    async with Caller(server, room_name) as caller:
        notes = await worker.dispatch(room_name, "lives")
        await caller.until(lambda: bool(job_of(notes)), 40)
    os.kill(job_of(notes), signal.SIGKILL)
    async with Caller(server, room_name, identity="recorder", kind="egress") as witness:
        with pytest.raises(TimeoutError):
            await witness.until(witness.loud, 5)


async def test_a_sentinel_that_is_killed(server: Server, worker: Worker, room_name: str) -> None:
    """Another one is started, and calls that go on are told to it."""
    before = len(reports(worker))
    watched = worker.log_path.read_text(errors="replace").count("the sentinel watches")
    async with Caller(server, room_name) as caller:
        notes = await worker.dispatch(room_name, "lives")
        await caller.until(lambda: bool(job_of(notes)), 40)
        os.kill(sentinel_of(worker), signal.SIGKILL)
        await asyncio.to_thread(until_watched, worker, watched + 1)
        await asyncio.sleep(2.0)  # the job asks again every half second
        os.kill(job_of(notes), signal.SIGKILL)
        await caller.until(lambda: len(reports(worker)) > before, 20)


async def test_secrets_stay_in_memory(worker: Worker) -> None:
    """Other processes can read the command line and the environment that one began with."""
    folder = Path(f"/proc/{sentinel_of(worker)}")
    shown = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
    assert b"LIVEKIT_API_SECRET" not in shown
    assert b"LIVEKIT_API_KEY" not in shown


def job_of(notes: Notes) -> int:
    """The job's process, 0 until it is about to do what it was dispatched for."""
    return next((line["pid"] for line in notes.lines() if "failed" in line), 0)


def sentinel_of(worker: Worker) -> int:
    """The sentinel's process: a child of the worker with its module on the command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes()
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if b"lastword.sentinel" in command and parent == worker.pid:
                return int(folder.name)
    raise LookupError("no sentinel is running")


def spoken_by_sentinel(caller: Caller) -> list[Recording]:
    """Recordings of the tracks that the sentinel published, in their order."""
    return [heard for (who, _), heard in caller.heard.items() if who.endswith("-lastword")]
