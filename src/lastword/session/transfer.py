"""A phone call handed to somebody else after the last words. Owns the transfer and its failures.

What the phone does was measured with livekit-sip 1.3.0: a failed transfer always leaves the call
up, a time-out cancels nothing, and "canceled" does not mean that nothing happened. Must not import
closing or attach.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from livekit import api, rtc

from .after import (
    API_TIMEOUT_S,
    After,
    AfterContext,
    NeedsApi,
    Outcome,
    describe,
    hang_up,
    leave,
    server_api,
)

if TYPE_CHECKING:
    from .message import AnyMessage

logger = logging.getLogger("lastword")

BYE_GRACE_S = 2.0
"""How long after a transfer's deadline the caller may still go: BYE comes 1.0 s after success."""
UNCERTAIN = frozenset({"canceled", "deadline_exceeded", "unknown"})
"""Codes of the server API after which the transfer may still happen; "unknown" is a proxy's."""
STATUS_FAILED = 1
"""`SIPTransferStatus.STS_TRANSFER_FAILED` ; older livekit-protocol has no status."""


def transfer_to(
    target: str, *, ringing_timeout_s: float = 30.0, on_failure: AnyMessage | None = None
) -> After:
    """The phone call is handed to a number or a SIP address; if that fails, it ends.

    Args:
        target: "+4930123456", or a URI with "tel:", "sip:" or "sips:".
        ringing_timeout_s: How long the target may ring, in seconds.
        on_failure: What the caller hears if the target is busy, declines or does not answer, any
            form of `attach`'s message. Then the call ends as with `hang_up()`.

    Raises:
        ValueError: The target is neither a number nor such a URI, or the time is not positive.
    """
    uri = f"tel:{target}" if target.removeprefix("+").isdigit() else target
    if not uri.strip("<").startswith(("tel:", "sip:", "sips:")):  # what the server accepts
        raise ValueError(
            "expected a target like '+4930123456', 'tel:...', 'sip:...' or 'sips:...', got "
            f"{target!r}"
        )
    if not ringing_timeout_s > 0:
        raise ValueError(f"expected a positive ringing_timeout_s, got {ringing_timeout_s}")
    return _Transfer(uri, ringing_timeout_s, on_failure)


@dataclass(frozen=True)
class _Transfer(NeedsApi):
    target: str
    ringing_timeout_s: float
    on_failure: AnyMessage | None = None
    name = "transfer_to"
    runs_before_close = True
    hands_on = True

    async def run(self, call: AfterContext) -> Outcome:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.ringing_timeout_s
        gone = _Gone(call)
        try:
            error, certain = await self._refer(call)
            if error is not None and not certain:
                # "canceled" and time-outs cancel nothing: the phone may be going on with it
                left_s = deadline + BYE_GRACE_S - loop.time()
                if await gone.within(left_s):
                    error = None
            if error is not None and call.say is not None and not gone.now:
                await call.say()
        except Exception as raised:  # noqa: BLE001 - reported, whatever it is
            error = describe(raised)
            logger.warning("the transfer failed", extra={"error": error})
        finally:
            gone.stop()
        return Outcome(error, hang_up() if error is not None else leave())

    async def _refer(self, call: AfterContext) -> tuple[str | None, bool]:
        """Ask for the transfer; return why it failed, or None, and whether that is certain."""
        caller = call.room.remote_participants.get(call.caller or "")
        if caller is None or caller.kind != rtc.ParticipantKind.PARTICIPANT_KIND_SIP:
            return "the caller is not on a phone", True
        request = api.TransferSIPParticipantRequest(
            room_name=call.room.name, participant_identity=caller.identity, transfer_to=self.target
        )
        # The one bound that the server keeps; a shorter time-out of the client ends nothing.
        request.ringing_timeout.FromMilliseconds(round(self.ringing_timeout_s * 1000))
        bound = self.ringing_timeout_s + API_TIMEOUT_S
        try:
            async with server_api(bound) as server:
                answer = await asyncio.wait_for(server.sip.transfer_sip_participant(request), bound)
        except (asyncio.TimeoutError, aiohttp.ClientError) as error:
            return describe(error), False
        except Exception as error:  # noqa: BLE001 - ServerError, or TwirpError in older livekit-api
            code = getattr(error, "code", None)
            return describe(error), code not in UNCERTAIN
        # A server that knows no status leaves it at "ongoing", 0.
        failed = getattr(answer, "status", None) == STATUS_FAILED
        return ("the server reports a failed transfer" if failed else None), True


class _Gone:
    """Watches whether the caller leaves the room."""

    def __init__(self, call: AfterContext) -> None:
        self._room, self._identity = call.room, call.caller
        self._left = asyncio.Event()
        self._room.on("participant_disconnected", self._on_disconnected)

    @property
    def now(self) -> bool:
        """Whether the caller has left."""
        return self._left.is_set()

    async def within(self, timeout_s: float) -> bool:
        """Wait for the caller to leave; whether that came in time."""
        try:
            await asyncio.wait_for(self._left.wait(), max(timeout_s, 0.0))
        except asyncio.TimeoutError:
            return False
        return True

    def stop(self) -> None:
        self._room.off("participant_disconnected", self._on_disconnected)

    def _on_disconnected(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._identity:
            self._left.set()
