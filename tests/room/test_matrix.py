"""The last word in every state of a real call, measured at the caller's ear.

Bounds are those of the closing sequence: a listener and the first frame within
`first_frame_timeout_s` (3 s), the clip, its tail, 1 s; a stuck teardown adds `close_timeout_s`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit import rtc
from livekit.agents import CloseReason

from lastword.testing.room.caller import Caller
from lastword.testing.room.server import Server
from room.call import frames
from room.network import Network
from room.outage import CLIP_S, RUNS, WORDS, Outage, outage
from room.sweep import find_sweep, tone

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WHOLE_S = CLIP_S - 0.1
RECONNECTING_S = 0.3  # what a caller's own client may lose while it reconnects; 0.11 s was seen
LOSS_TOLD_WITHIN_S = 0.5  # receiver reports come every second, and jitter buffers hold some back
BOUND_S = 3.0 + CLIP_S + 0.2 + 1.0
TEARDOWN_S = 8.0


def heard_whole(call: Outage, caller: Caller | None = None, *, whole_s: float = WHOLE_S) -> None:
    """The whole message, once, its words shown once, and the report says so."""
    heard = call.heard(caller)
    assert heard.times == 1, heard
    assert heard.seconds >= whole_s, heard
    listener = caller or call.caller
    assert listener is not None
    assert [shown.text for shown in listener.shown].count(WORDS) == 1
    assert call.report.played == "full"
    assert call.report.lost_s <= CLIP_S - whole_s


def told_what_was_lost(call: Outage) -> None:
    """The report says that not all of it arrived, and about how much did."""
    assert call.report.played == "part"
    arrived_s = call.report.played_s - call.report.lost_s
    assert abs(arrived_s - call.heard().seconds) < LOSS_TOLD_WITHIN_S, call.report


def closed_in_order(call: Outage, bound_s: float = BOUND_S) -> None:
    """One close event, with the reason and the error, in time."""
    assert [event.reason for _, event in call.run.closes] == [CloseReason.ERROR]
    assert call.run.closes[0][1].error is not None
    assert call.close_s < bound_s


async def agent_is_speaking(call: Outage) -> None:
    """A long reply, under way when the failure comes: it is cut."""
    assert call.caller is not None
    call.session.say("a long reply", audio=frames(tone(4000, 20)))
    await call.caller.until(call.caller.loud, 5)


async def caller_is_speaking(call: Outage) -> None:
    """The caller talks all the time."""
    assert call.caller is not None
    call.caller.say(tone(440, 10))


@pytest.mark.parametrize("state", [agent_is_speaking, caller_is_speaking])
async def test_somebody_is_speaking(
    server: Server, room_name: str, state: Callable[[Outage], Awaitable[None]]
) -> None:
    """Neither the agent's own reply nor the caller's voice keeps the message back."""
    async with outage(server, room_name) as call:
        await state(call)
        call.session.generate_reply(user_input="Hello?")
        await call.until_over()
        heard_whole(call)
        closed_in_order(call)


async def test_barge_in_during_the_message(server: Server, room_name: str) -> None:
    """A caller who talks into the message, or types, does not stop it."""
    async with outage(server, room_name) as call:
        assert call.caller is not None
        await call.fail()
        await call.caller.until(call.caller.loud, 10)
        call.caller.say(tone(440, 2))
        await call.caller.type("Stop!")
        await call.until_over()
        heard_whole(call)
        closed_in_order(call)


@pytest.mark.parametrize("once", range(RUNS))
async def test_several_routes_lead_to_the_server(
    routed_server: Server,
    room_name: str,
    once: int,
) -> None:
    """A route that the client has left says nothing of what was heard by the one that it uses."""
    async with outage(routed_server, room_name) as call:
        await call.fail()
        await call.until_over()
        heard_whole(call)
        closed_in_order(call)
        assert call.report.lost_s < CLIP_S


async def test_nobody_listens(server: Server, room_name: str) -> None:
    """With nobody in the room it waits as long as it may, says so, and closes."""
    async with outage(server, room_name, with_caller=False) as call:
        await call.fail()
        await call.until_closed(BOUND_S)
        closed_in_order(call)
        assert (call.report.played, call.report.subscribed) == ("none", False)


@pytest.mark.parametrize("by_hand", [False, True], ids=["start(room=)", "RoomIO(session, room)"])
async def test_a_caller_who_comes_late(server: Server, room_name: str, by_hand: bool) -> None:
    """Somebody who begins to listen within the time hears it from the start."""
    options: dict[str, Any] = {"first_frame_timeout_s": 15.0, "by_hand": by_hand}
    async with outage(server, room_name, with_caller=False, **options) as call:
        await call.fail()
        await asyncio.sleep(3.0)
        async with Caller(server, room_name) as late:
            await call.until_closed(25)
            await late.until_quiet()
            heard = find_sweep(late.recording().samples(), CLIP_S)
            assert heard.times == 1
            assert heard.seconds >= WHOLE_S - 0.1  # a track that has never carried sound
        assert call.report.played == "full"


async def test_the_output_of_a_room_io_made_by_hand_is_dead(server: Server, room_name: str) -> None:
    """Its room is known all the same: a track of our own speaks."""
    async with outage(server, room_name, by_hand=True) as call:
        for sid in list(call.room.local_participant.track_publications):
            await call.room.local_participant.unpublish_track(sid)
        call.session.generate_reply(user_input="Hello?")  # typed text does not get there
        await call.until_over()
        heard_whole(call)
        assert call.report.path == "own_track"
        closed_in_order(call)


async def test_user_code_interrupts_the_message(server: Server, room_name: str) -> None:
    """It goes on where it was heard, without a pause that a caller would notice."""
    async with outage(server, room_name) as call:
        assert call.caller is not None
        await call.fail()
        await call.caller.until(call.caller.loud, 10)
        await asyncio.sleep(1.0)
        await call.session.interrupt(force=True)
        await call.until_over()
        # the words are cut where the speech was, as livekit-agents does
        assert call.heard().times == 1
        assert call.heard().seconds >= WHOLE_S
        assert call.report.ways_tried == ("say", "direct")
        closed_in_order(call)


async def test_the_caller_leaves(server: Server, room_name: str) -> None:
    """Nobody is talked to who has gone: it stops, and the report knows."""
    async with outage(server, room_name) as call:
        assert call.caller is not None
        await call.fail()
        await call.caller.until(call.caller.loud, 10)
        await call.caller.leave()
        await call.until_closed(CLIP_S)
        assert len(call.run.closes) == 1
        assert call.report.played == "part"


async def test_a_second_caller_hears_it_too(server: Server, room_name: str) -> None:
    """Everybody in the room hears it."""
    async with (
        outage(server, room_name) as call,
        Caller(server, room_name, identity="guest") as guest,
    ):
        await guest.until(lambda: bool(guest.heard), 10)
        await call.fail()
        await call.until_over()
        await guest.until_quiet()
        heard_whole(call)
        heard_whole(call, guest)


async def test_the_caller_reconnects(server: Server, room_name: str) -> None:
    """A caller who drops out and comes back in time still hears the rest of it."""
    async with outage(server, room_name) as call:
        assert call.caller is not None
        await call.fail()
        await call.caller.until(call.caller.loud, 10)
        await call.caller.room.simulate_scenario(rtc.SimulateScenarioKind.SIMULATE_SIGNAL_RECONNECT)
        await call.until_over()
        heard_whole(call, whole_s=CLIP_S - RECONNECTING_S)
        closed_in_order(call)


async def test_the_output_track_is_unpublished(server: Server, room_name: str) -> None:
    """An output that plays to nobody any more: a track of our own speaks."""
    async with outage(server, room_name) as call:
        for sid in list(call.room.local_participant.track_publications):
            await call.room.local_participant.unpublish_track(sid)
        await call.fail()
        await call.until_over()
        heard_whole(call)
        assert call.report.path == "own_track"
        closed_in_order(call)


async def test_the_network_is_cut_for_two_seconds(server: Server, room_name: str) -> None:
    """What was said meanwhile is lost, nothing is said twice, the call closes in order."""
    async with Network(server) as network, outage(server, room_name, url=network.url) as call:
        assert network.datagrams > 0
        assert call.caller is not None
        await call.fail()
        await call.caller.until(call.caller.loud, 10)
        network.cut()
        await asyncio.sleep(2.0)
        network.mend()
        await call.until_over(30)
        closed_in_order(call, BOUND_S + TEARDOWN_S)
        assert call.heard().times == 1
        told_what_was_lost(call)


async def test_the_network_is_gone(server: Server, room_name: str) -> None:
    """With the network cut for ever the call still closes, in its bound."""
    async with Network(server) as network, outage(server, room_name, url=network.url) as call:
        assert call.caller is not None
        await call.fail()
        await call.caller.until(call.caller.loud, 10)
        network.cut()
        await call.until_closed(BOUND_S + TEARDOWN_S)
        closed_in_order(call, BOUND_S + TEARDOWN_S)
        told_what_was_lost(call)
        network.mend()


async def test_the_server_dies(room_name: str, server: Server) -> None:
    """A server that is killed during the message: one close event, with the error."""
    async with Server() as doomed, outage(doomed, room_name) as call:
        assert call.caller is not None
        await call.fail()
        await call.caller.until(call.caller.loud, 10)
        doomed.kill()
        await call.until_closed(BOUND_S + TEARDOWN_S)
        closed_in_order(call, BOUND_S + TEARDOWN_S)
        assert call.report.played == "part"


async def test_the_output_track_is_muted(server: Server, room_name: str) -> None:
    """An output that was muted: a track of our own speaks."""
    async with outage(server, room_name) as call:
        for publication in call.room.local_participant.track_publications.values():
            track = publication.track
            assert isinstance(track, rtc.LocalAudioTrack)
            track.mute()
        await call.fail()
        await call.until_over()
        heard_whole(call)
        assert call.report.path == "own_track"
        closed_in_order(call)
