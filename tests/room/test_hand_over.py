"""Handing a call over in a real room: the second agent is heard and knows the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lastword.testing.gateway import Gateway, quota_exceeded
from lastword.testing.room.caller import Caller
from room.ending_agent import FOLLOWED_S, SAID
from room.outage import CHAT, CLIP_S, QUESTION, show
from room.sweep import find_sweep
from room.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lastword.testing.room.server import Server


@pytest.fixture(scope="module")
def worker(server: Server) -> Iterator[Worker]:
    """A worker for all tests of this module."""
    with Worker(server, "room.ending_agent", "ending") as running:
        yield running


async def test_a_second_agent_takes_over(server: Server, worker: Worker, room_name: str) -> None:
    """It is heard, it knows what was said, the first one leaves, and the room lives on."""
    async with Gateway() as gateway, Caller(server, room_name) as caller:
        gateway.script(CHAT, quota_exceeded())
        notes = await worker.dispatch(room_name, "hands_over", gateway=gateway.url)
        await caller.until(lambda: any("spoke" in line for line in notes.lines()), 60)
        await caller.until(lambda: len(caller.room.remote_participants) == 1, 15)
        await caller.until_quiet()
        assert caller.room.isconnected()
        (report,) = notes.reports()
        assert (report["played"], report["after"]) == ("full", "hand_over")
        assert report["after_error"] is None
        (second,) = [line for line in notes.lines() if line.get("number") == 1]
        assert second["kind"] == "quota_exhausted"
        assert second["said"] == [SAID, QUESTION]
        (first_track, second_track) = caller.heard.values()
        assert find_sweep(first_track.samples(), CLIP_S).seconds >= CLIP_S - 0.2
        heard = find_sweep(second_track.samples(), FOLLOWED_S)
        assert heard.seconds >= FOLLOWED_S - 0.2
        ended = first_track.at(find_sweep(first_track.samples(), CLIP_S).runs[-1].at_s) + CLIP_S
        show(f"hand-over: second agent {second_track.at(heard.runs[0].at_s) - ended:.2f} s later")


async def test_a_room_is_not_handed_over_for_ever(
    server: Server, worker: Worker, room_name: str
) -> None:
    """Each agent fails: the third one says so and ends the call."""
    async with Gateway() as gateway, Caller(server, room_name) as caller:
        gateway.script(CHAT, quota_exceeded())
        order = {"gateway": gateway.url, "name": worker.name}
        notes = await worker.dispatch(room_name, "fails_again", **order)
        await caller.until(lambda: not caller.room.isconnected(), 90)
        await caller.until(lambda: len(notes.reports()) == 3, 10)
        numbers = [line["number"] for line in notes.lines() if "number" in line]
        assert numbers == [0, 1, 2]
        errors = [report["after_error"] for report in notes.reports()]
        assert errors[:2] == [None, None]
        assert "which is the limit" in errors[2]
        heard = [find_sweep(track.samples(), FOLLOWED_S).times for track in caller.heard.values()]
        assert heard == [1, 1, 2]
