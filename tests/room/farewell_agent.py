"""Gives a real worker agents that are sent away by SIGTERM in the middle of a call.

Run as `python -m room.farewell_agent session_end|attached` it is the worker, run by the command of
livekit-agents itself. In the first mode the farewell is the worker's `on_session_end`, in the other
one each session's own.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from typing import Any

from livekit.agents import Agent, AgentSession, JobContext, cli

import lastword
from room.call import frames
from room.ending_agent import prewarm
from room.job import announce, note, note_handover, note_report, order, worker
from room.outage import sweep_clip
from room.sweep import tone

DRAIN_S = 1
HERTZ = 4000.0
"""What the agent speaks until it is cut; no part of a sweep."""


async def entrypoint(job: JobContext) -> None:
    """Speak until the job is over, or end it as the order says."""
    session: AgentSession[None] = AgentSession()
    if job.job.agent_name == "attached":
        after = lastword.hand_over()
        farewell = lastword.farewell(job.proc.userdata["clip"], after=after)
        lastword.attach(session, on_report=note_report, farewell=farewell)
    taken_over = note_handover(job) is not None
    await session.start(Agent(instructions="Be brief."), room=job.room)
    await asyncio.wait_for(session.room_io.wait_for_ready(), 10)
    session.history.add_message(role="user", content="My order is 4711.")
    sound = frames(tone(HERTZ, 1.0 if taken_over else 30.0))
    session.say("", audio=sound)
    note(speaks=True)
    case = order(job)["case"]
    if case == "ends_itself":
        job.shutdown(reason="all is said")
    elif case == "closes":
        await session.aclose()
        note(closed=True)


def main(name: str) -> None:
    """Be a worker until SIGTERM."""
    in_processes = name == "session_end"  # that is where `on_session_end` has to travel
    executor = "process" if in_processes else "thread"
    server = worker(executor, prewarm=prewarm, idle=2, drain_timeout=DRAIN_S)
    options: dict[str, Any] = {"agent_name": name}
    if in_processes:
        farewell = lastword.farewell(sweep_clip(), after=lastword.hang_up())
        options["on_session_end"] = farewell
    server.rtc_session(entrypoint, **options)
    server.on("worker_registered", functools.partial(announce, to=sys.stdout))
    sys.stdout = sys.stderr  # the command logs there, the test waits for one line
    sys.argv[1:] = ["start"]
    cli.run_app(server)


if __name__ == "__main__":
    from room.farewell_agent import main as imported_main  # so that jobs find the entrypoint

    imported_main(sys.argv[1])
