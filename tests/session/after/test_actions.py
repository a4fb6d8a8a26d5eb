"""After-actions against a server API that answers as livekit-server and livekit-sip do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api

from lastword.errors import MissingCredentialsError
from lastword.failure.kinds import FailureKind
from lastword.room.server import describe
from lastword.session.after.actions import AfterContext, Outcome, hang_up, leave, transfer_to
from lastword.session.after.plan import Plan
from session.phone_call import FAILURE, KIND, FakeRoom, Participant, ServerApi, phone_call

if TYPE_CHECKING:
    from aiohttp import web

TARGET = "+4930123456"


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
    monkeypatch.setattr("lastword.room.hang_up.API_TIMEOUT_S", 0.1)

    async def never() -> web.Response:
        await asyncio.sleep(60)
        raise AssertionError

    server.answers["DeleteRoom"] = never
    outcome = await phone_call().run(hang_up())
    assert outcome.error == "TimeoutError"


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


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("+49 30 123-456", "tel:+4930123456"),
        ("030\u00a0123\u2011456", "tel:030123456"),
        ("tel:+1 201-555-0123", "tel:+12015550123"),
        ("tel:201-555;phone-context=desk-1.example", "tel:201555;phone-context=desk-1.example"),
        ("<tel:+1-201>", "<tel:+1201>"),
        ("sip:front-desk@example.org", "sip:front-desk@example.org"),
    ],
)
async def test_a_number_may_be_written_for_people(server: ServerApi, target: str, uri: str) -> None:
    """Spaces and dashes of any kind are taken out of numbers, and out of nothing else."""
    await phone_call().run(transfer_to(target))
    assert server.asked[0][1].transfer_to == uri


@pytest.mark.parametrize("target", ["", "reception", "http://example.org", "tel:", "+49 (0)30 1"])
def test_a_target_is_a_number_or_a_uri(target: str) -> None:
    with pytest.raises(ValueError, match="expected a target"):
        transfer_to(target)


def test_times_are_checked() -> None:
    with pytest.raises(ValueError, match="ringing_timeout_s"):
        transfer_to(TARGET, ringing_timeout_s=0)
    with pytest.raises(ValueError, match="tail_s"):
        hang_up(tail_s=-1)


class HostileError(Exception):
    """An error whose every part raises."""

    def __str__(self) -> str:
        raise ValueError("no text")

    @property
    def metadata(self) -> dict[str, str]:
        raise ValueError("no metadata")


class OddError(Exception):
    """An error whose metadata is none."""

    metadata = None


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (HostileError("a"), "HostileError"),
        (OddError("busy"), "OddError: busy"),
        (TimeoutError(), "TimeoutError"),
        (OSError("key sk-0123456789abcdefghijklmnop"), None),
    ],
)
def test_any_error_can_be_described(error: Exception, line: str | None) -> None:
    described = describe(error)
    assert line is None or described == line
    assert "0123456789" not in described
