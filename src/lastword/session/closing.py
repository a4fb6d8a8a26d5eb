"""Takes a failed session from the decision to its `close` event, in order and within bounds.

    state      entered when                                    leaves to
    ---------  ----------------------------------------------  ------------------
    DECIDED    the failure is final; new work is refused        SPEAKING, CLOSING
    SPEAKING   somebody listens; the message is played          CLOSING
    CLOSING    heard, given up, or nothing to say               CLOSED
    CLOSED     one `close` event was emitted                    (the end)

Every wait has a bound; a cancelled task goes on to the next state.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from livekit.agents.voice.events import CloseEvent, CloseReason

from .._upstream import rooms, sessions
from ..bounded import finished, first_of, hold
from ..traces import told
from .ending import Ending
from .place import place_of
from .playout.speaker import Speaker
from .teardown import tear_down

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from livekit.agents import AgentSession

    from ..failure.failure import Failure
    from .ending import Words
    from .playout.heard import Heard
    from .report import ClosedBy, Report
    from .words.utterance import Utterance

logger = logging.getLogger("lastword")

START_DEADLINE_S = 5.0
"""After an error during `start()`, the close is forced this late, whatever `start()` does."""
LEFTOVER_S = 1.0
"""How long each part that a forced close leaves open may take to close."""
LATE_START_S = 60.0
"""How long a `start()` that hung is watched after the forced close, to end what it begins."""


class State(Enum):
    """The steps of a closing."""

    DECIDED = "decided"
    SPEAKING = "speaking"
    CLOSING = "closing"
    CLOSED = "closed"


_NEXT = {
    State.DECIDED: {State.SPEAKING, State.CLOSING},
    State.SPEAKING: {State.CLOSING},
    State.CLOSING: {State.CLOSED},
    State.CLOSED: set[State](),
}


@dataclass(frozen=True)
class Bounds:
    """How long the parts of a closing may take, in seconds.

    Attributes:
        first_frame_s: One budget for finding a listener and for all ways to the first frame.
        close_s: The session's own teardown.
    """

    first_frame_s: float
    close_s: float


class Closing:
    """One failing session on its way to its `close` event.

    Args:
        session: The session.
        hooks: Its own methods, which lastword has wrapped.
        failure: What went wrong.
        error: The error that goes into the `close` event.
        words: What is said and done, all of it ready.
        bounds: How long the parts of the sequence may take.
        on_closed: Called once with the report.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        hooks: sessions.SessionHooks,
        *,
        failure: Failure,
        error: Any,
        words: Words,
        bounds: Bounds,
        on_closed: Callable[[Report], None],
    ) -> None:
        self._session = session
        self._hooks = hooks
        self._error = error
        self._words = words
        self._bounds = bounds
        self._on_closed = on_closed
        self._ending = Ending(failure, words, place_of(session))
        self._closed_by: ClosedBy = "lastword"
        self._state = State.DECIDED
        self._loop = asyncio.get_running_loop()
        self._close_s = 0.0
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._begun = False
        self._atask: asyncio.Task[None] | None = None

    @property
    def state(self) -> State:
        """The present step of the closing."""
        return self._state

    def _to(self, state: State) -> None:
        if state not in _NEXT[self._state]:
            raise RuntimeError(f"a closing cannot go from {self._state.value} to {state.value}")
        self._state = state

    def start(self) -> None:
        """Begin, and mark the session as closing before anything can be awaited."""
        # Speaking begins after this returns: one session would be heard 0.03 ms sooner, but 50 that
        # fail together would hold the loop for 27 ms instead of 10 (benchmarks/bench_latency.py).
        self._begin()
        # upstream takes this for its closing task; if others cancel it, nothing happens
        sessions.mark_closing(self._session, self._loop.create_future())

    def stop_speaking(self) -> None:
        """End the message at once; the close goes on in order."""
        self._ending.abort.set()

    async def wait(self) -> None:
        """Wait until the session is closed; cancelling this wait cancels nothing else."""
        await asyncio.wait({self._over})

    def saw_close(self) -> bool:
        """Note that a `close` event is about to be emitted; return False for a second one."""
        if self._state is State.CLOSED:
            return False
        if self._state is not State.CLOSING:
            self._closed_by = "upstream"
            self._ending.abort.set()
        self._state = State.CLOSED
        self._close_s = self._ending.passed_s
        return True

    # --- the sequence ----------------------------------------------------------------------------

    def _begin(self) -> None:
        self._atask = self._loop.create_task(self._run(), name="lastword_closing")
        self._atask.add_done_callback(self._ended)

    def _ended(self, _: asyncio.Task[None]) -> None:
        if not self._begun:
            self._begin()  # cancelled before its first step, it has run no line of the sequence

    async def _run(self) -> None:
        self._begun = True
        before = (self._speak, self._follow_up_before, self._close)
        cancelled = [await self._survive(stage) for stage in before]
        self._ensure_close_event()
        cancelled.append(await self._survive(self._ending.after_close))
        sessions.mark_closing(self._session, None)
        self._on_closed(self._ending.report(close_s=self._close_s, closed_by=self._closed_by))
        self._over.set_result(None)
        if any(cancelled):
            raise asyncio.CancelledError

    async def _survive(self, stage: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Run a stage and survive whatever happens; return whether it was cancelled."""
        try:
            await stage()
        except asyncio.CancelledError:
            return True
        except Exception as error:  # noqa: BLE001 - the next stage follows
            logger.error("a stage of the closing failed: %s", told(error))
        return False

    async def _speak(self) -> None:
        try:
            await self._say_first()
        finally:
            sessions.refuse_new_work(self._session)

    async def _say_first(self) -> None:
        if self._words.first is None:
            return
        deadline = self._loop.time() + self._bounds.first_frame_s
        await self._wait_for_a_way(deadline)
        room, caller = rooms.room_of(self._session), rooms.linked_participant(self._session)
        self._ending.learn(room, caller)
        if not await self._has_listener(deadline):
            return
        self._to(State.SPEAKING)

        async def speak(utterance: Utterance, heard: Heard) -> None:
            await self._speaker(utterance, heard, deadline).speak()

        await self._ending.utter(speak)

    async def _speak_again(self, utterance: Utterance, heard: Heard) -> None:
        """Speak of a failed transfer, into the output that is still open."""
        deadline = self._loop.time() + self._bounds.first_frame_s
        await self._speaker(utterance, heard, deadline).speak_again()

    def _speaker(self, utterance: Utterance, heard: Heard, deadline: float) -> Speaker:
        return Speaker(
            self._session,
            heard,
            transcript=utterance.transcript,
            abort=self._ending.abort,
            deadline=deadline,
            standby=self._words.standby,
        )

    async def _wait_for_a_way(self, deadline: float) -> None:
        """Wait, bounded, while `start()` runs, until an output or a room is known."""
        while (
            not sessions.is_started(self._session)
            and self._session.output.audio is None
            and rooms.room_of(self._session) is None
            and self._loop.time() < deadline
        ):
            # no event tells when start() gets there
            if await first_of(self._ending.abort, timeout_s=0.05):
                return

    async def _has_listener(self, deadline: float) -> bool:
        """Wait, bounded, for somebody to subscribe; interrupting before that kills the output."""
        subscription = rooms.first_subscription(self._session)
        if subscription is None:
            return True
        if not subscription.done():
            left_s = deadline - self._loop.time()
            await first_of(subscription, self._ending.abort, timeout_s=left_s)
        self._ending.heard.subscribed = subscription.done() and not subscription.cancelled()
        # a cancelled wait means that the output is dead, not that nobody listens
        return subscription.done()

    async def _follow_up_before(self) -> None:
        await self._ending.before_close(self._speak_again)
        if self._ending.handed_on:
            rooms.keep_room(self._session)

    async def _close(self) -> None:
        if self._state is State.CLOSED:
            return
        self._to(State.CLOSING)
        starting = not sessions.is_started(self._session)
        timeout_s = self._bounds.close_s
        if starting:
            timeout_s = max(START_DEADLINE_S - self._ending.passed_s, 0.0)
        sessions.allow_teardown(self._session)
        close = self._hooks.aclose(reason=CloseReason.ERROR, drain=False, error=self._error)
        # one that only waits for start() need not be asked to end
        await tear_down(close, timeout_s=timeout_s, cancels=not starting, on_left=self._left_behind)

    def _left_behind(self) -> None:
        if self._state is State.CLOSED:  # only what follows the event had not ended
            self._clean_up(sessions.leave_room(self._session), LEFTOVER_S)

    def _ensure_close_event(self) -> None:
        """Emit the one `close` event if nobody has, whatever became of the teardown."""
        if self._state is not State.CLOSED:
            if self._state is not State.CLOSING:
                self._to(State.CLOSING)
            self._closed_by = "forced"
            if sessions.is_starting(self._session):
                self._clean_up([sessions.end_late_start(self._session)], LATE_START_S)
            self._clean_up(sessions.force_closed(self._session), LEFTOVER_S)
            self._session.emit("close", CloseEvent(error=self._error, reason=CloseReason.ERROR))

    def _clean_up(self, left: list[Coroutine[Any, Any, None]], timeout_s: float) -> None:
        """Close in the background what a close has left open, each part within a bound."""

        async def clean_up() -> None:
            for work in left:
                if not await finished(work, name="lastword_leftover", timeout_s=timeout_s):
                    logger.warning("a part of the session did not close after it was forced")

        if left:
            hold(self._loop.create_task(clean_up(), name="lastword_cleanup"))
