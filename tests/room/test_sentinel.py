"""Jobs of a real worker that die, freeze, or end as planned: what their callers hear of it."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from livekit import api

from lastword.testing.room.caller import Caller
from lastword.testing.room.recording import loud_span
from room.outage import CLIP_S, RECORD, RUNS, WORDS, show
from room.sweep import find_sweep
from room.watched import (
    SENTINEL,
    START_S,
    begun,
    death,
    job_of,
    logged,
    report_of,
    sentinel_of,
    spoken_by_sentinel,
    told,
)
from room.watched_agent import HELLO
from room.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lastword.testing.room.server import Server

HOW = {
    "killed": "killed by SIGKILL",
    "terminated": "killed by SIGTERM",
    "crashes": "killed by SIGSEGV",
    "exits": "exit status 3",
    "eats_memory": "killed by SIGUSR1",  # by which livekit-agents asks for a dump before it kills
}
FREEZES = ("sleeps", "holds_the_gil", "stops")
HEARD_S = CLIP_S - (0.1 if RECORD else 0.5)
"""Beside other calls and other work, some of a message may be late at the caller's end."""
DEATHS_EACH = RUNS // 5
"""How often each death is taken one by one, on a machine that does nothing else."""


@pytest.fixture(scope="module")
def worker(server: Server) -> Iterator[Worker]:
    """A worker whose jobs have processes of their own, with a sentinel beside it."""
    with Worker(server, "room.watched_agent", "process") as running:
        yield running


@pytest.mark.parametrize("cases", [["killed", "terminated", "crashes"], ["exits", "eats_memory"]])
async def test_deaths_are_heard(
    server: Server, worker: Worker, room_name: str, cases: list[str]
) -> None:
    """Some at once: the whole message, once, its words shown; then the call ends."""
    deaths = await asyncio.gather(
        *(death(server, worker, f"{room_name}-{case}", case, after="hang_up") for case in cases)
    )
    for case, found in zip(cases, deaths, strict=True):
        assert found.heard.times == 1, case
        assert found.heard.seconds >= HEARD_S, case
        assert found.words == [WORDS], case
        report = found.report
        assert (report["closed_by"], report["played"]) == ("sentinel", "full"), case
        assert (report["after"], report["after_error"]) == ("hang_up", None), case
        assert (report["failure"]["kind"], report["failure"]["detail"]) == (
            "agent_died",
            HOW[case],
        )


async def test_a_fresh_agent_takes_over(server: Server, worker: Worker, room_name: str) -> None:
    """It is heard after the message, and knows the call; the sentinel and the dead one are out."""
    async with Caller(server, room_name) as caller:
        notes = await begun(caller, worker, room_name, "killed", after="hand_over")
        await caller.until(lambda: report_of(worker, room_name) is not None, START_S)
        report = report_of(worker, room_name)
        assert report is not None
        assert (report["played"], report["after"]) == ("full", "hand_over")
        assert report["after_error"] is None
        present = caller.room.remote_participants
        await caller.until(lambda: len(present) == 1, START_S)
        await caller.until(lambda: any(line.get("number") == 1 for line in notes.lines()), START_S)
        caller.forget()
        await caller.until(caller.loud, START_S)
        (known,) = [line for line in notes.lines() if line.get("number") == 1]
        assert (known["kind"], known["said"]) == ("agent_died", [HELLO])


@pytest.mark.skipif(not RECORD, reason="a figure, for a machine that does nothing else")
async def test_how_soon_a_death_is_heard(server: Server, worker: Worker, room_name: str) -> None:
    took = []
    for case in HOW:
        if case != "eats_memory":  # livekit-agents looks every five seconds
            for run in range(DEATHS_EACH):
                found = await death(server, worker, f"{room_name}-{case}-{run}", case)
                assert found.heard.seconds >= CLIP_S - 0.1
                took.append(found.first_sound_s)
    p50 = statistics.median(took)
    show(f"death to first sound: p50 {p50:.3f} s, worst {max(took):.3f} s of {len(took)}")
    assert p50 <= 0.35
    assert max(took) <= 0.6


async def test_freezes_are_bridged_and_taken_over(
    server: Server, worker: Worker, room_name: str
) -> None:
    """First somebody is heard to be there, then the message; a zombie that wakes up is out."""
    freezes = [freeze(server, worker, f"{room_name}-{case}", case) for case in FREEZES]
    if RECORD:
        for one in freezes:
            await one
    else:
        await asyncio.gather(*freezes)


