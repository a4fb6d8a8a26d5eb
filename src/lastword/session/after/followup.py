"""Runs the action that follows the last words, before or after the close."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...room.callers import is_phone
from .actions import AfterContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from livekit import rtc
    from livekit.agents import JobContext

    from ...failure.failure import Failure
    from ...room.tell import State
    from .actions import After
    from .plan import Plan

logger = logging.getLogger("lastword")

TAIL_S = 0.2
"""Silence after the message: the last packet leaves up to 0.1 s after playout is reported."""
SIP_TAIL_S = 1.0
"""The same with a phone and its jitter buffer behind it: 0.2 s lost nothing on loopback, but a
carrier's path needs more (measured with livekit-sip 1.3.0)."""


@dataclass
class Place:
    """Where a call takes place, as far as it is known; a session that is closed forgets it.

    Attributes:
        room: The agent's room.
        job: The job that handles the call; None outside of a worker.
        caller: The linked participant.
        history: Returns the conversation so far as plain values, oldest first.
    """

    room: rtc.Room | None = None
    job: JobContext | None = None
    caller: rtc.RemoteParticipant | None = None
    history: Callable[[], list[dict[str, Any]]] = list


class FollowUp:
    """What happens to one call after its last words.

    Args:
        action: What was asked for, or None.
        failure: Why the call ends.
        place: Where the call takes place; may become known later.

    Attributes:
        error: Why the action failed, or None.
        state: How the call ends, as others in the room are told.
    """

    def __init__(self, action: After | None, failure: Failure, place: Place) -> None:
        self.error: str | None = None
        self.state: State = "ended"
        self._action = action
        self._next = action
        self._failure = failure
        self._place = place

    @property
    def name(self) -> str | None:
        """The name of the action in the report."""
        return self._action.name if self._action is not None else None

    @property
    def tail_s(self) -> float:
        """Silence between the message and what follows, in seconds."""
        if self._action is not None and self._action.tail_s is not None:
            return self._action.tail_s
        if self._action is not None and self._action.hands_on:
            return TAIL_S  # the line stays open
        return self.last_tail_s

    @property
    def last_tail_s(self) -> float:
        """Silence between a message and the end of the line, in seconds."""
        return SIP_TAIL_S if is_phone(self._place.caller) else TAIL_S

    async def before_close(self, say: Callable[[], Awaitable[None]] | None) -> None:
        """Run an action that needs the open session; `say` tells the caller if it fails."""
        if self._next is not None and self._next.runs_before_close:
            await self._run(self._next, say)

    async def after_close(self) -> None:
        """Run what has to wait until the session is closed."""
        if self._next is not None:
            await self._run(self._next, None)

    async def _run(self, action: After, say: Callable[[], Awaitable[None]] | None) -> None:
        self._next = None
        room, caller = self._place.room, self._place.caller
        if room is None:
            self.error = self.error or "no room is known"
            return
        identity = caller.identity if caller is not None else None
        context = AfterContext(
            room, self._place.job, identity, self._failure, say, self._place.history
        )
        outcome = await action.run(context)
        self.error = self.error or outcome.error
        if outcome.error is None and action.runs_before_close:
            self.state = action.state
        self._next = outcome.then


class PhoneWarning:
    """Warns once about a phone caller whose call nothing will end.

    Args:
        plan: What follows the last words.
        where: The function that takes `after`, as the warning names it.
    """

    def __init__(self, plan: Plan, where: str) -> None:
        self._needed = not plan.actions()
        self._where = where

    def look_at(self, caller: rtc.RemoteParticipant | None) -> None:
        """Warn if the caller is on a phone and no action was given."""
        if self._needed and is_phone(caller):
            self._needed = False
            logger.warning(
                "the caller is on a phone and no after-action is set: after a failure the line "
                "stays open in silence; pass after=lastword.hang_up() to %s()",
                self._where,
            )
