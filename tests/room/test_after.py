"""Hanging up in a real room: the caller is out, the others stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit import api

import lastword
from lastword.failure.failure import Failure
from lastword.failure.kinds import FailureKind
from lastword.session.after.actions import AfterContext
from lastword.testing.room.agent import AGENT, joined
from lastword.testing.room.caller import Caller

if TYPE_CHECKING:
    from lastword.testing.room.server import Server

FAILURE = Failure(FailureKind.AUTH, terminal=True, retryable=False)


async def test_the_only_caller_is_out(known_server: Server, room_name: str) -> None:
    """Nobody but the agent would remain: the room is deleted."""
    async with Caller(known_server, room_name) as caller, joined(known_server, room_name) as room:
        await caller.until(lambda: AGENT in caller.room.remote_participants, 5)
        outcome = await lastword.hang_up().run(AfterContext(room, None, "caller", FAILURE))
        assert outcome.error is None
        await caller.until(lambda: not caller.room.isconnected(), 5)
        async with known_server.api() as client:
            rooms = await client.room.list_rooms(api.ListRoomsRequest(names=[room_name]))
        assert not rooms.rooms


async def test_another_caller_stays(known_server: Server, room_name: str) -> None:
    """The linked caller is removed, the room lives on for the other one."""
    async with (
        Caller(known_server, room_name) as caller,
        Caller(known_server, room_name, identity="guest") as guest,
        joined(known_server, room_name) as room,
    ):
        await guest.until(lambda: len(guest.room.remote_participants) == 2, 5)
        outcome = await lastword.hang_up().run(AfterContext(room, None, "caller", FAILURE))
        assert outcome.error is None
        await caller.until(lambda: not caller.room.isconnected(), 5)
        assert guest.room.isconnected()
