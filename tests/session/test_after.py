"""After-actions against a server API that answers as livekit-server and livekit-sip do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from livekit import api, rtc

from lastword.errors import MissingCredentialsError
from lastword.failure.kinds import Failure, FailureKind
from lastword.session import transfer
from lastword.session.after import AfterContext, Outcome, Plan, hang_up, leave
from lastword.session.transfer import transfer_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

KIND = rtc.ParticipantKind
FAILURE = Failure(FailureKind.QUOTA_EXHAUSTED, terminal=True, retryable=False)
TARGET = "+4930123456"
REQUESTS: dict[str, Any] = {
    "DeleteRoom": api.DeleteRoomRequest,
    "RemoveParticipant": api.RoomParticipantIdentity,
    "TransferSIPParticipant": api.TransferSIPParticipantRequest,
}


@dataclass
class Participant:
    """Somebody else in the room."""

    identity: str
    kind: int


class FakeRoom(rtc.EventEmitter[str]):
    """A room as far as actions look at it."""

    name = "a-room"

    def __init__(self, *participants: Participant) -> None:
        super().__init__()
        self.remote_participants = {p.identity: p for p in participants}
        self.connected = True

    def isconnected(self) -> bool:
        return self.connected

    async def disconnect(self) -> None:
        self.connected = False

    def lose(self, identity: str) -> None:
        self.emit("participant_disconnected", self.remote_participants.pop(identity))


class FakeJob:
    """A job as far as actions use it."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def is_fake_job(self) -> bool:
        return False

    def shutdown(self, reason: str) -> None:
        self.reasons.append(reason)


