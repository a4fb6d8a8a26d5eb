"""Takes a session through one failure of a drill in a real room, in real time.

A caller joins the room, listens, and keeps what arrives: what counts is what is heard there. The
components are stand-ins, as in every drill.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from livekit import rtc

from ..beginning import prepare
from ..drill import suffer
from ..outcome import outcome_of
from .agent import joined
from .caller import Caller
from .recording import RATE, loud_span
from .server import ServerError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..beginning import MakeSession
    from ..cases import Case
    from ..outcome import Outcome
    from ..rehearsal import Rehearsal
    from .server import Access

_STEP = RATE // 100


async def run(make_session: MakeSession, case: Case, access: Access, *, draw: bool) -> Outcome:
    """Rehearse one failure in a room of its own and return what the caller heard.

    Args:
        make_session: Makes the session, as for `rehearse`.
        case: The failure.
        access: To the server where the room is to be.
        draw: Whether the call is to be drawn on a page.

    Raises:
        ServerError: The room could not be joined.
    """
    name = f"lastword-drill-{case.name.replace(':', '-')}-{secrets.token_hex(4)}"
    async with AsyncExitStack() as stack:
        try:
            caller = await stack.enter_async_context(Caller(access, name))
            room = await stack.enter_async_context(joined(access, name))
        except (rtc.ConnectError, asyncio.TimeoutError) as error:
            raise ServerError(
                f"expected a LiveKit server at {access.url} that accepts LIVEKIT_API_KEY and "
                f"LIVEKIT_API_SECRET, joining a room failed ({error or 'no answer in time'})"
            ) from None
        call = await stack.enter_async_context(prepare(make_session, stand_ins=True))
        broken_at = await suffer(call, case, room)
        await caller.until_quiet()
        return outcome_of(call, case, broken_at, FarEnd(call, caller), draw=draw)


class FarEnd:
    """Listens where the caller is."""

    def __init__(self, call: Rehearsal, caller: Caller) -> None:
        self._call = call
        self._caller = caller

    def words_at(self, since: float) -> float | None:
        """Return when the first sound arrived after the first frame of the last words was taken.

        Sound of the agent that was still on its way may be up to 0.1 s earlier.
        """
        report, failed_at = self._call.report, self._call.failed_at
        if report is None or failed_at is None or report.first_frame_s is None:
            return None
        begin = max(since, failed_at + report.first_frame_s)
        span = loud_span(self._caller.recording().since(begin))
        return None if span is None else begin + span[0]

    def line(self, since: float) -> tuple[NDArray[Any], int]:
        """Return what arrived since a time, and its rate in Hz."""
        return self._caller.recording().since(since), RATE

    def sound_s(self, since: float) -> float:
        """Return how many seconds of it were loud, to 10 ms."""
        samples = self.line(since)[0]
        pieces = samples[: len(samples) // _STEP * _STEP].reshape(-1, _STEP)
        return sum(loud_span(piece) is not None for piece in pieces) * _STEP / RATE
