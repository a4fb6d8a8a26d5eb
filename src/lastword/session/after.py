"""What happens to the call after its last words. Owns what an action is, leaving and hanging up.

Each action is bounded on its own and never raises: it returns what became of it. `transfer.py` has
the third one. Must not import closing or attach.
"""

from __future__ import annotations

import asyncio
import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import aiohttp
from livekit import api, rtc

from ..errors import MissingCredentialsError
from ..failure.kinds import FailureKind
from ..failure.redact import redact

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from livekit.agents import JobContext

    from ..failure.kinds import Failure
    from .message import AnyMessage

logger = logging.getLogger("lastword")

API_TIMEOUT_S = 5.0
"""Bound of one call of the server API; a healthy server answers within 50 ms."""
CREDENTIALS = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")

_NO_CALLERS = frozenset({
    rtc.ParticipantKind.PARTICIPANT_KIND_AGENT,
    rtc.ParticipantKind.PARTICIPANT_KIND_EGRESS,
    rtc.ParticipantKind.PARTICIPANT_KIND_INGRESS,
})  # fmt: skip


@dataclass(frozen=True)
class AfterContext:
    """The call as an action finds it.

    Attributes:
        room: The agent's room, connected or not.
        job: The job that the call is, or None outside of a worker.
        caller: Identity of the linked participant, or None if nobody was linked.
        failure: Why the session ended.
        say: Speaks the action's `on_failure` message and its tail; set while the output is open.
    """

    room: rtc.Room
    job: JobContext | None
    caller: str | None
    failure: Failure
    say: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of an action.

    Attributes:
        error: One line for the report if it did not do what was asked, else None.
        then: What follows once the session is closed, or None.
    """

    error: str | None = None
    then: After | None = None


class After(ABC):
    """One thing that happens to the call after its last words.

    Attributes:
        name: How the report calls it.
        runs_before_close: It needs the still open session.
        hands_on: The caller is to stay on the line; bundled words say so.
        tail_s: Quiet wanted between the last frame and the end, in seconds; None for the default.
        on_failure: A second message, spoken if the action failed.
    """

    name: ClassVar[str]
    runs_before_close: ClassVar[bool] = False
    hands_on: ClassVar[bool] = False
    tail_s: float | None = None
    on_failure: AnyMessage | None = None

    @abstractmethod
    async def run(self, call: AfterContext) -> Outcome:
        """Do it, within a bound, without raising."""

    def check(self) -> None:  # noqa: B027 - most actions need nothing
        """See whether it could be done.

        Raises:
            MissingCredentialsError: It needs the server API, and the environment does not say how
                to reach it.
        """


AnyAfter: TypeAlias = "After | Mapping[FailureKind | None, After | None] | None"


class Plan:
    """Which action follows which kind of failure.

    Args:
        after: One action for all, a mapping whose None key is the default, or None for none.
        check: Call `check` now; a decorator runs before the worker has set the environment.

    Raises:
        TypeError: It is neither.
        MissingCredentialsError: An action needs the server API and cannot reach it.
    """

    def __init__(self, after: AnyAfter, *, check: bool = True) -> None:
        given: Mapping[FailureKind | None, After | None]
        given = after if isinstance(after, Mapping) else {None: after}
        for kind, action in given.items():
            if kind is not None and kind not in set(FailureKind):
                raise TypeError(f"expected a FailureKind or None as a key of after, got {kind!r}")
            if action is not None and not isinstance(action, After):
                raise TypeError(
                    "expected leave(), hang_up(), transfer_to(...), a mapping of these by "
                    f"FailureKind, or None as after; got {action!r}"
                )
        self._given = given
        if check:
            self.check()

    def check(self) -> None:
        """See whether every action could be done.

        Raises:
            MissingCredentialsError: One needs the server API and cannot reach it.
        """
        for action in self.actions():
            action.check()

    def for_kind(self, kind: FailureKind) -> After | None:
        """Return what follows a kind of failure, or None for nothing."""
        return self._given.get(kind, self._given.get(None))

    def handed_on(self) -> list[FailureKind]:
        """Return the kinds of failure after which the caller stays on the line."""
        after = {kind: self.for_kind(kind) for kind in FailureKind}
        return [kind for kind, action in after.items() if action is not None and action.hands_on]

    def actions(self) -> list[After]:
        """Return every action that could be needed, for what has to be prepared."""
        return [action for action in self._given.values() if action is not None]


def leave() -> After:
    """The agent's job ends; the caller stays in the room. Never ends a phone call by itself."""
    return _Leave()


