"""Transfers against a server API that answers as livekit-server and livekit-sip do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from lastword.room import transfer
from lastword.session.after.actions import AfterContext, Outcome, hang_up, leave, transfer_to
from session.phone_call import FAILURE, KIND, Call, FakeRoom, Participant, ServerApi, phone_call

if TYPE_CHECKING:
    from aiohttp import web

TARGET = "+4930123456"


async def test_a_good_transfer_says_nothing_more(server: ServerApi) -> None:
    call = phone_call()
    outcome = await call.run(transfer_to(TARGET, ringing_timeout_s=12.5))
    assert outcome == Outcome(None, leave())
    assert call.said == 0
    request = server.asked[0][1]
    assert (request.transfer_to, request.participant_identity) == (f"tel:{TARGET}", "phone")
    assert request.ringing_timeout.ToTimedelta().total_seconds() == 12.5


@pytest.mark.parametrize(
    ("status", "code", "sip"),
    [
        pytest.param(503, "unavailable", "486", id="busy"),
        pytest.param(403, "permission_denied", "603", id="declined"),
        pytest.param(408, "failed_precondition", "408", id="silent"),
    ],
)
async def test_a_transfer_that_fails_is_told_and_ended(
    server: ServerApi, status: int, code: str, sip: str
) -> None:
    """The call is still up after these: the second message, then the end."""
    server.refuse("TransferSIPParticipant", status, code, sip_status_code=sip)
    call = phone_call()
    outcome = await call.run(transfer_to("sip:desk@example.org", on_failure="Nobody is there."))
    assert sip in str(outcome.error)
    assert outcome.then == hang_up()
    assert call.said == 1
    assert server.methods == ["TransferSIPParticipant"]


@pytest.mark.parametrize("code", ["canceled", "deadline_exceeded"])
async def test_an_unclear_answer_waits_for_bye(
    server: ServerApi, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """Nothing is cancelled by these: if the caller goes within the time, it was a transfer."""
    monkeypatch.setattr(transfer, "BYE_GRACE_S", 5.0)
    server.refuse("TransferSIPParticipant", 408, code)
    call = phone_call()
    running = asyncio.create_task(call.run(transfer_to(TARGET, ringing_timeout_s=0.1)))
    await asyncio.wait_for(server.came.wait(), 5)
    call.room.lose("phone")
    assert await running == Outcome(None, leave())
    assert call.said == 0


@pytest.mark.parametrize("code", ["canceled", "deadline_exceeded"])
async def test_an_unclear_answer_without_bye(
    server: ServerApi, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(transfer, "BYE_GRACE_S", 0.05)
    server.refuse("TransferSIPParticipant", 408, code)
    call = phone_call()
    outcome = await call.run(transfer_to(TARGET, ringing_timeout_s=0.05))
    assert code in str(outcome.error)
    assert (call.said, outcome.then) == (1, hang_up())


async def test_a_refer_that_is_never_answered(
    server: ServerApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server does not come back at all: bounded by the deadline and one API call."""
    monkeypatch.setattr(transfer, "API_TIMEOUT_S", 0.1)
    monkeypatch.setattr(transfer, "BYE_GRACE_S", 0.2)

    async def never() -> web.Response:
        await asyncio.sleep(60)
        raise AssertionError

    server.answers["TransferSIPParticipant"] = never
    call = phone_call()
    outcome = await call.run(transfer_to(TARGET, ringing_timeout_s=0.1))
    assert "Timeout" in str(outcome.error)
    assert call.said == 1


async def test_who_is_not_on_a_phone_cannot_be_transferred(server: ServerApi) -> None:
    call = Call(FakeRoom(Participant("web", KIND.PARTICIPANT_KIND_STANDARD)), caller="web")
    outcome = await call.run(transfer_to(TARGET))
    assert outcome.error == "the caller is not on a phone"
    assert (call.said, server.asked) == (1, [])


async def test_a_caller_who_has_hung_up(server: ServerApi) -> None:
    """Nobody is asked to transfer nobody, and nobody is told."""
    call = phone_call()
    call.room.lose("phone")
    outcome = await call.run(transfer_to(TARGET))
    assert outcome == Outcome("the caller has hung up", hang_up())
    assert (call.said, server.asked) == (0, [])


async def test_an_agent_that_has_lost_its_room_does_not_know(server: ServerApi) -> None:
    """An empty room is no hung-up caller if it is empty because the agent is outside."""
    call = phone_call()
    call.room.lose("phone")
    call.room.connected = False
    outcome = await call.run(transfer_to(TARGET))
    assert outcome.error == "the agent is no longer in the room"


async def test_nobody_linked(server: ServerApi) -> None:
    call = phone_call()
    call.caller = None
    outcome = await call.run(transfer_to(TARGET))
    assert (outcome.error, server.asked) == ("no caller is linked", [])


async def test_a_second_message_that_raises(server: ServerApi) -> None:
    """The call ends all the same."""
    server.refuse("TransferSIPParticipant", 503, "unavailable", sip_status_code="486")
    call = phone_call()

    async def broken() -> None:
        raise RuntimeError("no output")

    context = AfterContext(call.room, call.job, "phone", FAILURE, broken)  # type: ignore[arg-type]
    outcome = await transfer_to(TARGET).run(context)
    assert outcome == Outcome("RuntimeError: no output", hang_up())
    assert not call.room._events["participant_disconnected"]
