"""`guard`: a job's entrypoint that fails or hangs at its start is heard too. Owns that decorator.

A session that `attach` knows speaks for itself; this is for what happens before there is one, while
it starts, or outside of it. The message goes out on a track of our own. Must not import
closing.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import time
from typing import TYPE_CHECKING, Any, TypeAlias

from .._upstream import rooms, sessions
from ..errors import StartTimeoutError
from ..failure.classify import classify
from ..room.arrival import watched
from ..room.callers import is_phone
from ..room.own_track import play_on_own_track
from .after.actions import AfterContext, Plan
from .after.followup import SIP_TAIL_S, TAIL_S
from .arguments import check_function, check_language, is_async
from .attach import attached_to
from .playout.heard import Heard
from .report import Report, deliver, delivered
from .words.message import DEFAULT, Message, OutputFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine

    from livekit import rtc
    from livekit.agents import AgentSession, JobContext

    from ..failure.kinds import Failure, FailureKind
    from .after.actions import After, AnyAfter
    from .words.message import AnyMessage, Utterance

    Entrypoint: TypeAlias = Callable[[JobContext], Coroutine[Any, Any, None]]

logger = logging.getLogger("lastword")

CONNECT_TIMEOUT_S = 5.0
"""How long joining the room may take, where the entrypoint did not come to it; usually 0.1 s."""
LISTENER_TIMEOUT_S = 5.0
"""How long to wait for the track to be published and a caller to listen: agents are dispatched when
the room is made, and the caller may still be on the way into it."""
START_TIMEOUT_S = 20.0
"""A `session.start()` that takes longer hangs: a caller has waited in silence all that time."""
LOOK_EVERY_S = 1.0
MAX_MESSAGE_S = 60.0


def guard(
    message: AnyMessage = DEFAULT,
    *,
    language: str | None = None,
    after: AnyAfter = None,
    on_report: Callable[[Report], object] | None = None,
) -> Callable[[Entrypoint], Entrypoint]:
    """Decorates a job's entrypoint: if it raises, or `session.start()` hangs, the caller hears it.

    The exception goes on to livekit-agents afterwards, which ends the job. The message is prepared
    when the module is imported. Put it directly above a function at the top of a module, so that
    job processes find the function by its name.

    Args:
        message: What the caller hears, any form of `attach`'s message.
        language: Language of bundled words, such as "en" or "pt-BR".
        after: What happens to the call then: `leave()`, `hang_up()`, `transfer_to(...)`, or a
            mapping of these by `FailureKind`.
        on_report: Called with the `Report`; an asynchronous one is awaited, for at most 10 s.

    Returns:
        The decorator.

    Raises:
        ClipError: A file of the message is missing, broken or too long.
        MessageError: The message has a form that is not known.
        TypeError: It was written without brackets, stands above a function that is not
            asynchronous, or an argument is of a type that it cannot be.
    """
    if inspect.isroutine(message):
        raise TypeError(
            f"expected a message, got the function {message.__name__}; write @lastword.guard() "
            "with brackets"
        )
    check_language(language)
    check_function("on_report", on_report, "report", may_be_async=True)
    plan = Plan(after, check=False)
    sounds = _prepared(message, language, plan.handed_on())
    farewells = {
        action: _prepared(action.on_failure, language)
        for action in plan.actions()
        if action.on_failure is not None
    }

    def decorate(entrypoint: Entrypoint) -> Entrypoint:
        if not callable(entrypoint) or not is_async(entrypoint):
            raise TypeError(
                f"expected guard above an asynchronous entrypoint, got {entrypoint!r}; write it "
                "with async def"
            )

        @functools.wraps(entrypoint)
        async def guarded(job: JobContext) -> None:
            plan.check()
            _shield_connect(job)
            await _Guard(job, sounds, plan, farewells, on_report).run(entrypoint)

        return guarded

    return decorate


def _prepared(
    message: AnyMessage, language: str | None, handed_on: Collection[FailureKind] = ()
) -> Message:
    sounds = Message(
        message, languages=[language], max_message_s=MAX_MESSAGE_S, handed_on=handed_on
    )
    sounds.prepare(OutputFormat())
    return sounds


class _Guard:
    """One job and what is said if it fails."""

    def __init__(
        self,
        job: JobContext,
        sounds: Message,
        plan: Plan,
        farewells: dict[After, Message],
        on_report: Callable[[Report], object] | None,
    ) -> None:
        self._job = job
        self._sounds = sounds
        self._plan = plan
        self._farewells = farewells
        self._on_report = on_report
        self._loop = asyncio.get_running_loop()
        self._hung: StartTimeoutError | None = None

    async def run(self, entrypoint: Entrypoint) -> None:
        """Run the entrypoint to its end, in this task."""
        entry = asyncio.current_task()
        watch = self._loop.create_task(self._watch_start(entry), name="lastword_guard")
        try:
            await entrypoint(self._job)
        except asyncio.CancelledError:
            if self._hung is None:
                raise
            raise self._hung from None
        except Exception as error:
            if self._hung is None:
                watch.cancel()
                await self._last_words(error)
            else:
                await asyncio.wait({watch})
            raise
        finally:
            watch.cancel()

    async def _watch_start(self, entry: asyncio.Task[Any] | None) -> None:
        """Ends as soon as a session has started; one that does not start in time ends the job."""
        seen_at: float | None = None
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            session = self._session()
            if session is None:
                continue
            if sessions.is_started(session):
                return
            seen_at = seen_at or self._loop.time()
            if self._loop.time() - seen_at >= START_TIMEOUT_S:
                break
        self._hung = StartTimeoutError(
            f"session.start() has not returned within {START_TIMEOUT_S:.0f} s"
        )
        await self._last_words(self._hung)
        self._job.shutdown(reason="session.start() hangs")
        if entry is not None:
            entry.cancel()

    def _session(self) -> AgentSession[Any] | None:
        try:
            return self._job.primary_session
        except RuntimeError:
            return None  # no session was started yet

    # --- the last words --------------------------------------------------------------------------

    async def _last_words(self, error: Exception) -> None:
        """Say the message, then do what is to follow; never raises but for a cancellation."""
        begun_at, failed_at = self._loop.time(), time.time()
        session = self._session()
        last_word = attached_to(session) if session is not None else None
        if last_word is not None and await last_word.settled() is not None:
            return  # the session has spoken for itself
        try:
            await self._speak_and_end(session, classify(error), begun_at, failed_at)
        except Exception:
            logger.exception("the guard could not say its last words")

    async def _speak_and_end(
        self,
        session: AgentSession[Any] | None,
        failure: Failure,
        begun_at: float,
        failed_at: float,
    ) -> None:
        utterance = self._sounds.for_kind(failure.kind)
        action = self._plan.for_kind(failure.kind)
        heard, subscribed = Heard([]), None
        if utterance is not None and await self._connected():
            _silence(session)
            heard = Heard(utterance.frames(OutputFormat()), utterance.clip.duration_s)
            subscribed = await self._play(utterance, heard, action)
        after_error = None
        if action is not None:
            after_error = await self._follow(action, session, failure)
        first = heard.first_frame_at
        reporting = deliver(
            Report(
                failure=failure,
                played=heard.played,
                played_s=heard.position_s,
                lost_s=heard.lost_s,
                clip_s=utterance.clip.duration_s if utterance is not None else 0.0,
                transcript=utterance.transcript if utterance is not None else "",
                source=utterance.source if utterance is not None else None,
                path=heard.path,
                ways_tried=tuple(heard.ways),
                subscribed=subscribed,
                failed_at=failed_at,
                first_frame_s=first - begun_at if first is not None else None,
                close_s=self._loop.time() - begun_at,
                closed_by="upstream",
                after=action.name if action is not None else None,
                after_error=after_error,
            ),
            self._on_report,
        )
        await delivered(reporting)

    async def _connected(self) -> bool:
        """Join the room if the entrypoint did not come to it."""
        if self._job.is_fake_job():
            return False  # console mode: there is no room
        try:
            await asyncio.wait_for(self._job.connect(), CONNECT_TIMEOUT_S)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody can be reached
            logger.warning("the room cannot be joined", extra={"error": type(error).__name__})
            return False
        return True

    async def _play(self, utterance: Utterance, heard: Heard, action: After | None) -> bool:
        """Say something on a track of our own; tells whether anybody has listened."""
        tail_s = action.tail_s if action is not None else None
        if tail_s is None:
            tail_s = SIP_TAIL_S if self._phone() is not None else TAIL_S
        heard.ways.append("own_track")
        async with watched(self._job.room, heard):
            own = await play_on_own_track(
                self._job.room,
                heard.frames,
                first_frame_timeout_s=LISTENER_TIMEOUT_S,
                tail_s=tail_s,
                on_frame=lambda: heard.took(self._loop.time()),
                transcript=utterance.transcript,
            )
            heard.played_more(own.played_s)
        return own.subscribed

    def _phone(self) -> rtc.RemoteParticipant | None:
        others = self._job.room.remote_participants.values()
        return next((participant for participant in others if is_phone(participant)), None)

    async def _follow(
        self, action: After, session: AgentSession[Any] | None, failure: Failure
    ) -> str | None:
        """Run the action and what follows it; return why it failed, or None."""
        linked = rooms.linked_participant(session) if session is not None else None
        caller = linked or self._phone()

        async def say() -> None:
            farewell = self._farewells.get(action)
            utterance = farewell.for_kind(failure.kind) if farewell is not None else None
            if utterance is not None:
                farewell_heard = Heard(utterance.frames(OutputFormat()), utterance.clip.duration_s)
                await self._play(utterance, farewell_heard, action)

        call = AfterContext(
            self._job.room, self._job, caller.identity if caller else None, failure, say
        )
        outcome = await action.run(call)
        if outcome.then is not None:
            await outcome.then.run(call)
        return outcome.error


def _shield_connect(job: JobContext) -> None:
    """Let joining the room go on when a `session.start()` that fails cancels it.

    `start()` joins beside its other work and cancels that when one part raises. A cancelled
    `Room.connect` leaves the native client waiting for an answer that nobody gives any more: no
    later attempt succeeds, and after some seconds it panics and ends the process (livekit 1.1.21).
    """
    connect = job.connect
    joining: list[asyncio.Task[None]] = []

    @functools.wraps(connect)
    async def shielded(**options: Any) -> None:
        if not joining or (joining[-1].done() and joining[-1].exception() is not None):
            joining.append(asyncio.ensure_future(connect(**options)))
        await asyncio.shield(joining[-1])

    job.connect = shielded  # type: ignore[method-assign]


def _silence(session: AgentSession[Any] | None) -> None:
    """Make a session that still runs hold its tongue, and start nothing new."""
    if session is None or not sessions.is_running(session):
        return
    try:
        session.interrupt(force=True)
    except RuntimeError:
        logger.debug("the session cannot be interrupted any more")
    sessions.refuse_new_work(session)
