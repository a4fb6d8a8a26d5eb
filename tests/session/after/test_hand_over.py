"""Handing a call over, against a server API that answers as livekit-server does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from livekit import api
from livekit.agents import AgentSession

import lastword
from lastword.failure.kinds import FailureKind
from lastword.room import dispatch
from lastword.room.dispatch import newest, note_in, with_note, without_note
from lastword.session.after.actions import Outcome, hang_up, leave
from lastword.session.after.plan import Plan
from lastword.session.history import history_of
from session.phone_call import KIND, Call, FakeJob, FakeRoom, Participant, ServerApi, phone_call

SAME_AGAIN = {"quota_exhausted", "auth", "account_disabled", "model_unavailable"}
AGENT = Participant("agent-2", KIND.PARTICIPANT_KIND_AGENT)
AVATAR = Participant("avatar", KIND.PARTICIPANT_KIND_AGENT, {"lk.publish_on_behalf": "agent-1"})


def said(text: str, number: int = 0) -> dict[str, Any]:
    """One item of a history."""
    return {"id": f"item_{number}", "type": "message", "role": "user", "content": [text]}


def call_of(metadata: str = "") -> Call:
    """A call of one person in a browser."""
    room = FakeRoom(Participant("web", KIND.PARTICIPANT_KIND_STANDARD))
    return Call(room, FakeJob(metadata), "web", history=[said("My order is 4711.")])


async def hand_over(
    call: Call, server: ServerApi, joins: Participant | None = AGENT, **options: Any
) -> Outcome:
    """Hand a call over; an agent joins once it was requested."""
    running = asyncio.create_task(call.run(lastword.hand_over(**options)))
    while "CreateDispatch" not in server.methods and not running.done():  # noqa: ASYNC110 - a real server
        await asyncio.sleep(0.001)
    if joins is not None:
        call.room.gain(joins)
    return await running


def requested(server: ServerApi) -> Any:
    """The one dispatch that was requested."""
    (request,) = [message for method, message in server.asked if method == "CreateDispatch"]
    return request


async def test_a_fresh_agent_knows_the_call(server: ServerApi) -> None:
    call = call_of()
    assert await hand_over(call, server) == Outcome(None, leave())
    request = requested(server)
    assert (request.agent_name, request.room) == ("reception", "a-room")
    handover = lastword.handed_over(FakeJob(request.metadata))  # type: ignore[arg-type]
    assert handover == lastword.Handover(
        1, FailureKind.QUOTA_EXHAUSTED, "", (said("My order is 4711."),)
    )
    (message,) = handover.chat_ctx().messages()
    assert message.text_content == "My order is 4711."
    assert call.said == 0


@pytest.mark.parametrize("metadata", ["", '{"customer":7}', "plain text", "[1]", '{"a":1'])
async def test_the_metadata_of_the_job_goes_along(server: ServerApi, metadata: str) -> None:
    """A JSON object keeps its keys; any other text is found again."""
    await hand_over(call_of(metadata), server)
    told = requested(server).metadata
    handover = lastword.handed_over(FakeJob(told))  # type: ignore[arg-type]
    assert handover is not None
    assert handover.metadata.replace(" ", "") == metadata.replace(" ", "")
    if "customer" in metadata:
        assert json.loads(told)["customer"] == 7


async def test_another_agent_with_other_metadata_and_no_history(server: ServerApi) -> None:
    call = call_of('{"customer": 7}')
    await hand_over(call, server, agent_name="backup", metadata="calm", history=False)
    request = requested(server)
    assert request.agent_name == "backup"
    handover = lastword.handed_over(FakeJob(request.metadata))  # type: ignore[arg-type]
    assert handover is not None
    assert (handover.metadata, handover.history) == ("calm", ())


@pytest.mark.parametrize("way", ["the job's own note", "the dispatches of the room"])
async def test_the_third_time_is_refused(server: ServerApi, way: str) -> None:
    """Counted by the agent's own dispatch and by those of the room, whichever is more."""
    if way == "the job's own note":
        call = call_of(with_note("", {"number": 2}))
    else:
        call = call_of()
        notes = [with_note("", {"number": 1}), with_note("text", {"number": 2}), "of somebody else"]
        dispatches = [api.AgentDispatch(metadata=note) for note in notes]
        server.give("ListDispatch", api.ListAgentDispatchResponse(agent_dispatches=dispatches))
    outcome = await hand_over(call, server)
    assert "handed over 2 times" in str(outcome.error)
    assert (call.said, outcome.then) == (1, hang_up())
    assert server.methods == ["ListDispatch"]


@pytest.mark.parametrize("joins", [None, AVATAR], ids=["nobody", "an avatar"])
async def test_nobody_takes_over(server: ServerApi, joins: Participant | None) -> None:
    """The request is taken back, so that no agent joins a call that is being ended."""
    server.give("CreateDispatch", api.AgentDispatch(id="AD_1"))
    call = call_of()
    outcome = await hand_over(call, server, joins, wait_s=0.05)
    assert outcome.error == "no agent has joined within 0.05 s"
    assert (call.said, outcome.then) == (1, hang_up())
    assert server.methods[-1] == "DeleteDispatch"
    assert server.asked[-1][1].dispatch_id == "AD_1"


