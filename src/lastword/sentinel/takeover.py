"""Speaks in a room in place of an agent whose process has died, and ends the call as asked."""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import TYPE_CHECKING

from livekit import api, rtc

from lastword.bounded import Signal, finished, hold, within
from lastword.failure.failure import Failure
from lastword.failure.kinds import FailureKind
from lastword.room.callers import callers_in, is_phone
from lastword.room.server import API_TIMEOUT_S, describe, server_api
from lastword.session.after.followup import Place
from lastword.session.ending import Ending, Words
from lastword.session.playout.heard import Heard
from lastword.session.playout.own_way import speak_on_own_track

from .actions import action_of
from .sounds import FORMAT, utterance_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastword.session.report import Report
    from lastword.session.words.utterance import Utterance

    from .wire import Call, Lines

logger = logging.getLogger("lastword")

JOIN_TIMEOUT_S = 5.0
"""How long joining may take; 0.1 s where the server is well."""
LISTENER_TIMEOUT_S = 5.0
"""How long publishing and the wait for a listener may take together."""
LEAVE_TIMEOUT_S = 2.0


class Visit:
    """The sentinel's own participant in one call's room.

    Args:
        call: The call.
        lines: What is said and done.
    """

    def __init__(self, call: Call, lines: Lines) -> None:
        self._call = call
        self._first = utterance_of(lines.first)
        self._second = utterance_of(lines.second)
        self._filler = utterance_of(lines.filler)
        self._action = action_of(lines.after, call)
        self._tell = lines.tell
        self._room = rtc.Room()
        self._filler_over: Signal | None = None
        self._filler_atask: asyncio.Task[None] | None = None
        self._arriving_atask: asyncio.Task[bool] | None = None

    # --- the process may come back ---------------------------------------------------------------

    def begin_filler(self) -> None:
        """Say the filler, in the background; the agent is not touched."""
        self._filler_over = Signal()
        self._filler_atask = hold(
            asyncio.create_task(self._say_filler(self._filler_over), name="lastword_filler")
        )

    async def withdraw(self) -> None:
        """Stop the filler and leave: the process works again."""
        await self._end_filler()
        await self.leave()

    async def _say_filler(self, over: Signal) -> None:
        if self._filler is None or not await self._is_there():
            return
        heard = Heard.of(self._filler, FORMAT)
        await self._speak(over, self._filler, heard)

    async def _end_filler(self) -> None:
        if self._filler_atask is not None and self._filler_over is not None:
            self._filler_over.set()
            await asyncio.wait({self._filler_atask}, timeout=LEAVE_TIMEOUT_S)
            self._filler_atask.cancel()
            self._filler_atask = None

    # --- the process will not --------------------------------------------------------------------

    def set_out(self) -> None:
        """Join the room in the background, before it is known what has become of the process."""
        if self._filler_atask is None:
            self._arriving_atask = hold(asyncio.create_task(self._is_there(), name="lastword_join"))

    async def take_over(self, why: str, *, speaking_is_over: Callable[[], None]) -> Report | None:
        """Say the last words and do what follows; never raises.

        Args:
            why: What became of the process.
            speaking_is_over: Called when the message is over.

        Returns:
            The report, or None if no caller was there to be told.
        """
        failure = Failure(FailureKind.AGENT_DIED, terminal=True, retryable=False, detail=why)
        words = Words(self._first, self._second, self._action, FORMAT, tell=self._tell)
        ending = Ending(failure, words, Place(history=lambda: self._call.history))
        await self._end_filler()
        if not await (self._arriving_atask or self._is_there()):
            return None
        evicting = hold(asyncio.create_task(self._evict(), name="lastword_evict"))
        ending.learn(self._room, self._caller())
        speak = functools.partial(self._speak, ending.abort)
        await ending.utter(speak)
        speaking_is_over()
        await ending.before_close(speak)
        await asyncio.wait({evicting}, timeout=API_TIMEOUT_S)
        await ending.after_close()
        report = ending.report(close_s=ending.passed_s, closed_by="sentinel")
        await self.leave()
        return report

    async def leave(self) -> None:
        """Leave the room, if it was joined."""
        if self._room.isconnected():
            await finished(
                self._room.disconnect(), name="lastword_leave", timeout_s=LEAVE_TIMEOUT_S
            )

    # --- in the room -----------------------------------------------------------------------------

    async def _is_there(self) -> bool:
        """Join if needed; return whether a caller is in the room."""
        if not self._room.isconnected():
            self._room = rtc.Room()  # one that was left cannot join again
            options = rtc.RoomOptions(auto_subscribe=False)
            try:
                joining = self._room.connect(self._call.url, self._call.token, options)
                await within(joining, JOIN_TIMEOUT_S)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody can be reached
                logger.warning("the room cannot be joined: %s", describe(error))
                return False
        if callers_in(self._room):
            return True
        logger.info("no caller is there any more")
        await self.leave()
        return False

    def _caller(self) -> rtc.RemoteParticipant | None:
        """Return the linked participant, else one on a phone, else the only caller."""
        linked = self._room.remote_participants.get(self._call.caller or "")
        if linked is not None:
            return linked
        callers = callers_in(self._room)
        phones = (caller for caller in callers if is_phone(caller))
        return next(phones, callers[0] if len(callers) == 1 else None)

    async def _speak(self, abort: Signal, utterance: Utterance, heard: Heard) -> None:
        await speak_on_own_track(
            self._room,
            heard,
            transcript=utterance.transcript,
            abort=abort,
            first_frame_timeout_s=LISTENER_TIMEOUT_S,
        )

    async def _evict(self) -> None:
        """Remove the agent: a process that wakes up must not speak again."""
        agent = api.RoomParticipantIdentity(room=self._call.room, identity=self._call.agent)
        try:
            async with server_api(API_TIMEOUT_S) as server:
                await within(server.room.remove_participant(agent), API_TIMEOUT_S)
        except Exception as error:  # noqa: BLE001 - told, whatever it is
            if getattr(error, "code", None) != "not_found":
                logger.warning("the agent could not be removed: %s", describe(error))
