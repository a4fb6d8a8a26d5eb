"""Looks at calls that a sentinel watches: what became of them, who spoke, and what it reported."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lastword.testing.room.caller import Caller
from room.outage import CLIP_S
from room.sweep import find_sweep

if TYPE_CHECKING:
    from lastword.testing.room.recording import Recording
    from lastword.testing.room.server import Server
    from room.sweep import Heard
    from room.worker import Notes, Worker

SENTINEL = "-lastword"
"""How the identity of a sentinel ends."""
START_S = 60.0
"""How long a job may take to get to its case on a busy machine."""


def told(worker: Worker) -> list[dict[str, Any]]:
    """What the sentinel has reported so far, each with its room."""
    lines = worker.log_path.read_text(errors="replace").splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"lastword"')]


def report_of(worker: Worker, room: str) -> dict[str, Any] | None:
    """The sentinel's report on one room, or None before there is one."""
    found = [line["lastword"] for line in told(worker) if line["room"] == room]
    assert len(found) <= 1
    return found[0] if found else None


def logged(worker: Worker, text: str) -> int:
    """How often something stands in the log of a worker and its sentinel."""
    return worker.log_path.read_text(errors="replace").count(text)


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
    """Recordings of the tracks that a sentinel published, in their order."""
    return [heard for (who, _), heard in caller.heard.items() if who.endswith(SENTINEL)]


async def begun(caller: Caller, worker: Worker, room: str, case: str, **order: str) -> Notes:
    """Dispatch a job, and wait until it is watched and about to do what the case is."""
    notes = await worker.dispatch(room, case, **order)
    await caller.until(lambda: bool(job_of(notes)), START_S)
    return notes


@dataclass
class Death:
    """What a caller has heard of a dead agent, and the report."""

    heard: Heard
    first_sound_s: float
    words: list[str]
    report: dict[str, Any]


async def death(server: Server, worker: Worker, room: str, case: str, after: str = "") -> Death:
    """Be the caller of a job that dies, until the sentinel has reported it."""
    async with Caller(server, room) as caller:
        notes = await worker.dispatch(room, case, after=after)
        await caller.until(lambda: report_of(worker, room) is not None, START_S)
        report = report_of(worker, room)
        assert report is not None
        await caller.until_quiet()
        message = spoken_by_sentinel(caller)[-1]
        heard = find_sweep(message.samples(), CLIP_S)
        first_sound_s = message.at(heard.runs[0].at_s) - notes.failed_at()
        words = [shown.text for shown in caller.shown if shown.sender.endswith(SENTINEL)]
        return Death(heard, first_sound_s, words, report)
