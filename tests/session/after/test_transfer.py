"""Transfers against a server API that answers as livekit-server and livekit-sip do."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from livekit import api

from lastword.room import transfer
from lastword.room.callers import Presence
from lastword.session.after.actions import AfterContext, Outcome, hang_up, leave, transfer_to
from lastword.session.after.followup import TAIL_S
from session.phone_call import FAILURE, KIND, Call, FakeRoom, Participant, ServerApi, phone_call
from session.virtual_time import run_virtual

TARGET = "+4930123456"


async def test_a_good_transfer_says_nothing_more(server: ServerApi) -> None:
    call = phone_call()
    outcome = await call.run(transfer_to(TARGET, ringing_timeout_s=12.5))
    assert outcome == Outcome(None, leave())
    assert call.said == 0
    request = server.asked[0][1]
    assert (request.transfer_to, request.participant_identity) == (f"tel:{TARGET}", "phone")
    assert request.ringing_timeout.ToTimedelta().total_seconds() == 12.5
    assert request.play_dialtone


async def test_a_transfer_without_a_dial_tone(server: ServerApi) -> None:
    await phone_call().run(transfer_to(TARGET, play_dialtone=False))
    assert not server.asked[0][1].play_dialtone


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


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of a transfer, made short; the server and its sockets know no virtual time."""
    monkeypatch.setattr(transfer, "BYE_GRACE_S", 0.05)
    monkeypatch.setattr(transfer, "ANSWER_S", 0.1)


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
    assert len(server.asked) == 1


@pytest.mark.usefixtures("quick")
async def test_a_request_that_is_canceled_at_once_is_made_once_more(server: ServerApi) -> None:
    """The ringing time is not waited for in silence: the second answer decides."""
    server.refuse("TransferSIPParticipant", 408, "canceled")
    call = phone_call()
    outcome = await call.run(transfer_to(TARGET, ringing_timeout_s=300.0))
    assert "canceled" in str(outcome.error)
    assert (call.said, outcome.then) == (1, hang_up())
    assert server.methods == ["TransferSIPParticipant"] * 2


@pytest.mark.usefixtures("quick")
async def test_the_second_request_may_succeed(server: ServerApi) -> None:
    answers = iter([web.json_response({"code": "canceled", "msg": "no"}, status=408)])

    async def answer() -> web.Response:
        return next(answers, web.Response(body=b"", content_type="application/protobuf"))

    server.answers["TransferSIPParticipant"] = answer
    call = phone_call()
    assert await call.run(transfer_to(TARGET)) == Outcome(None, leave())
    assert (call.said, len(server.asked)) == (0, 2)


@pytest.mark.usefixtures("quick")
async def test_who_leaves_during_the_second_request_was_transferred(server: ServerApi) -> None:
    """The phone went on with the first request and has no call left for the second."""
    call = phone_call()

    async def answer() -> web.Response:
        if len(server.asked) == 2:
            call.room.lose("phone")
            return web.json_response({"code": "not_found", "msg": "no"}, status=404)
        return web.json_response({"code": "canceled", "msg": "no"}, status=408)

    server.answers["TransferSIPParticipant"] = answer
    assert await call.run(transfer_to(TARGET)) == Outcome(None, leave())


@pytest.mark.usefixtures("quick")
async def test_what_was_canceled_later_is_not_asked_again(
    server: ServerApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target has been ringing: to let it ring again would help nobody."""
    monkeypatch.setattr(transfer, "AT_ONCE_S", 0.0)
    server.refuse("TransferSIPParticipant", 408, "canceled")
    outcome = await phone_call().run(transfer_to(TARGET))
    assert "canceled" in str(outcome.error)
    assert len(server.asked) == 1


@pytest.mark.usefixtures("quick")
async def test_a_refer_that_is_never_answered(
    server: ServerApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server does not come back at all: bounded by the ringing time and its answer."""
    monkeypatch.setattr(transfer, "AT_ONCE_S", 0.1)

    async def never() -> web.Response:
        await asyncio.sleep(60)
        raise AssertionError

    server.answers["TransferSIPParticipant"] = never
    call = phone_call()
    outcome = await call.run(transfer_to(TARGET, ringing_timeout_s=0.1))
    assert "Timeout" in str(outcome.error)
    assert call.said == 1
    assert len(server.asked) == 1


async def test_a_server_that_cannot_be_reached(
    server: ServerApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was requested, so there is nothing to wait for."""
    monkeypatch.setattr(transfer, "BYE_GRACE_S", 1000.0)
    monkeypatch.setenv("LIVEKIT_URL", "ws://127.0.0.1:1")
    call = phone_call()
    outcome = await call.run(transfer_to(TARGET))
    assert "ClientConnectorError" in str(outcome.error)
    assert call.said == 1


@pytest.mark.parametrize(
    "answer",
    [
        transfer._Answer("canceled", certain=False, took_s=0.01),
        transfer._Answer("deadline_exceeded", certain=False, took_s=30.0),
        transfer._Answer("TimeoutError", certain=False, took_s=31.0),
    ],
    ids=lambda answer: answer.error,
)
def test_no_silence_is_longer_than_it_must_be(answer: transfer._Answer) -> None:
    """From the last sound, of the message or the dial tone, to what is said about the failure."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        room = phone_call().room
        presence = Presence(room, "phone")  # type: ignore[arg-type]
        request = api.TransferSIPParticipantRequest()
        request.ringing_timeout.FromMilliseconds(30_000)
        began = loop.time()
        assert not await transfer._leaves(presence, answer, request)
        silent_before_s = TAIL_S if answer.took_s < 30.0 else answer.took_s - 30.0
        assert silent_before_s + loop.time() - began <= 1.5

    run_virtual(main())


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
