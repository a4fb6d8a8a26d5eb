"""Jobs that are sent away in mid-call: a real worker gets SIGTERM, the far end is recorded."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from lastword.testing.room.caller import Caller
from room.outage import CLIP_S, RECORD, show
from room.sweep import find_sweep
from room.worker import Worker

if TYPE_CHECKING:
    from lastword.testing.room.server import Server

SOON_S = 0.4 if RECORD else 2.0


def after_cut_s(caller: Caller) -> float:
    """Seconds from the last sound of the agent to the first of the farewell."""
    agent, farewell = list(caller.heard.values())[:2]
    assert agent.loud_at is not None
    heard = find_sweep(farewell.samples(), CLIP_S)
    assert heard.times == 1
    assert heard.seconds >= CLIP_S - 0.1, heard
    return farewell.at(heard.runs[0].at_s) - agent.loud_at


async def test_a_worker_that_is_rolled_out(server: Server, room_name: str) -> None:
    """Who is in a call hears the farewell; a call that the user's code has ended hears nothing."""
    rooms = {case: f"{room_name}-{case}" for case in ("speaks", "ends_itself")}
    with Worker(server, "room.farewell_agent", "session_end") as worker:
        async with AsyncExitStack() as stack:
            callers = {
                case: await stack.enter_async_context(Caller(server, room))
                for case, room in rooms.items()
            }
            for case, room in rooms.items():
                await worker.dispatch(room, case)
            quiet, speaking = callers["ends_itself"], callers["speaks"]
            await quiet.until(lambda: bool(quiet.room.remote_participants), 30)
            await quiet.until(lambda: not quiet.room.remote_participants, 30)
            await speaking.until(speaking.loud, 30)
            worker.terminate()
            await speaking.until(lambda: not speaking.room.isconnected(), 30)
            first_s = after_cut_s(speaking)
            show(f"farewell, on_session_end: {first_s:.3f} s after the cut (target 0.4)")
            assert first_s < SOON_S
            assert quiet.room.isconnected()
            assert find_sweep(quiet.recording().samples(), CLIP_S).times == 0


async def test_another_worker_takes_over(server: Server, room_name: str) -> None:
    """A session's own farewell hands its call to a worker that stays; a closed one says nothing."""
    closed_room = f"{room_name}-closed"
    with Worker(server, "room.farewell_agent", "attached") as old:
        async with Caller(server, room_name) as caller, Caller(server, closed_room) as closed:
            notes = await old.dispatch(room_name, "speaks")
            closed_notes = await old.dispatch(closed_room, "closes")
            await closed.until(lambda: any("closed" in line for line in closed_notes.lines()), 30)
            await caller.until(caller.loud, 30)
            with Worker(server, "room.farewell_agent", "attached") as new:
                old.terminate()
                await caller.until(lambda: len(caller.heard) == 3, 40)
                await caller.until_quiet()
                first_s = after_cut_s(caller)
                show(f"farewell, attached: {first_s:.3f} s after the cut (target 0.4)")
                assert first_s < SOON_S
                numbers = [line for line in notes.lines() if "number" in line]
                assert [line["number"] for line in numbers] == [0, 1]
                assert numbers[1]["kind"] == "agent_died"
                assert numbers[1]["said"] == ["My order is 4711."]
                (report,) = notes.reports()
                assert (report["played"], report["after_error"]) == ("full", None)
                assert closed_notes.reports() == []
                assert len(closed.heard) <= 1
                await caller.leave()  # so that the other worker has nobody to speak to
                new.terminate()
