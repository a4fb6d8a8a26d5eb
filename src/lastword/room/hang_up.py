"""Ends a call for its caller through the server: removes the caller, or deletes the room."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from livekit import api

from ..bounded import within
from .callers import callers_in
from .server import API_TIMEOUT_S, describe, server_api

if TYPE_CHECKING:
    from livekit import rtc

logger = logging.getLogger("lastword")


async def end_call(room: rtc.Room, caller: str | None, *, delete_room: bool) -> str | None:
    """End a call; never raise, and take at most `API_TIMEOUT_S`.

    Args:
        room: The room, connected or not.
        caller: Identity of the caller, or None if nobody is linked: then the only one is taken.
        delete_room: Delete the room, whoever else is in it.

    Returns:
        One line that says why it failed, or None on success.
    """
    try:
        await within(_end_call(room, caller, delete_room=delete_room), API_TIMEOUT_S)
    except Exception as raised:  # noqa: BLE001 - reported, whatever it is
        if getattr(raised, "code", None) != "not_found":  # the caller or the room is gone
            error = describe(raised)
            logger.warning("the call could not be ended", extra={"error": error})
            return error
    return None


async def _end_call(room: rtc.Room, caller: str | None, *, delete_room: bool) -> None:
    callers = [participant.identity for participant in callers_in(room)]
    linked = caller or (callers[0] if len(callers) == 1 else None)
    async with server_api(API_TIMEOUT_S) as server:
        if delete_room or all(identity == linked for identity in callers):
            await server.room.delete_room(api.DeleteRoomRequest(room=room.name))
        elif linked is not None:
            await server.room.remove_participant(
                api.RoomParticipantIdentity(room=room.name, identity=linked)
            )
        else:
            raise LookupError("several callers are in the room, none of them is linked")