def hang_up(*, delete_room: bool = False, tail_s: float | None = None) -> After:
    """The call ends for the caller, then the agent's job ends.

    The linked participant is removed, which ends a phone call within 20 ms. The room is deleted if
    nobody but agents would remain in it.

    Args:
        delete_room: Delete the room, whoever else is in it.
        tail_s: Quiet between the last frame and the end, in seconds; by default 1.0 for a phone
            and 0.2 for others. A carrier with a long path may need more.

    Raises:
        ValueError: `tail_s` is negative.
    """
    if tail_s is not None and tail_s < 0:
        raise ValueError(f"expected tail_s of 0 s or more, got {tail_s}")
    return _HangUp(delete_room=delete_room, tail_s=tail_s)


@dataclass(frozen=True)
class _Leave(After):
    name = "leave"

    async def run(self, call: AfterContext) -> Outcome:
        return Outcome(await _leave(call))


async def _leave(call: AfterContext) -> str | None:
    """End the job, or without one leave the room; return why that failed, or None."""
    try:
        if call.job is not None:
            call.job.shutdown(reason="lastword")
        elif call.room.isconnected():
            await asyncio.wait_for(call.room.disconnect(), API_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - reported, whatever it is
        logger.warning("the agent could not leave", extra={"error": describe(error)})
        return describe(error)
    return None


class NeedsApi(After):
    """An action that asks the server."""

    def check(self) -> None:
        """See whether the environment says how to reach the server.

        Raises:
            MissingCredentialsError: It does not.
        """
        missing = [name for name in CREDENTIALS if not os.environ.get(name)]
        if missing:
            raise MissingCredentialsError(
                f"{self.name} asks LiveKit's server API: expected {', '.join(CREDENTIALS)} in the "
                f"environment, missing {', '.join(missing)}; set them, or use leave()"
            )


@dataclass(frozen=True)
class _HangUp(NeedsApi):
    delete_room: bool = False
    tail_s: float | None = None
    name = "hang_up"

    async def run(self, call: AfterContext) -> Outcome:
        error = None
        try:
            await asyncio.wait_for(self._end_call(call), API_TIMEOUT_S)
        except Exception as raised:  # noqa: BLE001 - reported, whatever it is
            if getattr(raised, "code", None) != "not_found":  # the caller or the room is gone
                error = describe(raised)
                logger.warning("the call could not be ended", extra={"error": error})
        not_left = await _leave(call)
        return Outcome(error or not_left)

    async def _end_call(self, call: AfterContext) -> None:
        if call.job is not None and call.job.is_fake_job():
            return  # console mode: there is no room on any server
        callers = [
            participant.identity
            for participant in call.room.remote_participants.values()
            if participant.kind not in _NO_CALLERS
        ]
        linked = call.caller or (callers[0] if len(callers) == 1 else None)
        async with server_api(API_TIMEOUT_S) as server:
            if self.delete_room or all(identity == linked for identity in callers):
                await server.room.delete_room(api.DeleteRoomRequest(room=call.room.name))
            elif linked is not None:
                await server.room.remove_participant(
                    api.RoomParticipantIdentity(room=call.room.name, identity=linked)
                )
            else:
                raise LookupError("several callers are in the room, none of them is linked")


def server_api(timeout_s: float) -> api.LiveKitAPI:
    """A client of its own: the job's shares a session whose time-outs are not ours to set."""
    return api.LiveKitAPI(timeout=aiohttp.ClientTimeout(total=timeout_s))


def describe(error: Exception) -> str:
    """One line without secrets that names the error."""
    sip = getattr(error, "metadata", {}).get("sip_status_code")
    text = f"SIP {sip}" if sip else redact(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
