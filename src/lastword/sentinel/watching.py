"""Watches one call from the first beat of its job to the bye, or to the last words."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lastword.bounded import hold

from .processes import ended, waited_s
from .states import State, Vigil
from .takeover import Visit
from .wire import BYE

if TYPE_CHECKING:
    from lastword.session.report import Report

    from .wire import Call, Lines

logger = logging.getLogger("lastword")

END_TIMEOUT_S = 0.1
"""How much later than its socket's end a process may end."""


class Watching:
    """One call.

    Args:
        call: What its job has told.
        lines: What is said and done.
        pid: The job's process.
        filler_after_s: As for `Vigil`.
    """

    def __init__(
        self, call: Call, lines: Lines, pid: int, *, filler_after_s: float, take_over_after_s: float
    ) -> None:
        self._call = call
        self._pid = pid
        self._loop = asyncio.get_running_loop()
        self._vigil = Vigil(
            self._loop.time(),
            filler_after_s=filler_after_s,
            take_over_after_s=take_over_after_s,
        )
        self._visit = Visit(call, lines)
        self._why = ""

    def retire(self) -> None:
        """Let another one watch over the call."""
        if self._vigil.watches:
            self._vigil.done()

    async def run(self, reader: asyncio.StreamReader) -> Report | None:
        """Watch until the call is over; return the report of the last words, if any were said."""
        reading = hold(self._loop.create_task(self._read(reader), name="lastword_beats"))
        dying = hold(self._loop.create_task(ended(self._pid), name="lastword_pid"))
        try:
            await self._watch(reading, dying)
            if self._vigil.state is State.DONE:
                await self._visit.withdraw()
                return None
            logger.warning("an agent's process does not answer any more: %s", self._why)
            return await self._visit.take_over(self._why, speaking_is_over=self._vigil.followed_up)
        finally:
            reading.cancel()
            dying.cancel()
            self._vigil.done()

    async def _read(self, reader: asyncio.StreamReader) -> bool:
        """Take beats; return whether the job has said bye, when the socket is closed."""
        while True:
            try:
                told = await reader.read(256)
            except ConnectionError:
                told = b""
            if not told or BYE in told:
                return bool(told)
            self._vigil.beat(self._loop.time())

    async def _watch(self, reading: asyncio.Task[bool], dying: asyncio.Task[str]) -> None:
        """Return when nobody else can speak to the caller, or nobody has to."""
        while self._vigil.watches:
            rest_s = self._vigil.rest_s(self._loop.time())
            due = self._loop.time() + rest_s
            await asyncio.wait(
                {reading, dying}, timeout=rest_s, return_when=asyncio.FIRST_COMPLETED
            )
            if reading.done() and reading.result():
                self._vigil.done()
            elif reading.done() or dying.done():
                await self._learn_end(dying)
                self._vigil.died()
            else:
                await self._look(max(self._loop.time() - due, 0.0))

    async def _learn_end(self, dying: asyncio.Task[str]) -> None:
        """Learn how the process ended; its socket closes some moments before."""
        await asyncio.wait({dying}, timeout=END_TIMEOUT_S)
        self._why = dying.result() if dying.done() else "its socket was closed"

    async def _look(self, late_s: float) -> None:
        before = self._vigil.state
        waited = waited_s(self._pid, self._call.thread)
        state = self._vigil.look(self._loop.time(), waited, late_s=late_s)
        if state is State.FILLER and before is State.WATCHED:
            logger.warning("an agent has been frozen for %.1f s", self._vigil.silent_s)
            self._visit.begin_filler()
        elif state is State.WATCHED and before is State.FILLER:
            logger.warning("a frozen agent works again")
            await self._visit.withdraw()
        elif state is State.SPEAKING:
            self._why = f"frozen for {self._vigil.silent_s:.1f} s"