@dataclass
class ServerApi:
    """The Twirp endpoints; `answers` by method, an empty message where there is none."""

    asked: list[tuple[str, Any]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    answers: dict[str, Callable[[], Awaitable[web.Response]]] = field(default_factory=dict)

    async def serve(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.asked.append((method, REQUESTS[method].FromString(await request.read())))
        self.came.set()
        if method in self.answers:
            return await self.answers[method]()
        return web.Response(body=b"", content_type="application/protobuf")

    def refuse(self, method: str, status: int, code: str, **meta: str) -> None:
        async def answer() -> web.Response:
            return web.json_response({"code": code, "msg": "no", "meta": meta}, status=status)

        self.answers[method] = answer

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServerApi]:
    """The scripted server, known to the environment."""
    scripted = ServerApi()
    app = web.Application()
    app.router.add_post("/twirp/{service}/{method}", scripted.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("LIVEKIT_URL", f"ws://127.0.0.1:{runner.addresses[0][1]}")
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "a-secret-of-at-least-thirty-two-characters")
    yield scripted
    await runner.cleanup()


@dataclass
class Call:
    """One call that an action is run on; what it did is noted in order."""

    room: FakeRoom
    job: FakeJob = field(default_factory=FakeJob)
    caller: str | None = "phone"
    said: int = 0

    async def _say(self) -> None:
        self.said += 1

    async def run(self, action: Any) -> Outcome:
        context = AfterContext(self.room, self.job, self.caller, FAILURE, self._say)  # type: ignore[arg-type]
        return await asyncio.wait_for(action.run(context), 10)


def phone_call() -> Call:
    return Call(FakeRoom(Participant("phone", KIND.PARTICIPANT_KIND_SIP)))


# --- leaving and hanging up ----------------------------------------------------------------------


async def test_leaving_ends_the_job_and_nothing_else(server: ServerApi) -> None:
    call = phone_call()
    assert await call.run(leave()) == Outcome()
    assert call.job.reasons == ["lastword"]
    assert server.asked == []


async def test_leaving_without_a_job_leaves_the_room() -> None:
    room = FakeRoom()
    await leave().run(AfterContext(room, None, None, FAILURE))  # type: ignore[arg-type]
    assert not room.connected


async def test_hanging_up_on_the_only_caller_deletes_the_room(server: ServerApi) -> None:
    call = phone_call()
    call.room.remote_participants["other-agent"] = Participant(
        "other-agent", KIND.PARTICIPANT_KIND_AGENT
    )
    assert await call.run(hang_up()) == Outcome()
    assert server.asked == [("DeleteRoom", api.DeleteRoomRequest(room="a-room"))]
    assert call.job.reasons == ["lastword"]


async def test_hanging_up_leaves_other_people_in_the_room(server: ServerApi) -> None:
    call = phone_call()
    call.room.remote_participants["guest"] = Participant("guest", KIND.PARTICIPANT_KIND_STANDARD)
    assert await call.run(hang_up()) == Outcome()
    removed = api.RoomParticipantIdentity(room="a-room", identity="phone")
    assert server.asked == [("RemoveParticipant", removed)]


async def test_the_room_is_deleted_if_asked_for(server: ServerApi) -> None:
    call = phone_call()
    call.room.remote_participants["guest"] = Participant("guest", KIND.PARTICIPANT_KIND_STANDARD)
    await call.run(hang_up(delete_room=True))
    assert server.methods == ["DeleteRoom"]


async def test_nobody_linked_and_several_there(server: ServerApi) -> None:
    """Nobody is thrown out by guessing; the report says why."""
    call = phone_call()
    call.caller = None
    call.room.remote_participants["guest"] = Participant("guest", KIND.PARTICIPANT_KIND_STANDARD)
    outcome = await call.run(hang_up())
    assert "several callers" in str(outcome.error)
    assert server.asked == []
    assert call.job.reasons == ["lastword"]


async def test_a_caller_who_has_gone_is_no_error(server: ServerApi) -> None:
    server.refuse("DeleteRoom", 404, "not_found")
    assert await phone_call().run(hang_up()) == Outcome()


async def test_a_server_that_refuses_is_reported(server: ServerApi) -> None:
    """The job ends all the same."""
    server.refuse("DeleteRoom", 401, "unauthenticated")
    call = phone_call()
    outcome = await call.run(hang_up())
    assert "unauthenticated" in str(outcome.error)
    assert call.job.reasons == ["lastword"]


async def test_a_server_that_never_answers(
    server: ServerApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lastword.session.after.API_TIMEOUT_S", 0.1)

    async def never() -> web.Response:
        await asyncio.sleep(60)
        raise AssertionError

    server.answers["DeleteRoom"] = never
    outcome = await phone_call().run(hang_up())
    assert outcome.error == "TimeoutError"


# --- transferring --------------------------------------------------------------------------------


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


# --- what is accepted when attached --------------------------------------------------------------


@pytest.mark.parametrize("action", [hang_up(), transfer_to(TARGET)])
def test_missing_credentials_are_named(action: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_URL", "ws://127.0.0.1:7880")
    monkeypatch.delenv("LIVEKIT_API_KEY", raising=False)
    monkeypatch.delenv("LIVEKIT_API_SECRET", raising=False)
    with pytest.raises(MissingCredentialsError, match="missing LIVEKIT_API_KEY, LIVEKIT_API_SEC"):
        Plan({FailureKind.AUTH: action})
    Plan(leave())


async def test_a_mapping_chooses_by_kind(server: ServerApi) -> None:
    plan = Plan({FailureKind.QUOTA_EXHAUSTED: hang_up(), None: leave(), FailureKind.AUTH: None})
    assert plan.for_kind(FailureKind.QUOTA_EXHAUSTED) == hang_up()
    assert plan.for_kind(FailureKind.TIMEOUT) == leave()
    assert plan.for_kind(FailureKind.AUTH) is None
    assert Plan(None).for_kind(FailureKind.AUTH) is None


@pytest.mark.parametrize("after", ["hang_up", hang_up, {"auth": leave}, {"no kind": leave()}])
def test_anything_else_is_refused(after: Any) -> None:
    with pytest.raises(TypeError, match="expected"):
        Plan(after)


@pytest.mark.parametrize("target", ["", "reception", "http://example.org"])
def test_a_target_is_a_number_or_a_uri(target: str) -> None:
    with pytest.raises(ValueError, match="expected a target"):
        transfer_to(target)


def test_times_are_checked() -> None:
    with pytest.raises(ValueError, match="ringing_timeout_s"):
        transfer_to(TARGET, ringing_timeout_s=0)
    with pytest.raises(ValueError, match="tail_s"):
        hang_up(tail_s=-1)
