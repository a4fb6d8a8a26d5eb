"""Runs many callers in separate processes, so that they cost the agents' process nothing.

In one process with the agents, every event of every caller would be passed to every agent's room
too (livekit 1.1.21), and it is the agents that are measured. Callers here listen and type; times
are the machine's monotonic clock, the same in all processes.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lastword.testing.room.caller import Caller
from lastword.testing.room.recording import Recording
from lastword.testing.room.server import Access

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

TESTS = Path(__file__).parents[1]
TOGETHER = 5  # callers of one program: with twenty in one, livekit's client stalls on two cores
FRAME_MS = 50  # the cost goes by the frame
JOIN_TIMEOUT_S = 60.0
TYPE_TIMEOUT_S = 10.0
END_TIMEOUT_S = 30.0


class FarEnd:
    """`async with FarEnd(server, rooms) as far_end`: one caller in each room, all have joined.

    Args:
        access: To the server where the rooms are.
        rooms: Their names.
    """

    def __init__(self, access: Access, rooms: Sequence[str]) -> None:
        self._programs = [
            _Program(access, rooms[n : n + TOGETHER]) for n in range(0, len(rooms), TOGETHER)
        ]
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for program in self._programs:
                await stack.enter_async_context(program)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def type(self, text: str) -> None:
        """Let every caller say one thing by chat."""
        await asyncio.gather(*(program.type(text) for program in self._programs))

    async def heard(self) -> list[Recording]:
        """Wait until all hear nothing any more; returns what each heard, in the rooms' order."""
        heard = await asyncio.gather(*(program.heard() for program in self._programs))
        return [recording for recordings in heard for recording in recordings]


class _Program:
    """A few callers in one program."""

    def __init__(self, access: Access, rooms: Sequence[str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="lastword-callers-")
        self._order = {
            "access": [access.url, access.api_key, access.api_secret],
            "rooms": rooms,
            "folder": self._folder.name,
        }
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "room.far_end",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        try:
            await self._ask(json.dumps(self._order), JOIN_TIMEOUT_S)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), END_TIMEOUT_S)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
        self._folder.cleanup()

    async def type(self, text: str) -> None:
        await self._ask(f"type {text}", TYPE_TIMEOUT_S)

    async def heard(self) -> list[Recording]:
        await self._ask("heard", END_TIMEOUT_S)
        return [_read(_kept(self._folder.name, room)) for room in self._order["rooms"]]

    async def _ask(self, order: str, timeout_s: float) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(order.encode() + b"\n")
        answer = await asyncio.wait_for(process.stdout.readline(), timeout_s)
        if answer.strip() != b"done":
            raise RuntimeError(f"the callers did not do it: {order[:20]}")


async def main() -> None:
    """Be the callers: an order a line on standard input, "done" after each."""
    orders = await _lines()
    order = json.loads(await orders.readline())
    access = Access(*order["access"])
    async with AsyncExitStack() as stack:
        callers = {
            room: await stack.enter_async_context(
                Caller(access, room, microphone=False, frame_ms=FRAME_MS)
            )
            for room in order["rooms"]
        }
        _done()
        while line := (await orders.readline()).decode().strip():
            what, _, text = line.partition(" ")
            if what == "type":
                await asyncio.gather(*(caller.type(text) for caller in callers.values()))
            else:
                await asyncio.gather(*(caller.until_quiet() for caller in callers.values()))
                for room, caller in callers.items():
                    _write(caller.recording(), _kept(order["folder"], room))
            _done()


async def _lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _done() -> None:
    sys.stdout.write("done\n")
    sys.stdout.flush()


def _kept(folder: str, room: str) -> Path:
    return Path(folder) / f"{room}.npz"


def _write(recording: Recording, path: Path) -> None:
    np.savez(
        path,
        at=np.array([at for at, _ in recording.frames]),
        sizes=np.array([len(samples) for _, samples in recording.frames], int),
        samples=recording.samples(),
    )


def _read(path: Path) -> Recording:
    recording = Recording()
    with np.load(path) as kept:
        parts = np.split(kept["samples"], np.cumsum(kept["sizes"]))[:-1]
        for at, samples in zip(kept["at"], parts, strict=True):
            recording.add(float(at), samples)
    return recording


if __name__ == "__main__":
    asyncio.run(main())
