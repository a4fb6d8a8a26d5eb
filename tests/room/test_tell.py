"""What another participant of a real room learns when the agent fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import lastword
from lastword.testing.room.agent import AGENT
from room.outage import WORDS, outage

if TYPE_CHECKING:
    from livekit import rtc

    from lastword.testing.room.server import Server


async def test_the_others_learn_it(known_server: Server, room_name: str) -> None:
    """The state goes from failed to ended, and one packet says what it is about."""
    async with outage(known_server, room_name, after=lastword.hang_up()) as call:
        assert call.caller is not None
        states: list[tuple[str, str]] = []
        packets: list[rtc.DataPacket] = []

        def on_attributes(_: dict[str, str], participant: rtc.Participant) -> None:
            told = participant.attributes
            if "lastword.state" in told:
                states.append((told["lastword.state"], told["lastword.kind"]))

        call.caller.room.on("participant_attributes_changed", on_attributes)
        call.caller.room.on("data_received", packets.append)
        await call.fail()
        await call.until_over()
        assert call.report.played == "full"
        kind = "quota_exhausted"
        assert list(dict.fromkeys(states)) == [("failed", kind), ("ended", kind)]
        (packet,) = [packet for packet in packets if packet.topic == "lastword"]
        assert packet.participant is not None
        assert packet.participant.identity == AGENT
        told = {"kind": kind, "terminal": True, "words": WORDS, "follows": "hang_up"}
        assert json.loads(packet.data) == told
