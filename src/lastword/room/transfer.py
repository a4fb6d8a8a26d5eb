"""Transfers a phone call to a number or a SIP address, and tells whether that succeeded.

Measured with livekit-sip 1.3.0: a failed transfer always leaves the call up, a time-out cancels
nothing, and "canceled" does not mean that nothing happened.
"""

from __future__ import annotations

import asyncio
import logging
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from livekit import api

from ..bounded import within
from .callers import Presence, is_phone
from .server import describe, server_api

if TYPE_CHECKING:
    from livekit import rtc

logger = logging.getLogger("lastword")

BYE_GRACE_S = 1.2
"""How long to wait for the caller to leave once it is uncertain whether the transfer happened: BYE
follows a good one by 1.0 s. The caller hears nothing meanwhile, so that it must not be longer."""
AT_ONCE_S = 1.0
"""A request that is canceled sooner than this has not let the target ring; it is made once more."""
ANSWER_S = 1.0
"""How much later than the end of the ringing the server may answer; the dial tone is over then."""
CONNECT_TIMEOUT_S = 1.0
"""How long connecting to the server may take: until then nothing has been requested."""
UNCERTAIN = frozenset({"canceled", "deadline_exceeded", "unknown"})
"""Codes of the server API after which the transfer may still happen; a proxy sends "unknown"."""
STATUS_FAILED = 1
"""`SIPTransferStatus.STS_TRANSFER_FAILED`; older livekit-protocol has no status."""


def uri_of(target: str) -> str:
    """Return the URI of a target, without spaces and dashes in its number.

    Args:
        target: A number, or a URI with "tel:", "sip:" or "sips:".

    Raises:
        ValueError: It is neither.
    """
    number = _without_separators(target)
    if number.removeprefix("+").isdecimal():
        return f"tel:{number}"
    scheme, colon, rest = target.strip().partition(":")
    if scheme.removeprefix("<") not in ("tel", "sip", "sips") or not rest:  # what the server takes
        raise ValueError(
            "expected a target like '+4930123456', 'tel:...', 'sip:...' or 'sips:...', got "
            f"{target!r}; pass a number in its international form"
        )
    if scheme.endswith("tel"):
        number, semicolon, parameters = rest.partition(";")
        rest = _without_separators(number) + semicolon + parameters
    return scheme + colon + rest


def _without_separators(number: str) -> str:
    """Return a number without spaces and dashes of any kind, as in text from a web page."""
    return "".join(c for c in number if not c.isspace() and unicodedata.category(c) != "Pd")


@dataclass(frozen=True)
class _Answer:
    """How the server answered one request.

    Attributes:
        error: Why the transfer failed, or None.
        certain: Whether nothing of it can happen any more, or all of it has.
        took_s: Seconds from the request to the answer.
    """

    error: str | None
    certain: bool = True
    took_s: float = 0.0


async def transfer(
    room: rtc.Room,
    caller: str | None,
    target: str,
    *,
    ringing_timeout_s: float,
    play_dialtone: bool = True,
) -> str | None:
    """Transfer a phone call; never raise.

    Takes at most `ringing_timeout_s` and 5 s more. A request that is canceled at once is made once
    more, unless the caller has left by then: the transfer may go on all the same.

    Args:
        room: The room, connected.
        caller: Identity of the caller, or None if nobody is linked.
        target: A URI with "tel:", "sip:" or "sips:".
        ringing_timeout_s: How long the target may ring, in seconds.
        play_dialtone: Whether the caller hears a dial tone meanwhile, instead of nothing.

    Returns:
        One line that says why it failed, or None on success.
    """
    obstacle = _obstacle(room, caller)
    if obstacle is not None:
        return obstacle
    request = api.TransferSIPParticipantRequest(
        room_name=room.name,
        participant_identity=caller,
        transfer_to=target,
        play_dialtone=play_dialtone,
    )
    # The only limit that the server obeys; a shorter client time-out ends nothing.
    request.ringing_timeout.FromMilliseconds(round(ringing_timeout_s * 1000))
    presence = Presence(room, caller)
    try:
        return await _transfer(request, presence)
    except Exception as raised:  # noqa: BLE001 - reported, whatever it is
        error = describe(raised)
        logger.warning("the transfer failed", extra={"error": error})
        return error
    finally:
        presence.stop()


def _obstacle(room: rtc.Room, identity: str | None) -> str | None:
    """Return why a transfer need not be requested, or None."""
    if identity is None:
        return "no caller is linked"
    caller = room.remote_participants.get(identity)
    if caller is None:
        return "the agent is no longer in the room"
    return None if is_phone(caller) else "the caller is not on a phone"


async def _transfer(request: api.TransferSIPParticipantRequest, presence: Presence) -> str | None:
    """Request a transfer, once more if it is canceled at once; return why it failed, or None."""
    first = await _refer(request)
    if first.certain:
        return first.error
    if await _leaves(presence, first, request):
        return None
    if first.took_s >= AT_ONCE_S:
        return first.error
    again = await _refer(request)
    # whatever the second answer is: a caller who has left was transferred by the first request
    left = presence.left
    if not left and not again.certain and again.took_s >= AT_ONCE_S:
        left = await _leaves(presence, again, request)
    return None if left else again.error


async def _leaves(
    presence: Presence, answer: _Answer, request: api.TransferSIPParticipantRequest
) -> bool:
    """Wait for the caller to leave after an uncertain answer; return whether that happened."""
    ringing_s = request.ringing_timeout.ToTimedelta().total_seconds()
    silent_s = max(0.0, answer.took_s - ringing_s)  # since the dial tone ended
    return await presence.ends_within(BYE_GRACE_S - silent_s)


async def _refer(request: api.TransferSIPParticipantRequest) -> _Answer:
    """Request the transfer once."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    bound = request.ringing_timeout.ToTimedelta().total_seconds() + ANSWER_S
    try:
        async with server_api(bound, connect_timeout_s=CONNECT_TIMEOUT_S) as server:
            answer = await within(server.sip.transfer_sip_participant(request), bound)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        return _Answer(describe(error))  # nothing was requested
    except (asyncio.TimeoutError, aiohttp.ClientError) as error:
        return _Answer(describe(error), certain=False, took_s=loop.time() - began)
    except Exception as error:  # noqa: BLE001 - ServerError, or TwirpError in older livekit-api
        code = getattr(error, "code", None)
        return _Answer(describe(error), certain=code not in UNCERTAIN, took_s=loop.time() - began)
    # A server that knows no status leaves it at "ongoing", 0.
    failed = getattr(answer, "status", None) == STATUS_FAILED
    return _Answer("the server reports a failed transfer" if failed else None)
