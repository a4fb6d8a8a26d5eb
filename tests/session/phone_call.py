"""A call on a phone, and the server API that its after-actions ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from livekit import api, rtc
from livekit.protocol import agent

from lastword.failure.failure import Failure
from lastword.failure.kinds import FailureKind
from lastword.session.after.actions import AfterContext, Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

KIND = rtc.ParticipantKind
FAILURE = Failure(FailureKind.QUOTA_EXHAUSTED, terminal=True, retryable=False)
REQUESTS: dict[str, Any] = {
    "CreateDispatch": api.CreateAgentDispatchRequest,
    "DeleteDispatch": api.DeleteAgentDispatchRequest,
    "DeleteRoom": api.DeleteRoomRequest,
    "ListDispatch": api.ListAgentDispatchRequest,
    "RemoveParticipant": api.RoomParticipantIdentity,
    "TransferSIPParticipant": api.TransferSIPParticipantRequest,
}


@dataclass
class Participant:
    """Somebody else in the room."""

    identity: str
    kind: int
    attributes: dict[str, str] = field(default_factory=dict)


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

    def gain(self, participant: Participant) -> None:
        self.remote_participants[participant.identity] = participant
        self.emit("participant_connected", participant)

    def lose(self, identity: str) -> None:
        self.emit("participant_disconnected", self.remote_participants.pop(identity))


class FakeJob:
    """A job as far as actions use it."""

    def __init__(self, metadata: str = "") -> None:
        self.reasons: list[str] = []
        self.job = agent.Job(agent_name="reception", metadata=metadata)
        self.is_fake = False

    def is_fake_job(self) -> bool:
        return self.is_fake

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

    def give(self, method: str, message: Any) -> None:
        async def answer() -> web.Response:
            body = message.SerializeToString()
            return web.Response(body=body, content_type="application/protobuf")

        self.answers[method] = answer

    def refuse(self, method: str, status: int, code: str, **meta: str) -> None:
        async def answer() -> web.Response:
            return web.json_response({"code": code, "msg": "no", "meta": meta}, status=status)

        self.answers[method] = answer

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]


@dataclass
class Call:
    """One call that an action is run on; what it did is noted in order."""

    room: FakeRoom
    job: FakeJob = field(default_factory=FakeJob)
    caller: str | None = "phone"
    said: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    async def _say(self) -> None:
        self.said += 1

    async def run(self, action: Any) -> Outcome:
        context = AfterContext(
            self.room,  # type: ignore[arg-type]
            self.job,  # type: ignore[arg-type]
            self.caller,
            FAILURE,
            self._say,
            lambda: self.history,
        )
        return await asyncio.wait_for(action.run(context), 10)


def phone_call() -> Call:
    return Call(FakeRoom(Participant("phone", KIND.PARTICIPANT_KIND_SIP)))
