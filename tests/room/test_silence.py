"""A provider that takes the request and never answers, in a real room, at the caller's ear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import lastword
from lastword.room.own_track import TRACK_NAME
from lastword.testing.gateway import Gateway, stall
from lastword.testing.room.recording import RATE, loud_span
from room.call import frames
from room.outage import CHAT, CLIP_S, Outage, outage, sweep_clip
from room.sweep import find_sweep, tone

if TYPE_CHECKING:
    from lastword.testing.room.server import Server

FILLER_S = 1.0


def tracks(call: Outage) -> list[str]:
    """The names of what the agent has in the room."""
    mine = call.room.local_participant.track_publications
    return [publication.name for publication in mine.values()]


def loud_s(call: Outage) -> float:
    """How long the longest sound was that the caller has heard, on any track."""
    assert call.caller is not None
    spans = [loud_span(recording.samples()) for recording in call.caller.heard.values()]
    return max(span[1] - span[0] if span is not None else 0.0 for span in spans)


async def test_a_filler_and_then_the_last_words(server: Server, room_name: str) -> None:
    """The caller hears that someone is there; at the bound come the message and the end."""
    filler = lastword.Clip.load((tone(4000, FILLER_S), RATE), transcript="One moment.")
    silence = lastword.Silence(give_up_after_s=6.0, filler=filler, filler_after_s=2.0)
    async with Gateway() as gateway:
        gateway.script(CHAT, stall())
        async with outage(server, room_name, gateway=gateway, silence=silence) as call:
            assert call.caller is not None
            await call.fail()
            await call.until_over(30)
            heard = [recording.samples() for recording in call.caller.heard.values()]
            assert sorted(find_sweep(one, CLIP_S).times for one in heard) == [0, 1]
            (other,) = (one for one in heard if not find_sweep(one, CLIP_S).times)
            span = loud_span(other)
            assert span is not None
            assert span[1] - span[0] == pytest.approx(FILLER_S, abs=0.15)
            assert call.report.failure.kind is lastword.FailureKind.DEAD_AIR
            assert call.report.played == "full"
            assert call.report.fillers == 1
            assert TRACK_NAME not in tracks(call)


async def test_a_reply_ends_the_filler(server: Server, room_name: str) -> None:
    """What was asked for comes while the filler is said: it stops, and the call goes on."""
    silence = lastword.Silence(filler=sweep_clip(), filler_after_s=1.0)
    async with Gateway() as gateway:
        gateway.script(CHAT, stall())
        async with outage(server, room_name, gateway=gateway, silence=silence) as call:
            assert call.caller is not None
            await call.fail()
            await call.caller.until(lambda: loud_s(call) >= 1.0, 10)
            await call.session.interrupt()
            await call.session.say("Here it is.", audio=frames(tone(4000, 2.0)))
            await call.caller.until_quiet()
            heard = [recording.samples() for recording in call.caller.heard.values()]
            assert 0.8 <= max(find_sweep(one, CLIP_S).seconds for one in heard) < CLIP_S - 0.5
            assert TRACK_NAME not in tracks(call)
            assert not call.reports
