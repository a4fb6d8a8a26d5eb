"""Ends a call: says the last words, runs the after-action, reports. Needs no livekit-agents.

`closing` runs the session's own close between the two halves; `guard` has no session to close. Both
supply the function that speaks.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..bounded import Signal, first_of
from ..room.arrival import watched
from ..room.callers import Presence
from ..room.tell import News
from .after.followup import FollowUp
from .playout.heard import Heard
from .report import Report

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from livekit import rtc
    from livekit.agents import JobContext

    from ..failure.failure import Failure
    from ..room.own_track import Standby
    from ..room.tell import State
    from .after.actions import After
    from .after.followup import Place
    from .report import ClosedBy
    from .words.utterance import OutputFormat, Utterance

    Speak: TypeAlias = Callable[[Utterance, Heard], Awaitable[None]]
    """Plays an utterance, bounded, until it is over or `Ending.abort` is set."""


@dataclass(frozen=True)
class Words:
    """What is said and done about one failure, all of it ready.

    Attributes:
        first: What is said, or None.
        second: What is said if the action fails, or None.
        action: What follows, or None.
        to: The format of the output.
        standby: A muted track that waits in the room, or None.
        tell: Whether the others in the room are told of it.
    """

    first: Utterance | None
    second: Utterance | None
    action: After | None
    to: OutputFormat
    standby: Standby | None = None
    tell: bool = True


# Jobs whose callers have been told, or are being told, why their calls end.
_told: weakref.WeakSet[JobContext] = weakref.WeakSet()


def is_told(job: JobContext) -> bool:
    """Return whether the caller of a job has been told, or is being told, why the call ends."""
    return job in _told


class Ending:
    """One call on its way from its failure to its report.

    Args:
        failure: Why the call ends.
        words: What is said and done.
        place: Where it takes place.

    Attributes:
        abort: Set to stop the message: the caller has left, or user code has asked for it.
        heard: What became of the message.
    """

    def __init__(self, failure: Failure, words: Words, place: Place) -> None:
        self.abort = Signal()
        self.heard = Heard.of(words.first, words.to)
        self._failure = failure
        self._words = words
        self._place = place
        self._follow_up = FollowUp(words.action, failure, place)
        self._news = self._news_of(failure) if words.tell else None
        self._presence: Presence | None = None
        self._loop = asyncio.get_running_loop()
        self._t0 = self._loop.time()
        self._failed_at = time.time()
        self._watch()
        self._tell("failed")
        if place.job is not None:
            _told.add(place.job)

    @property
    def _transcript(self) -> str:
        return self._words.first.transcript if self._words.first is not None else ""

    @property
    def passed_s(self) -> float:
        """Seconds since the failure."""
        return self._loop.time() - self._t0

    @property
    def handed_on(self) -> bool:
        """Whether somebody else has the caller now."""
        return self._follow_up.state != "ended"

    def learn(self, room: rtc.Room | None, caller: rtc.RemoteParticipant | None) -> None:
        """Add what has become known about the call since it failed; what was known stays."""
        self._place.room = self._place.room or room
        self._place.caller = self._place.caller or caller
        self._watch()
        self._tell("failed")

    def _watch(self) -> None:
        """End the message when its caller leaves."""
        if self._presence is not None:
            self._presence.stop()
        if self._place.room is not None:
            identity = self._place.caller.identity if self._place.caller is not None else None
            self._presence = Presence(self._place.room, identity, self.abort.set)

    def _news_of(self, failure: Failure) -> News:
        return News(
            kind=str(failure.kind),
            terminal=failure.terminal,
            words=self._transcript,
            follows=self._follow_up.name,
        )

    def _tell(self, state: State) -> None:
        if self._news is not None:
            self._news.tell(self._place.room, state)

    async def _tell_outcome(self) -> None:
        """Tell the others how the call ends, before the room or the agent's connection is gone."""
        if self._news is not None:
            self._tell(self._follow_up.state)
            await self._news.arrived()

    async def utter(self, speak: Speak) -> None:
        """Say the message, then wait as long as its last packets need to arrive."""
        if self._words.first is not None and not self.abort.is_set():
            tail_s = self._follow_up.tail_s
            await self._utter(self._words.first, self.heard, speak, tail_s=tail_s)

    async def before_close(self, speak: Speak) -> None:
        """Run an action that needs the open session, and tell the caller if it fails."""
        second = self._words.second

        async def say() -> None:
            if second is not None and not self.abort.is_set():
                heard = Heard.of(second, self._words.to)
                tail_s = self._follow_up.last_tail_s
                await self._utter(second, heard, speak, tail_s=tail_s)

        await self._follow_up.before_close(say if second is not None else None)
        await self._tell_outcome()

    async def after_close(self) -> None:
        """Run what is left to do; from here on it does not matter who leaves."""
        if self._presence is not None:
            self._presence.stop()
        await self._tell_outcome()  # in case that nothing was to happen before
        await self._follow_up.after_close()

    def report(self, *, close_s: float, closed_by: ClosedBy) -> Report:
        """Return the report of the call.

        Args:
            close_s: Seconds from the failure to the close.
            closed_by: Who closed the session.
        """
        heard, first = self.heard, self._words.first
        began_s = heard.first_frame_at
        return Report(
            failure=self._failure,
            played=heard.played,
            played_s=heard.position_s,
            lost_s=heard.lost_s,
            clip_s=heard.clip_s,
            transcript=self._transcript,
            source=first.source if first is not None else None,
            path=heard.path,
            ways_tried=tuple(heard.ways),
            subscribed=heard.subscribed,
            failed_at=self._failed_at,
            first_frame_s=began_s - self._t0 if began_s is not None else None,
            close_s=close_s,
            closed_by=closed_by,
            after=self._follow_up.name,
            after_error=self._follow_up.error,
        )

    async def _utter(
        self, utterance: Utterance, heard: Heard, speak: Speak, *, tail_s: float
    ) -> None:
        async with watched(self._place.room, heard):
            await speak(utterance, heard)
            if heard.accepted and not self.abort.is_set():
                await first_of(self.abort, timeout_s=tail_s)
