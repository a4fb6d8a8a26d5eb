"""Tells the others in a room, as data, that the agent ends, why, and what follows.

A front end or a supervisor learns it from two attributes of the agent and from one data packet.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Literal

from ..bounded import hold, within
from ..traces import told

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from livekit import rtc

logger = logging.getLogger("lastword")

State = Literal["failed", "handed_over", "transferred", "ended"]
"""How the call stands: the agent has failed, another one or a person has taken over, or it ends."""

TOPIC = "lastword"
ATTRIBUTE_STATE = "lastword.state"
ATTRIBUTE_KIND = "lastword.kind"
SEND_TIMEOUT_S = 2.0
"""How long sending may take; a healthy connection needs some milliseconds."""
ARRIVE_TIMEOUT_S = 0.3
"""How long the end of a call waits until the others know of it."""


class News:
    """What the others in a room are told about one failed call.

    Args:
        kind: What kind of failure it is.
        terminal: Whether no later turn of the session can succeed.
        words: What the caller hears; empty for nothing.
        follows: Name of the action after that, or None.
    """

    def __init__(self, *, kind: str, terminal: bool, words: str, follows: str | None) -> None:
        self._kind = kind
        self._packet = json.dumps(
            {"kind": kind, "terminal": terminal, "words": words, "follows": follows}
        )
        self._state: State | None = None
        self._sending_atask: asyncio.Task[None] | None = None

    def tell(self, room: rtc.Room | None, state: State) -> None:
        """Tell a room of a new state, beside other work; do nothing where that is not possible.

        Args:
            room: The agent's room, if it is known.
            state: How the call stands now.
        """
        if state == self._state or room is None or not room.isconnected():
            return
        sending = self._send(room, state, is_first=self._state is None, after=self._sending_atask)
        self._state = state
        self._sending_atask = hold(asyncio.create_task(sending, name="lastword_tell"))

    async def arrived(self) -> None:
        """Wait, for at most `ARRIVE_TIMEOUT_S`, until the server has what was told."""
        if self._sending_atask is not None:
            await asyncio.wait({self._sending_atask}, timeout=ARRIVE_TIMEOUT_S)

    async def _send(
        self, room: rtc.Room, state: State, *, is_first: bool, after: asyncio.Task[None] | None
    ) -> None:
        if after is not None:  # the client does not keep the order of two changes
            await asyncio.wait({after})
        me = room.local_participant
        attributes = {ATTRIBUTE_STATE: state, ATTRIBUTE_KIND: self._kind}
        sending = [_sent(me.set_attributes(attributes))]
        if is_first:
            sending.append(_sent(me.publish_data(self._packet, reliable=True, topic=TOPIC)))
        await asyncio.gather(*sending)


async def _sent(sending: Awaitable[None]) -> None:
    """Send something in bounded time; a failure is only logged."""
    try:
        await within(sending, SEND_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - the call is ended all the same
        logger.warning("the others in the room could not be told: %s", told(error))