async def test_a_caller_who_hangs_up_meanwhile(server: ServerApi) -> None:
    call = call_of()
    running = asyncio.create_task(hand_over(call, server, None))
    await asyncio.wait_for(server.came.wait(), 5)
    call.room.lose("web")
    outcome = await running
    assert outcome == Outcome("the caller has hung up", hang_up())
    assert call.said == 0


async def test_a_server_that_refuses(server: ServerApi) -> None:
    server.refuse("CreateDispatch", 401, "unauthenticated")
    call = phone_call()
    outcome = await call.run(lastword.hand_over())
    assert "unauthenticated" in str(outcome.error)
    assert call.said == 1


async def test_where_there_is_nobody_to_ask(server: ServerApi) -> None:
    """In the console no server has the room; outside of a worker no agent has a name."""
    call = call_of()
    call.job.is_fake = True
    assert "console" in str((await call.run(lastword.hand_over())).error)
    call.job = None  # type: ignore[assignment]
    assert "agent_name" in str((await call.run(lastword.hand_over())).error)
    assert server.asked == []


def test_a_fresh_process_does_not_help_with_everything(known_api: None) -> None:
    """What the account lacks it lacks again, unless another agent or a mapping is given."""
    plan = Plan(lastword.hand_over(on_failure="Nobody is there."))
    ends = {str(kind) for kind in FailureKind if plan.for_kind(kind) == hang_up()}
    assert ends == SAME_AGAIN
    assert {str(kind) for kind in plan.handed_on()} == {*map(str, FailureKind)} - SAME_AGAIN
    assert Plan(lastword.hand_over("backup")).for_kind(FailureKind.AUTH) == lastword.hand_over(
        "backup"
    )
    wanted = Plan({None: lastword.hand_over(), FailureKind.AUTH: lastword.hand_over()})
    assert wanted.for_kind(FailureKind.AUTH) == lastword.hand_over()
    assert wanted.for_kind(FailureKind.QUOTA_EXHAUSTED) == hang_up()


@pytest.fixture
def known_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names a server."""
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.setenv(name, "ws://127.0.0.1:1")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"agent_name": 7}, TypeError),
        ({"metadata": {"a": 1}}, TypeError),
        ({"history": 3}, TypeError),
        ({"wait_s": 0}, ValueError),
    ],
)
def test_wrong_arguments_are_refused(wrong: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=f"expected {next(iter(wrong))}"):
        lastword.hand_over(**wrong)


# --- the history ---------------------------------------------------------------------------------


def test_the_newest_of_a_history_goes_along() -> None:
    """32 KiB at most, the oldest left out, in order."""
    items = [said("ä" * 1000, n) for n in range(40)]
    taken = newest(items)
    assert taken == items[-len(taken) :]
    size = len(json.dumps(taken, ensure_ascii=False, separators=(",", ":")).encode())
    assert 30_000 < size <= dispatch.MAX_HISTORY_BYTES
    assert newest([said("x" * 40_000)]) == []


def test_half_a_tool_call_is_left_out() -> None:
    """Providers refuse a call without its result, and the other way round."""
    call = {"id": "1", "type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
    result = {"id": "2", "type": "function_call_output", "call_id": "a", "output": "7"}
    hello = said("hello")
    assert newest([call, result, hello]) == [call, result, hello]
    assert newest([call, hello]) == [hello]
    limit = len(json.dumps(result)) + len(json.dumps(hello)) + 2
    assert newest([call, result, hello], limit) == [hello]


async def test_the_history_of_a_session() -> None:
    """What was handed over to it comes first, each item once; instructions stay here."""
    session: AgentSession[None] = AgentSession()
    session.history.add_message(role="system", content="Be brief.")
    session.history.add_message(role="user", content="Hello?")
    before = said("Before.")
    job: Any = FakeJob(with_note("", {"number": 1, "history": [before]}))
    first, second = history_of(session, job)
    assert first == before
    assert second["content"] == ["Hello?"]
    job = FakeJob(with_note("", {"number": 1, "history": [first, second]}))
    assert history_of(session, job) == [first, second]
    assert history_of(None, None) == []


@pytest.mark.parametrize("metadata", ["", "text", "[]", '{"lastword": 1}', '{"lastword": {}}'])
def test_a_job_that_takes_nothing_over(metadata: str) -> None:
    assert lastword.handed_over(FakeJob(metadata)) is None  # type: ignore[arg-type]
    assert without_note(metadata) == metadata


def test_a_note_of_another_version() -> None:
    """What is not understood does not keep the agent from beginning."""
    odd = with_note("", {"number": 1, "kind": "new", "history": [{"type": "new"}]})
    handover = lastword.handed_over(FakeJob(odd))  # type: ignore[arg-type]
    assert handover is not None
    assert handover.kind is FailureKind.UNKNOWN
    assert handover.chat_ctx().items == []
    assert note_in(odd) is not None
