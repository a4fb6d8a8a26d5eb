"""Watches one call from the first beat of its job to the bye, or to the last words."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lastword.bounded import hold

from .processes import ended, waited_s
from .states import State, Vigil
from .takeover import Visit
from .wire import BYE, WATCHED

if TYPE_CHECKING:
    from lastword.session.report import Report

    from .wire import Call, Lines

logger = logging.getLogger("lastword")

END_TIMEOUT_S = 0.1
"""How much later than its socket's end a process may end."""


class Watching(asyncio.BufferedProtocol):
    """One call, and the end of its connection that takes the beats.

    Args:
        call: What its job has told.
        lines: What is said and done.
        pid: The job's process.
        filler_after_s: As for `Vigil`.
        take_over_after_s: As for `Vigil`.
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
        self._told = bytearray(64)
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._why = ""

    def retire(self) -> None:
        """Let another one watch over the call."""
        if self._vigil.watches:
            self._vigil.done()
            self._changed.set()

    async def run(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Report | None:
        """Watch until the call is over; return the report of the last words, if any were said.

        Args:
            reader: What has read the call.
            writer: The same connection; taken over from both.
        """
        dying = hold(self._loop.create_task(ended(self._pid), name="lastword_pid"))
        dying.add_done_callback(self._gone)
        writer.transport.set_protocol(self)
        if reader.at_eof():
            self._gone()
        writer.write(WATCHED)
        self._look_in(self._vigil.rest_s(self._loop.time()))
        try:
            await self._watch()
            if self._vigil.state is State.DONE:
                await self._visit.withdraw()
                return None
            self._visit.set_out()
            await self._learn_end(dying)
            logger.warning("an agent's process does not answer any more: %s", self._why)
            return await self._visit.take_over(self._why, speaking_is_over=self._vigil.followed_up)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            dying.cancel()
            self._vigil.done()

    async def _watch(self) -> None:
        """Return when nobody else can speak to the caller, or nobody has to."""
        speaks = False
        while self._vigil.watches:
            await self._changed.wait()
            self._changed.clear()
            if self._vigil.state is State.FILLER and not speaks:
                speaks = True
                logger.warning("an agent has been frozen for %.1f s", self._vigil.silent_s)
                self._visit.begin_filler()
            elif self._vigil.state is State.WATCHED and speaks:
                speaks = False
                logger.warning("a frozen agent works again")
                await self._visit.withdraw()

    async def _learn_end(self, dying: asyncio.Task[str]) -> None:
        """Learn how the process ended, if it has; its socket closes some moments before."""
        if not self._why:
            await asyncio.wait({dying}, timeout=END_TIMEOUT_S)
            self._why = dying.result() if dying.done() else "its socket was closed"

    # --- what the job tells ----------------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - beats are small
        """Return where the next bytes go."""
        return self._told

    def buffer_updated(self, nbytes: int) -> None:
        """Take beats, or the bye."""
        if BYE in self._told[:nbytes]:
            self.retire()
        else:
            self._vigil.beat(self._loop.time())

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - however it was lost
        """Take the end of the connection for that of the process, unless it has said bye."""
        self._gone()

    def _gone(self, *_: object) -> None:
        self._vigil.died()
        self._changed.set()

    # --- what it does not tell -------------------------------------------------------------------

    def _look_in(self, rest_s: float) -> None:
        self._timer = self._loop.call_later(rest_s, self._look, self._loop.time() + rest_s)

    def _look(self, due: float) -> None:
        """Look at the process, unless it is well, and again after a rest."""
        now = self._loop.time()
        if not self._vigil.is_well(now):
            before = self._vigil.state
            waited = waited_s(self._pid, self._call.thread)
            state = self._vigil.look(now, waited, late_s=max(now - due, 0.0))
            if state is State.SPEAKING:
                self._why = f"frozen for {self._vigil.silent_s:.1f} s"
            if state is not before:
                self._changed.set()
        if self._vigil.watches:
            self._look_in(self._vigil.rest_s(now))
