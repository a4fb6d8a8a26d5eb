"""Defines what can happen to the call after its last words, and leave, hang up, transfer.

Each action has its own time limit and never raises: it returns its outcome.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ...bounded import within
from ...errors import MissingCredentialsError
from ...room.hang_up import end_call
from ...room.server import API_TIMEOUT_S, CREDENTIALS, describe, missing_credentials
from ...room.transfer import transfer, uri_of
from ..arguments import check_flag, check_seconds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from livekit import rtc
    from livekit.agents import JobContext

    from ...failure.failure import Failure
    from ...failure.kinds import FailureKind
    from ...room.tell import State
    from ..words.message import AnyMessage

logger = logging.getLogger("lastword")


@dataclass(frozen=True)
class AfterContext:
    """The call as an action finds it.

    Attributes:
        room: The agent's room, connected or not.
        job: The job that handles the call, or None outside of a worker.
        caller: Identity of the linked participant, or None if nobody was linked.
        failure: Why the session ended.
        say: Speaks the action's `on_failure` message and its tail; set while the output is open.
        history: Returns the conversation so far as plain values, oldest first.
    """

    room: rtc.Room
    job: JobContext | None
    caller: str | None
    failure: Failure
    say: Callable[[], Awaitable[None]] | None = None
    history: Callable[[], list[dict[str, Any]]] = list

    @property
    def caller_left(self) -> bool:
        """Whether the caller is known to have left the room."""
        if self.caller is None or not self.room.isconnected():
            return False  # an agent that has lost its room does not know
        return self.caller not in self.room.remote_participants


@dataclass(frozen=True)
class Outcome:
    """What became of an action.

    Attributes:
        error: One line for the report if the action failed, else None.
        then: What follows once the session is closed, or None.
    """

    error: str | None = None
    then: After | None = None


class After(ABC):
    """One thing that happens to the call after its last words.

    Attributes:
        name: Its name in the report.
        runs_before_close: Whether it needs the session while it is still open.
        hands_on: Whether the caller is to stay on the line; bundled words say so.
        state: How the call stands when it has succeeded, as others in the room are told.
        tail_s: Silence between the last frame and the end, in seconds; None for the default.
        on_failure: A second message, spoken if the action failed.
    """

    name: ClassVar[str]
    runs_before_close: ClassVar[bool] = False
    hands_on: ClassVar[bool] = False
    state: ClassVar[State] = "ended"
    tail_s: float | None = None
    on_failure: AnyMessage | None = None

    @abstractmethod
    async def run(self, call: AfterContext) -> Outcome:
        """Run the action within its time limit, and return its outcome; never raise."""

    def helps(self, kind: FailureKind) -> bool:  # noqa: ARG002 - most help whatever has failed
        """Return whether the action makes sense for a kind of failure; else the call is ended."""
        return True

    def check(self) -> None:  # noqa: B027 - most actions need nothing
        """Make sure that the action can be run.

        Raises:
            MissingCredentialsError: It needs the server API, and the environment does not say how
                to reach it.
        """


def leave() -> After:
    """End the agent's job and leave the caller in the room; a phone call is not ended by this."""
    return _Leave()


def hang_up(*, delete_room: bool = False, tail_s: float | None = None) -> After:
    """End the call for the caller, then the agent's job.

    The linked participant is removed, which ends a phone call within 20 ms. The room is deleted if
    nobody but agents would remain in it.

    Args:
        delete_room: Delete the room, whoever else is in it.
        tail_s: Silence between the last frame and the end, in seconds; by default 1.0 for a phone
            and 0.2 for others. A carrier with a long path may need more.

    Raises:
        TypeError: `tail_s` is not a number, or `delete_room` is neither True nor False.
        ValueError: `tail_s` is negative or not finite.
    """
    check_flag("delete_room", delete_room)
    if tail_s is not None:
        check_seconds("tail_s", tail_s, zero=True)
    return _HangUp(delete_room=delete_room, tail_s=tail_s)


def transfer_to(
    target: str,
    *,
    ringing_timeout_s: float = 30.0,
    play_dialtone: bool = True,
    on_failure: AnyMessage | None = None,
) -> After:
    """Transfer the phone call to a number or a SIP address; if that fails, end it.

    Args:
        target: "+49 30 123456", or a URI with "tel:", "sip:" or "sips:". Spaces and dashes in a
            number are left out.
        ringing_timeout_s: How long the target may ring, in seconds.
        play_dialtone: Whether the caller hears a dial tone while it rings, instead of nothing.
        on_failure: What the caller hears if the target is busy, declines or does not answer, any
            form of `attach`'s message. Then the call ends as with `hang_up()`.

    Raises:
        TypeError: The target is not a string, the time is not a number, or `play_dialtone` is
            neither True nor False.
        ValueError: The target is neither a number nor such a URI, or the time is not positive.
    """
    if not isinstance(target, str):
        raise TypeError(f"expected a target like '+4930123456' as a text, got {target!r}")
    check_seconds("ringing_timeout_s", ringing_timeout_s, zero=False)
    check_flag("play_dialtone", play_dialtone)
    return _Transfer(uri_of(target), ringing_timeout_s, play_dialtone, on_failure)


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
            await within(call.room.disconnect(), API_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - reported, whatever it is
        logger.warning("the agent could not leave", extra={"error": describe(error)})
        return describe(error)
    return None


class NeedsApi(After):
    """An action that asks the server."""

    def check(self) -> None:
        """Make sure that the environment says how to reach the server.

        Raises:
            MissingCredentialsError: It does not.
        """
        missing = missing_credentials()
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
        if call.job is None or not call.job.is_fake_job():  # console mode: no server has the room
            error = await end_call(call.room, call.caller, delete_room=self.delete_room)
        not_left = await _leave(call)
        return Outcome(error or not_left)


class HandsOn(NeedsApi):
    """An action that hands the caller on to somebody else, and ends the call if that fails."""

    runs_before_close = True
    hands_on = True

    @abstractmethod
    async def pass_on(self, call: AfterContext) -> str | None:
        """Hand the caller on; return why that failed, or None."""

    async def run(self, call: AfterContext) -> Outcome:
        """Hand the caller on, or say `on_failure`; then leave, or hang up."""
        error = "the caller has hung up" if call.caller_left else await self.pass_on(call)
        if error is not None and call.say is not None and not call.caller_left:
            try:
                await call.say()
            except Exception as raised:  # noqa: BLE001 - reported, whatever it is
                error = describe(raised)
                logger.warning("the failure could not be spoken of", extra={"error": error})
        return Outcome(error, hang_up() if error is not None else leave())


@dataclass(frozen=True)
class _Transfer(HandsOn):
    target: str
    ringing_timeout_s: float
    play_dialtone: bool = True
    on_failure: AnyMessage | None = None
    name = "transfer_to"
    state = "transferred"

    async def pass_on(self, call: AfterContext) -> str | None:
        return await transfer(
            call.room,
            call.caller,
            self.target,
            ringing_timeout_s=self.ringing_timeout_s,
            play_dialtone=self.play_dialtone,
        )