async def freeze(server: Server, worker: Worker, room: str, case: str) -> None:
    async with Caller(server, room) as caller:
        notes = await begun(caller, worker, room, case)
        await caller.until(lambda: report_of(worker, room) is not None, START_S)
        if case == "stops":
            os.kill(job_of(notes), signal.SIGCONT)
            await caller.until(lambda: any("woke" in line for line in notes.lines()), START_S)
        await caller.until_quiet()
        filler, message = spoken_by_sentinel(caller)
        span = loud_span(filler.samples())
        assert span is not None
        heard = find_sweep(message.samples(), CLIP_S)
        assert heard.times == 1
        assert heard.seconds >= HEARD_S
        assert not [who for who in caller.room.remote_participants if who.startswith("agent-")]
        filler_s = filler.at(span[0]) - notes.failed_at()
        message_s = message.at(heard.runs[0].at_s) - notes.failed_at()
        show(f"sentinel, {case}: filler {filler_s:.2f} s (2.5), message {message_s:.2f} s (6.5)")
        assert not RECORD or (filler_s <= 2.5 and message_s <= 6.5)
    report = report_of(worker, room)
    assert report is not None
    assert report["failure"]["detail"].startswith("frozen for ")


PLANNED = ("shuts_down", "closes", "raises", "blocks_shortly", "lives")


async def test_what_is_no_death_is_no_alarm(server: Server, worker: Worker, room_name: str) -> None:
    """Planned ends of every kind and a short block: the sentinel says nothing.

    A death comes last: what was before it has been dealt with when it is reported.
    """
    rooms = {case: f"{room_name}-{case}" for case in PLANNED}
    async with AsyncExitStack() as stack:
        callers = {
            case: await stack.enter_async_context(Caller(server, room))
            for case, room in rooms.items()
        }
        await asyncio.gather(
            *(begun(callers[case], worker, room, case) for case, room in rooms.items())
        )
        async with server.api() as client:
            await client.room.delete_room(api.DeleteRoomRequest(room=rooms["lives"]))

        def still_there() -> list[str]:
            return [case for case, caller in callers.items() if not gone(caller)]

        with suppress(TimeoutError):
            await callers["lives"].until(lambda: not still_there(), START_S)
        assert still_there() == []
        await death(server, worker, f"{room_name}-last", "killed")
        assert [who for who, caller in callers.items() if spoken_by_sentinel(caller)] == []
    assert {line["room"] for line in told(worker)}.isdisjoint(rooms.values())


def gone(caller: Caller) -> bool:
    """Whether the agent has left, or the room is gone."""
    names = {name for _, name in caller.events}
    return not caller.room.isconnected() or "participant_disconnected" in names


async def test_a_frozen_agent_comes_back(server: Server, worker: Worker, room_name: str) -> None:
    """After the filler its own voice goes on, and nobody takes its call away."""
    before = logged(worker, "a frozen agent works again")
    async with Caller(server, room_name) as caller:
        await begun(caller, worker, room_name, "blocks_for_a_filler")
        await caller.until(lambda: logged(worker, "a frozen agent works again") > before, START_S)
        (filler,) = spoken_by_sentinel(caller)
        assert loud_span(filler.samples()) is not None
        present = caller.room.remote_participants
        await caller.until(lambda: not any(who.endswith(SENTINEL) for who in present), 10)
        assert [who for who in present if who.startswith("agent-")]
        caller.forget()
        await caller.until(caller.loud, 10)
    assert report_of(worker, room_name) is None


async def test_a_caller_who_leaves_in_the_same_moment(
    server: Server, worker: Worker, room_name: str
) -> None:
    """Nobody is talked to who has gone: the sentinel comes, finds no caller, and leaves."""
    before = logged(worker, "no caller is there")
    async with Caller(server, room_name, identity="recorder", kind="egress") as witness:
        async with Caller(server, room_name) as caller:
            notes = await begun(caller, worker, room_name, "lives")
            os.kill(job_of(notes), signal.SIGKILL)
            await caller.leave()
        await witness.until(lambda: logged(worker, "no caller is there") > before, START_S)
        assert not spoken_by_sentinel(witness)


async def test_a_sentinel_that_is_killed(server: Server, worker: Worker, room_name: str) -> None:
    """Another one is started, and calls that go on are told to it."""
    async with Caller(server, room_name) as caller:
        notes = await begun(caller, worker, room_name, "lives")
        watched = f"a call of process {job_of(notes)} is watched"
        before = logged(worker, watched)
        os.kill(sentinel_of(worker), signal.SIGKILL)
        await caller.until(lambda: logged(worker, watched) > before, START_S)
        os.kill(job_of(notes), signal.SIGKILL)
        await caller.until(lambda: report_of(worker, room_name) is not None, START_S)
        (message,) = spoken_by_sentinel(caller)
        assert find_sweep(message.samples(), CLIP_S).seconds >= HEARD_S


async def test_secrets_stay_in_memory(server: Server, worker: Worker) -> None:
    """Others can read the command line and the environment that a process began with, and logs."""
    folder = Path(f"/proc/{sentinel_of(worker)}")
    shown = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
    shown += worker.log_path.read_bytes()
    assert server.api_secret.encode() not in shown
    assert b"access_token=" not in shown
    assert b"eyJ" not in shown  # how every token begins
