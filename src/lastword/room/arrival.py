"""Measures how much of what a sink played reached the server.

A sink plays into the connection's own buffers and knows nothing of a cut network, which the client
notices only after some seconds. The server's receiver reports show it sooner.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..bounded import within
from ..traces import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from livekit import rtc

logger = logging.getLogger("lastword")

BASELINE_AFTER_S = 0.1
"""Delay before the counters are first read: not while the first frames go out."""
READ_S = 0.25
"""Longest reading: it takes 1 to 6 ms, up to 0.15 s if the line is cut (livekit 1.1.21)."""
SILENT_S = 1.5
"""A server that has sent nothing for this long is out of reach: receiver reports alone come every
second, and no gap between packets was longer than 0.43 s (livekit-server 1.11)."""
PACKET_S = 0.02
"""Opus packets of libwebrtc hold 20 ms (its default; livekit sets no other)."""


class Sent(Protocol):
    """What is being sent, and how much of it does not arrive.

    Attributes:
        accepted: How many frames a sink has taken.
        broke: The agent lost its room in the meantime.
        lost_s: Seconds that did not reach the server.
    """

    accepted: int
    broke: bool
    lost_s: float


@dataclass(frozen=True)
class Reading:
    """What the connection reports about the sound being sent.

    Attributes:
        lost: Packets of all tracks that did not arrive, according to the server's receiver reports.
        silent_s: Seconds since anything came from the server, by any route.
    """

    lost: int
    silent_s: float


@asynccontextmanager
async def watched(room: rtc.Room | None, heard: Sent) -> AsyncIterator[None]:
    """Watch the connection to the server while something is said; note what did not arrive.

    Args:
        room: The agent's room; without one there is nothing to watch.
        heard: Its `broke` and `lost_s` are set, `lost_s` after a last reading of at most `READ_S`.
    """
    if room is None:
        yield
        return

    def on_lost(*_: Any) -> None:
        heard.broke = True

    room.on("reconnecting", on_lost)
    room.on("disconnected", on_lost)
    baseline_atask = asyncio.create_task(_read_later(room), name="lastword_arrival")
    try:
        yield
        if heard.accepted and baseline_atask.done():
            heard.lost_s = _lost_s(baseline_atask.result(), await read(room))
    finally:
        baseline_atask.cancel()
        room.off("reconnecting", on_lost)
        room.off("disconnected", on_lost)


async def _read_later(room: rtc.Room) -> Reading | None:
    await asyncio.sleep(BASELINE_AFTER_S)
    return await read(room)


def _lost_s(before: Reading | None, after: Reading | None) -> float:
    """Return the seconds that did not arrive between two readings; 0.0 if nothing is known."""
    if before is None or after is None:
        return 0.0
    # what was sent to a silent server is in no report
    silent_s = after.silent_s if after.silent_s > SILENT_S else 0.0
    return max(0, after.lost - before.lost) * PACKET_S + silent_s


async def read(room: rtc.Room) -> Reading | None:
    """Read how a room's outgoing sound arrives; return None if the connection does not answer."""
    if not room.isconnected():
        return None
    try:
        stats = (await within(room.get_rtc_stats(), READ_S)).publisher_stats
    except Exception as error:  # noqa: BLE001 - then nothing is known
        logger.debug("the connection's statistics cannot be read: %s", told(error))
        return None
    lost, silent_ms = 0, []
    for entry in stats:
        if entry.HasField("remote_inbound_rtp"):
            lost += entry.remote_inbound_rtp.received.packets_lost
        pair = entry.candidate_pair
        if entry.HasField("candidate_pair") and pair.candidate_pair.nominated:
            now_ms = pair.rtc.timestamp / 1000  # microseconds; both since the epoch
            silent_ms.append(now_ms - pair.candidate_pair.last_packet_received_timestamp)
    # A client that found several routes nominates more than one and abandons all but one: the
    # silence on an abandoned route grows forever and means nothing.
    return Reading(lost, min(silent_ms, default=0.0) / 1000)
