"""Transfers a phone call to a number or a SIP address, and tells whether that succeeded.

Measured with livekit-sip 1.3.0: a failed transfer always leaves the call up, a time-out cancels
nothing, and "canceled" does not mean that nothing happened.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from livekit import api

from ..bounded import within
from .callers import Presence, is_phone
from .server import API_TIMEOUT_S, describe, server_api

if TYPE_CHECKING:
    from livekit import rtc

logger = logging.getLogger("lastword")

BYE_GRACE_S = 2.0
"""How long after a transfer's deadline the caller may still leave: BYE follows 1.0 s later."""
UNCERTAIN = frozenset({"canceled", "deadline_exceeded", "unknown"})
"""Codes of the server API after which the transfer may still happen; a proxy sends "unknown"."""
STATUS_FAILED = 1
"""`SIPTransferStatus.STS_TRANSFER_FAILED`; older livekit-protocol has no status."""


@dataclass(frozen=True)
class Transferred:
    """What became of a transfer.

    Attributes:
        error: One line that says why it failed, or None.
        caller_left: Whether the caller has left the room and can no longer be told anything.
    """

    error: str | None
    caller_left: bool


async def transfer(
    room: rtc.Room, caller: str | None, target: str, *, ringing_timeout_s: float
) -> Transferred:
    """Transfer a phone call; never raise.

    Takes at most `ringing_timeout_s` plus the longer of `API_TIMEOUT_S` and `BYE_GRACE_S`.

    Args:
        room: The room, connected.
        caller: Identity of the caller, or None if nobody is linked.
        target: A URI with "tel:", "sip:" or "sips:".
        ringing_timeout_s: How long the target may ring, in seconds.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + ringing_timeout_s
    if caller is not None and room.isconnected() and caller not in room.remote_participants:
        return Transferred("the caller has hung up", caller_left=True)
    presence = Presence(room, caller)
    try:
        error, certain = await _refer(room, caller, target, ringing_timeout_s)
        if error is not None and not certain:
            # "canceled" and time-outs cancel nothing: the transfer may still be under way
            left_s = deadline + BYE_GRACE_S - loop.time()
            if await presence.ends_within(left_s):
                error = None
    except Exception as raised:  # noqa: BLE001 - reported, whatever it is
        error = describe(raised)
        logger.warning("the transfer failed", extra={"error": error})
    finally:
        presence.stop()
    return Transferred(error, presence.left)


async def _refer(
    room: rtc.Room, identity: str | None, target: str, ringing_timeout_s: float
) -> tuple[str | None, bool]:
    """Request the transfer; return why it failed, or None, and whether that is certain."""
    if identity is None:
        return "no caller is linked", True
    caller = room.remote_participants.get(identity)
    if caller is None:
        return "the agent is no longer in the room", True
    if not is_phone(caller):
        return "the caller is not on a phone", True
    request = api.TransferSIPParticipantRequest(
        room_name=room.name, participant_identity=caller.identity, transfer_to=target
    )
    # The only limit that the server obeys; a shorter client time-out ends nothing.
    request.ringing_timeout.FromMilliseconds(round(ringing_timeout_s * 1000))
    bound = ringing_timeout_s + API_TIMEOUT_S
    try:
        async with server_api(bound) as server:
            answer = await within(server.sip.transfer_sip_participant(request), bound)
    except (asyncio.TimeoutError, aiohttp.ClientError) as error:
        return describe(error), False
    except Exception as error:  # noqa: BLE001 - ServerError, or TwirpError in older livekit-api
        code = getattr(error, "code", None)
        return describe(error), code not in UNCERTAIN
    # A server that knows no status leaves it at "ongoing", 0.
    failed = getattr(answer, "status", None) == STATUS_FAILED
    return ("the server reports a failed transfer" if failed else None), True
