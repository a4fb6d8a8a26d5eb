"""What the connection's statistics say of what was heard; real ones are read in tests/room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from livekit import rtc

from lastword.room.arrival import READ_S, watched
from lastword.session.playout.heard import Heard
from session.fakes import clip_of
from session.virtual_time import run_virtual

CLIP_S = 3.0
Answer = Callable[[], Awaitable[rtc.RtcStats]]


class Connection(rtc.Room):
    """A room whose statistics are a script: one answer for each question."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__()
        self.answers = list(answers)

    def isconnected(self) -> bool:
        return True

    async def get_rtc_stats(self) -> rtc.RtcStats:
        return await self.answers.pop(0)()


def says(lost: int, *silent_s: float) -> Answer:
    """Statistics with so many packets lost, and how long each nominated route was silent."""

    async def answer() -> rtc.RtcStats:
        inbound = rtc.stats.RtcStats()
        inbound.remote_inbound_rtp.received.packets_lost = lost
        routes = [route(seconds) for seconds in silent_s or (0.1,)]
        return rtc.RtcStats(publisher_stats=[inbound, *routes], subscriber_stats=[])

    return answer


def route(silent_s: float) -> rtc.stats.RtcStats:
    """A nominated pair of candidates by which nothing has come for so long."""
    pair = rtc.stats.RtcStats()
    pair.candidate_pair.candidate_pair.nominated = True
    pair.candidate_pair.rtc.timestamp = 50_000_000
    pair.candidate_pair.candidate_pair.last_packet_received_timestamp = 50_000 - 1000 * silent_s
    return pair


async def refuses() -> rtc.RtcStats:
    """A connection that is no more."""
    raise RuntimeError("no such room")


async def hangs() -> rtc.RtcStats:
    """A client that does not answer."""
    return await asyncio.get_running_loop().create_future()


def hear(*answers: Answer, then: str | None = None) -> tuple[Heard, float]:
    """Play a clip of three seconds to its end; returns what was heard and how long it took."""

    async def main() -> tuple[Heard, float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        room = Connection(*answers)
        heard = Heard(clip_of(CLIP_S).frames(), CLIP_S, ways=["say"])
        async with watched(room, heard):
            for _ in heard.frames:
                heard.took(loop.time())
            await asyncio.sleep(CLIP_S)
            heard.played_more(CLIP_S)
            if then is not None:
                room.emit(then)
        return heard, loop.time() - began

    return run_virtual(main())


@pytest.mark.parametrize(
    ("before", "after", "lost_s", "played"),
    [
        (says(4), says(4), 0.0, "full"),
        (says(4), says(9), 0.1, "full"),  # concealed
        (says(4), says(54), 1.0, "part"),
        (says(4), says(4, 2.5), 2.5, "part"),
        (says(4, 0.1, 5.0), says(4, 0.1, 8.0), 0.0, "full"),
        (says(4, 5.0, 0.1), says(4, 8.0, 0.1), 0.0, "full"),
        (says(4, 5.0, 0.1), says(4, 8.0, 2.5), 2.5, "part"),
        (says(4), says(0), 0.0, "full"),  # the track is out of the room again
    ],
    ids=[
        "nothing",
        "little",
        "a second",
        "a silent server",
        "an abandoned route, named last",
        "an abandoned route, named first",
        "two silent routes",
        "another track",
    ],
)
def test_what_did_not_arrive(before: Answer, after: Answer, lost_s: float, played: str) -> None:
    """Packets by the server's reports, and all that went to a server that says nothing more."""
    heard, _ = hear(before, after)
    assert heard.lost_s == pytest.approx(lost_s)
    assert heard.played == played


@pytest.mark.parametrize(
    "answers",
    [(refuses, says(90)), (says(0), refuses), (hangs, says(90)), (says(0), hangs)],
    ids=["refused first", "refused last", "hangs first", "hangs last"],
)
def test_statistics_that_cannot_be_had(answers: tuple[Answer, ...]) -> None:
    """Nothing is claimed then, and nothing waits for them."""
    heard, took_s = hear(*answers)
    assert (heard.lost_s, heard.played) == (0.0, "full")
    assert took_s <= CLIP_S + READ_S + 0.01


@pytest.mark.parametrize("event", ["reconnecting", "disconnected"])
def test_a_line_that_broke(event: str) -> None:
    """What the client itself notices counts whatever the figures say."""
    heard, _ = hear(says(0), says(0), then=event)
    assert heard.played == "part"
