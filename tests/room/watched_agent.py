"""An agent for a real worker with a sentinel: its job speaks, and then ends as its metadata says.

Owns the cases. Run as `python -m room.watched_agent thread|process` it is the worker itself; it
prints "registered" when jobs may come, and ends when its standard input does. As "cli" it is run by
livekit-agents' own command and ends by signals.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import math
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from livekit.agents import (
    Agent,
    AgentSession,
    JobContext,
    cli,
    get_job_context,
)

import lastword
from room.call import frames
from room.job import note, note_handover, order, run_worker, worker
from room.sweep import tone

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from livekit.agents import AgentServer

VOICE_HZ = 3400
"""What the agent says: the analyser of sweeps takes it for nothing."""
SPEAKS_S = 60.0
HELLO = "Hello."
MEMORY_LIMIT_MB = 600
"""What a job may use; it needs a third of that."""
ALIVE_S = 1.0
"""How long it speaks before something happens."""


async def killed(_: JobContext) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def terminated(_: JobContext) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


async def crashes(_: JobContext) -> None:
    ctypes.string_at(0)


async def exits(_: JobContext) -> None:
    os._exit(3)


async def sleeps(_: JobContext) -> None:
    time.sleep(20.0)  # noqa: ASYNC251 - the fault itself
    note(woke=True)


async def holds_the_gil(_: JobContext) -> None:
    """A loop in C that gives nobody else a turn."""
    ctypes.PyDLL(None).usleep(ctypes.c_uint(20_000_000))


async def stops(_: JobContext) -> None:
    """It sleeps until the test wakes it."""
    os.kill(os.getpid(), signal.SIGSTOP)
    note(woke=True)


async def blocks_shortly(job: JobContext) -> None:
    time.sleep(1.2)  # noqa: ASYNC251 - the fault itself
    job.shutdown()


async def blocks_for_a_filler(_: JobContext) -> None:
    time.sleep(4.0)  # noqa: ASYNC251 - the fault itself


async def shuts_down(job: JobContext) -> None:
    job.shutdown()


async def eats_memory(_: JobContext) -> None:
    """More than the worker lets a job have."""
    eaten = b"x" * (MEMORY_LIMIT_MB * 1024 * 1024)
    await asyncio.sleep(SPEAKS_S)
    del eaten


async def closes(_: JobContext) -> None:
    """The session ends, and the job with it."""
    await get_job_context().primary_session.aclose()
    get_job_context().shutdown()


async def raises(_: JobContext) -> None:
    raise RuntimeError("a mistake in the entrypoint")


async def lives(_: JobContext) -> None:
    """Nothing happens until the test does something."""


CASES: dict[str, Callable[[JobContext], Awaitable[None]]] = {
    case.__name__: case
    for case in (
        killed,
        terminated,
        crashes,
        exits,
        eats_memory,
        closes,
        raises,
        sleeps,
        holds_the_gil,
        stops,
        blocks_shortly,
        blocks_for_a_filler,
        shuts_down,
        lives,
    )
}


AFTER = {"hang_up": lastword.hang_up, "hand_over": lastword.hand_over}


async def entrypoint(job: JobContext) -> None:
    """Speak for a second, then do what the order says; one that takes over only speaks."""
    session: AgentSession[None] = AgentSession()
    after = AFTER.get(order(job).get("after", ""))
    lastword.attach(session, job.proc.userdata["clip"], after=after() if after else None)
    session.on("close", lambda _: note(closed=True))
    await session.start(Agent(instructions=""), room=job.room)
    await asyncio.wait_for(session.room_io.wait_for_ready(), 60)
    handover = note_handover(job)
    await session.say(HELLO, audio=frames(tone(VOICE_HZ, 0.1)))
    voice = frames(tone(VOICE_HZ, SPEAKS_S))
    session.say("Well.", audio=voice, allow_interruptions=False)
    await asyncio.sleep(ALIVE_S)
    if handover is None:
        note(failed=True, pid=os.getpid())
        await CASES[order(job)["case"]](job)
    await asyncio.sleep(SPEAKS_S)


def watched_worker(name: str) -> AgentServer:
    """Make a worker with a sentinel; it is called "thread", or has a process for each job."""
    # livekit-agents logs to standard output; that is for one word alone
    ready = os.dup(1)
    os.dup2(2, 1)
    server = worker(
        "thread" if name == "thread" else "process",
        job_memory_limit_mb=MEMORY_LIMIT_MB,
        load_threshold=math.inf,  # several jobs at once are no reason to refuse one
        initialize_process_timeout=60.0,  # several start at once beside other work
    )
    server.rtc_session(entrypoint, agent_name=name)
    server.on("worker_registered", lambda *_: os.write(ready, b"registered\n"))
    lastword.sentinel(server)
    return server


def run(name: str) -> None:
    """Be the worker of a name."""
    if name == "cli":
        sys.argv[1:] = ["start"]
        cli.run_app(watched_worker(name))
    else:
        logging.basicConfig(level=logging.INFO)
        asyncio.run(run_worker(watched_worker(name)))


if __name__ == "__main__":
    from room.watched_agent import run as imported_run  # so that jobs find the entrypoint

    imported_run(sys.argv[1])
