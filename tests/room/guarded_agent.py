"""Gives a real worker its agent: guarded entrypoints that fail where their job's metadata says.

Run as `python -m room.guarded_agent thread|process` it is the worker itself; it prints
"registered" when it accepts jobs, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, Any

from livekit.agents import (
    Agent,
    AgentSession,
    APIStatusError,
    JobContext,
)
from livekit.agents.voice.room_io import RoomOptions
from livekit.plugins import openai

import lastword
from lastword.session import guard as guard_module
from room.job import announce, note, note_report, order, run_worker, worker
from room.outage import QUESTION, llm_of_url, sweep_clip

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

guard_module.START_TIMEOUT_S = 1.0  # the real one is longer than a test
guard_module.LOOK_EVERY_S = 0.1


class FailingStart(AgentSession[None]):
    """Its `start()` fails when the room's input and output are set up already."""

    async def _update_activity(self, *_: Any, **__: Any) -> None:
        note(failed=True)
        raise FileNotFoundError("model.onnx")


class HangingStart(AgentSession[None]):
    """Its `start()` returns after some seconds, or never."""

    def __init__(self, until_s: float | None = None) -> None:
        super().__init__()
        self._until_s = until_s

    async def _update_activity(self, *args: Any, **options: Any) -> None:
        if self._until_s is None:
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(self._until_s)
        await super()._update_activity(*args, **options)


async def before_connect(_: JobContext) -> None:
    note(failed=True)
    raise RuntimeError("no configuration")


async def after_connect(job: JobContext) -> None:
    await job.connect()
    await job.wait_for_participant()
    note(failed=True)
    raise FileNotFoundError("model.onnx")


async def inside_start(job: JobContext) -> None:
    await FailingStart().start(Agent(instructions=""), room=job.room)


async def start_hangs(job: JobContext) -> None:
    await HangingStart().start(Agent(instructions=""), room=job.room)


async def starts_late(job: JobContext) -> None:
    """It hangs, but comes to its end while the caller is being told."""
    session = HangingStart(until_s=guard_module.START_TIMEOUT_S + 1.5)
    await session.start(Agent(instructions=""), room=job.room)


async def later(job: JobContext) -> None:
    session: AgentSession[None] = AgentSession()
    await session.start(Agent(instructions=""), room=job.room)
    await job.wait_for_participant()
    await asyncio.wait_for(session.room_io.wait_for_ready(), 10)
    note(failed=True)
    raise ValueError("after the start")


async def hangs_up(job: JobContext) -> None:
    await job.connect()
    await job.wait_for_participant()
    note(failed=True)
    raise APIStatusError("no such key", status_code=401, retryable=False)


async def attached(job: JobContext) -> None:
    """A session that speaks for itself; its clip comes from `prewarm`."""
    session: AgentSession[None] = AgentSession(llm=llm_of_url(order(job)["gateway"]))
    lastword.attach(session, job.proc.userdata["clip"], on_report=note_report)
    closed = asyncio.Event()
    session.on("error", lambda _: note(failed=True))
    session.on("close", lambda _: closed.set())
    options = RoomOptions(delete_room_on_close="delete_room" in order(job))
    await session.start(Agent(instructions=""), room=job.room, room_options=options)
    await asyncio.wait_for(session.room_io.wait_for_ready(), 10)
    session.generate_reply(user_input=QUESTION)
    await asyncio.wait_for(closed.wait(), 30)
    job.shutdown()
    raise RuntimeError("after its session has spoken")


async def realtime_refused(job: JobContext) -> None:
    """A session whose realtime model is refused while it starts; the guard is not asked."""
    model = openai.realtime.RealtimeModel(base_url=order(job)["gateway"] + "/v1", api_key="revoked")
    session: AgentSession[None] = AgentSession(llm=model)
    lastword.attach(session, job.proc.userdata["clip"], on_report=note_report)
    closed = asyncio.Event()
    session.on("error", lambda _: note(failed=True))
    session.on("close", lambda _: closed.set())
    await session.start(Agent(instructions=""), room=job.room)
    await asyncio.wait_for(closed.wait(), 30)
    job.shutdown()


CASES: dict[str, Callable[[JobContext], Awaitable[None]]] = {
    case.__name__: case
    for case in (
        before_connect,
        after_connect,
        inside_start,
        start_hangs,
        starts_late,
        later,
        hangs_up,
        attached,
        realtime_refused,
    )
}


@lastword.guard(
    sweep_clip(), after={lastword.FailureKind.AUTH: lastword.hang_up()}, on_report=note_report
)
async def entrypoint(job: JobContext) -> None:
    """Do what the order says."""
    await CASES[order(job)["case"]](job)


async def main(executor: str) -> None:
    """Be a worker until standard input ends."""
    server = worker(executor)
    server.rtc_session(entrypoint, agent_name=executor)
    server.on("worker_registered", announce)
    await run_worker(server)


if __name__ == "__main__":
    from room.guarded_agent import main as imported_main  # so that jobs find the entrypoint

    logging.basicConfig(level=logging.INFO)
    asyncio.run(imported_main(sys.argv[1]))
