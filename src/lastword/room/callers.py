"""Finds the callers in a room, which of them are on a phone, and when the caller leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from livekit import rtc

from ..bounded import within

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_CALLERS = frozenset({
    rtc.ParticipantKind.PARTICIPANT_KIND_AGENT,
    rtc.ParticipantKind.PARTICIPANT_KIND_EGRESS,
    rtc.ParticipantKind.PARTICIPANT_KIND_INGRESS,
})  # fmt: skip


def callers_in(room: rtc.Room) -> list[rtc.RemoteParticipant]:
    """Return all callers in a room."""
    others = room.remote_participants.values()
    return [participant for participant in others if participant.kind not in _NO_CALLERS]


def is_phone(participant: rtc.RemoteParticipant | None) -> bool:
    """Return whether a participant is on a phone."""
    sip = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
    return participant is not None and participant.kind == sip


class Presence:
    """Watches for the caller to leave a room, from construction until `stop()`.

    Args:
        room: The room.
        caller: Identity of the caller, or None if nobody is linked: then all callers must leave.
        on_left: Called once, when that happens.
    """

    def __init__(
        self, room: rtc.Room, caller: str | None, on_left: Callable[[], object] | None = None
    ) -> None:
        self._room, self._caller, self._on_left = room, caller, on_left
        self._left = asyncio.Event()
        room.on("participant_disconnected", self._on_disconnected)

    @property
    def left(self) -> bool:
        """Whether the caller has left."""
        return self._left.is_set()

    async def ends_within(self, timeout_s: float) -> bool:
        """Wait for the caller to leave; return whether that happened in time."""
        try:
            await within(self._left.wait(), max(timeout_s, 0.0))
        except asyncio.TimeoutError:
            return False
        return True

    def stop(self) -> None:
        """Stop watching."""
        self._room.off("participant_disconnected", self._on_disconnected)

    def _on_disconnected(self, participant: rtc.RemoteParticipant) -> None:
        if self._caller is None:
            has_left = all(caller is participant for caller in callers_in(self._room))
        else:
            has_left = participant.identity == self._caller
        if has_left and not self.left:
            self._left.set()
            if self._on_left is not None:
                self._on_left()
