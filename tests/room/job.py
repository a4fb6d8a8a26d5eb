"""Lets the jobs of a real worker read what a test asked for and answer it, and runs the worker."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from livekit.agents import AgentServer, JobExecutorType, get_job_context

import lastword
from room.outage import sweep_clip

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import JobContext, JobProcess


def order(job: JobContext) -> dict[str, str]:
    """Return what the test asked for: "case", "notes" (a file), and what the case needs besides."""
    parsed: dict[str, str] = json.loads(job.job.metadata)
    return parsed


def note(**what: Any) -> None:
    """Tell the test something; the clock is the machine's, so both may compare."""
    with Path(order(get_job_context())["notes"]).open("a") as notes:
        notes.write(json.dumps({"at": time.monotonic(), **what}) + "\n")


def note_report(report: lastword.Report) -> None:
    """Hand the report to the test."""
    told = {field.name: getattr(report, field.name) for field in fields(report)}
    note(report={**told, "failure": str(report.failure.kind)})


def note_handover(job: JobContext) -> lastword.Handover | None:
    """Tell the test what this agent knows of the call, and return it; 0 is the first agent's."""
    handover = lastword.handed_over(job)
    if handover is None:
        note(number=0)
    else:
        said = [message.text_content for message in handover.chat_ctx().messages()]
        note(number=handover.number, kind=str(handover.kind), said=said)
    return handover


def prewarm(process: JobProcess) -> None:
    """Prepare the message before there is a job."""
    process.userdata["clip"] = clip = sweep_clip()
    clip.frames()


def worker(
    executor: str, *, prewarm: Callable[[JobProcess], None] = prewarm, idle: int = 1, **options: Any
) -> AgentServer:
    """Make a worker that takes every job; `executor` is "thread" or "process"."""
    return AgentServer(
        job_executor_type=JobExecutorType(executor),
        host="127.0.0.1",
        port=0,
        setup_fnc=prewarm,
        load_fnc=lambda: 0.0,  # a busy machine must not refuse the test's jobs
        num_idle_processes=idle,
        **options,
    )


def announce(*_: object, to: TextIO = sys.stdout) -> None:
    """Tell the test that jobs may come."""
    to.write("registered\n")
    to.flush()


async def run_worker(server: AgentServer) -> None:
    """Run a worker until standard input ends."""
    running = asyncio.create_task(server.run())
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
    await server.aclose()
    await running
