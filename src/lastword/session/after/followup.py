"""Runs the action that follows the last words, before or after the close."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..._upstream import rooms
from ...room.callers import is_phone
from .actions import AfterContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from livekit.agents import AgentSession

    from ...failure.kinds import Failure
    from .actions import After

logger = logging.getLogger("lastword")

TAIL_S = 0.2
"""Quiet after the message: the last packet leaves up to 0.1 s after playout is reported."""
SIP_TAIL_S = 1.0
"""The same with a phone and its jitter buffer behind it: 0.2 s lost nothing on loopback, but a
carrier's path needs more (measured with livekit-sip 1.3.0)."""


class FollowUp:
    """What happens to one call after its last words.

    The call is looked at when this is made: after the close the session knows it no more.

    Args:
        session: The failing session.
        action: What was asked for, or None.
        failure: Why the session ends.

    Attributes:
        error: Why the action did not do what was asked, or None.
    """

    def __init__(self, session: AgentSession[Any], action: After | None, failure: Failure) -> None:
        self.error: str | None = None
        self._action = action
        self._next = action
        self._failure = failure
        self._room = rooms.room_of(session)
        self._job = rooms.job_of_this_process()
        self._caller = rooms.linked_participant(session)

    @property
    def name(self) -> str | None:
        """How the report calls the action."""
        return self._action.name if self._action is not None else None

    @property
    def tail_s(self) -> float:
        """Quiet between the last frame and what follows, in seconds."""
        if self._action is not None and self._action.tail_s is not None:
            return self._action.tail_s
        return SIP_TAIL_S if is_phone(self._caller) else TAIL_S

    async def before_close(self, say: Callable[[], Awaitable[None]] | None) -> None:
        """Runs what needs the still open session; `say` speaks of its failure."""
        if self._next is not None and self._next.runs_before_close:
            await self._run(self._next, say)

    async def after_close(self) -> None:
        """Runs the rest."""
        if self._next is not None:
            await self._run(self._next, None)

    async def _run(self, action: After, say: Callable[[], Awaitable[None]] | None) -> None:
        self._next = None
        if self._room is None:
            self.error = self.error or "no room is known"
            return
        caller = self._caller.identity if self._caller is not None else None
        context = AfterContext(self._room, self._job, caller, self._failure, say)
        outcome = await action.run(context)
        self.error = self.error or outcome.error
        self._next = outcome.then
