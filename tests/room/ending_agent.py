"""Gives a real worker agents that hand calls over and say farewell, as their jobs' metadata tell.

Run as `python -m room.ending_agent NAME` it is the worker; it prints "registered" when it accepts
jobs, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, Any

from livekit.agents import Agent, AgentSession, JobContext
from livekit.agents.voice.room_io import RoomOptions

import lastword
from lastword.testing.room.recording import RATE
from room.job import announce, note, note_handover, note_report, order, run_worker, worker
from room.outage import QUESTION, llm_of_url, sweep_clip
from room.sweep import sweep

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FOLLOWED_S = 1.0
"""How long the second sweep is, by which tests tell who has spoken."""
SAID = "My order is 4711."


def second_clip() -> lastword.Clip:
    """What is heard of an agent that takes over, and where nobody does."""
    return lastword.Clip.load((sweep(FOLLOWED_S), RATE), transcript="Nobody is there.")


async def failing(job: JobContext, **attach: Any) -> None:
    """Start a session, let its LLM be refused, and wait for the report."""
    reported = asyncio.Event()

    def on_report(report: lastword.Report) -> None:
        note_report(report)
        reported.set()

    session: AgentSession[None] = AgentSession(llm=llm_of_url(order(job)["gateway"]))
    lastword.attach(session, on_report=on_report, **attach)
    options = RoomOptions(delete_room_on_close=True)
    await session.start(Agent(instructions="Be brief."), room=job.room, room_options=options)
    await asyncio.wait_for(session.room_io.wait_for_ready(), 10)
    session.history.add_message(role="user", content=SAID)
    session.on("error", lambda _: note(failed=True))
    session.generate_reply(user_input=QUESTION)
    await asyncio.wait_for(reported.wait(), 40)


async def hands_over(job: JobContext) -> None:
    """Fail as the first agent; as the second, speak."""
    after = {lastword.FailureKind.QUOTA_EXHAUSTED: lastword.hand_over()}
    if note_handover(job) is None:
        await failing(job, message=job.proc.userdata["clip"], after=after)
        return
    session: AgentSession[None] = AgentSession()
    await session.start(Agent(instructions="Be brief."), room=job.room)
    await asyncio.wait_for(session.room_io.wait_for_ready(), 10)
    await session.say("", audio=_sound(job.proc.userdata["second"]))
    note(spoke=True)


async def _sound(clip: lastword.Clip) -> Any:
    for frame in clip.frames():
        yield frame


async def fails_again(job: JobContext) -> None:
    """Fail whichever agent it is, and hand over each time."""
    note_handover(job)
    second = job.proc.userdata["second"]
    after = lastword.hand_over(order(job)["name"], on_failure=second)
    await failing(job, message=second, after=after)


CASES: dict[str, Callable[[JobContext], Awaitable[None]]] = {
    case.__name__: case for case in (hands_over, fails_again)
}


async def entrypoint(job: JobContext) -> None:
    """Do what the order says."""
    await CASES[order(job)["case"]](job)


def prewarm(process: Any) -> None:
    """Prepare the clips before there is a job."""
    for name, make in (("clip", sweep_clip), ("second", second_clip)):
        process.userdata[name] = clip = make()
        clip.frames()


async def main(name: str) -> None:
    """Be a worker until standard input ends."""
    server = worker("thread", prewarm=prewarm, idle=2)  # jobs start sooner in threads
    server.rtc_session(entrypoint, agent_name=name)
    server.on("worker_registered", announce)
    await run_worker(server)


if __name__ == "__main__":
    from room.ending_agent import main as imported_main  # so that jobs find the entrypoint

    logging.basicConfig(level=logging.INFO)
    asyncio.run(imported_main(sys.argv[1]))
