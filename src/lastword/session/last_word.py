"""`LastWord`: wraps a session's own methods and decides which of its errors is the last.

From the error event to the decision everything runs synchronously; `closing` does the rest.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from livekit.agents import telemetry
from livekit.agents.llm import LLMError, RealtimeModelError
from livekit.agents.stt import STTError
from livekit.agents.tts import TTSError
from livekit.agents.voice.events import CloseReason, ErrorEvent

from .._upstream import sessions
from ..contained import Contained
from ..failure.classify import classify
from ..failure.kinds import FailureKind
from ..failure.tap import install as tap
from ..failure.warm import warm_up
from ..traces import told
from .closing import Bounds, Closing
from .decisions import Decisions
from .farewell import SentAway
from .owner import SessionOwner
from .place import place_of
from .report import Report, deliver, delivered
from .silence.dead_air import dead_air
from .silence.keeper import Keeper
from .state import Deciding, Detached, State, UnderWay, Watching, ends_message
from .vigilance import Vigilance

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import AgentSession
    from opentelemetry.context import Context

    from ..failure.failure import Failure
    from ..failure.policy import Policy
    from .after.followup import Place
    from .preparation import Preparation
    from .silence.settings import Silence
    from .silence.steps import GiveUp
    from .words.utterance import Utterance

logger = logging.getLogger("lastword")

_ERRORS = (LLMError, STTError, TTSError, RealtimeModelError)
# A LastWord lives through the hooks on its session alone, so that both can be collected together.
_attached: weakref.WeakSet[Any] = weakref.WeakSet()


def is_attached(session: object) -> bool:
    """Return whether a session has a last word now."""
    return session in _attached


def attached_to(session: object) -> LastWord | None:
    """Return the `LastWord` of a session, or None if it has none."""
    hook = sessions.hook_of(session)
    return hook if isinstance(hook, LastWord) else None


class LastWord:
    """What `attach` returns: the report, and the way to let go again."""

    def __init__(
        self,
        session: AgentSession[Any],
        preparation: Preparation,
        *,
        silence: Silence | None,
        policy: Policy | None,
        on_report: Callable[[Report], object] | None,
        bounds: Bounds,
    ) -> None:
        self._session = session
        self._preparation = preparation
        self._decisions = Decisions(session, policy, on_tolerated=self._tolerated)
        self._on_report = on_report
        self._bounds = bounds
        self._report: Report | None = None
        self._on_report_atask: asyncio.Task[None] | None = None
        self._state: State = Watching()
        self._trace_context: Context | None = None
        self._silent_s = 0.0
        self._owner = SessionOwner(session)
        farewell = preparation.farewell
        self._sent_away = SentAway(session, farewell, on_report) if farewell is not None else None
        self._silence = Keeper(session, silence, preparation, self._owner, give_up=self._give_up)
        self._hooks = sessions.SessionHooks(
            session,
            on_error=self._on_error,
            emit=self._emit,
            close_soon=self._close_soon,
            aclose=self._aclose,
            on_agent=self._decisions.follow,
        )
        self._vigilance = Vigilance(
            self._where,
            preparation.for_failure,
            filler=lambda: preparation.remark("frozen"),
            turns=lambda: len(session.history.items),
        )
        _attached.add(session)
        if sessions.is_running(session):
            self._decisions.follow(session.current_agent)
        tap.install(self._owner)
        warm_up()

    @property
    def report(self) -> Report | None:
        """The report of the last failure that is over, or None if there is none.

        It is set once everything is over, so not yet in a handler of `session.on("close")`: the
        after-action runs after that event. There, await `settled()` in a task, or give `attach` an
        `on_report`.
        """
        return self._report

    @property
    def closing(self) -> bool:
        """Whether the last words are being said, or the session is being closed after them."""
        return isinstance(self._state, UnderWay)

    def detach(self) -> None:
        """Remove the last word from the session; a message under way is finished."""
        if isinstance(self._state, UnderWay):
            self._state.detaches = True
            return
        self._state = Detached()
        self._hooks.remove()
        self._decisions.stop()
        self._silence.stop()
        self._preparation.stop()
        self._preparation.leave_room()
        if self._sent_away is not None:
            self._sent_away.stop()
        self._vigilance.bye()
        tap.remove(self._owner)
        _attached.discard(self._session)

    async def ready(self) -> None:
        """Wait until all sounds are prepared, and words are rendered or given up."""
        await self._preparation.ready()

    def would_say(self) -> dict[FailureKind, Utterance | None]:
        """Return what would be heard now for each kind of failure, None for nothing."""
        return {kind: self._preparation.for_failure(kind).first for kind in FailureKind}

    async def settled(self) -> Report | None:
        """Wait until a failure is over with all that follows it, and return its report.

        Ends at once if no failure is being dealt with. It may be awaited from the `error` event
        on, so in a task that a handler of `session.on("close")` starts too; not in an `on_exit`,
        for which the close waits.

        Returns:
            The report of the last failure, or None if nothing has failed.
        """
        if isinstance(self._state, UnderWay):
            await self._state.closing.wait()
        return self._report

    def __repr__(self) -> str:
        state = self._state
        name = state.closing.state.value if isinstance(state, UnderWay) else type(state).__name__
        return f"<LastWord {name.lower()}>"

    # --- the session's own methods, wrapped -----------------------------------------------------

    def _emit(self, event: str, *args: Any) -> None:
        state = self._state
        if event == "close" and isinstance(state, UnderWay) and not state.closing.saw_close():
            return  # there is one close event, whoever else closes the session
        self._look_at(event, *args)
        if event != "error" and not isinstance(state, UnderWay):
            self._hooks.emit(event, *args)
            return
        deciding = None
        if event == "error" and isinstance(state, Watching):
            self._state = deciding = Deciding()
        # livekit.rtc.EventEmitter lets a handler's TypeError escape (livekit 1.0 .. 1.1), and what
        # is not an Exception: the caller's next line, `_on_error`, would never run and the session
        # would hang
        with Contained(f"a handler of {event!r} raised"):
            self._hooks.emit(event, *args)
        if deciding is not None and deciding.close is not None:
            asyncio.get_running_loop().call_soon(self._decided, deciding)
        elif self._state is deciding:
            self._state = Watching()

    def _look_at(self, event: str, *args: Any) -> None:
        """Learn from an event how the session is doing and whether its set-up has changed."""
        if not self.closing:
            self._silence.note(event, *args)
        if event == "close":
            self._silence.stop()
            self._preparation.leave_room()
        elif event == "agent_state_changed":
            self._preparation.follow()
            self._vigilance.follow()
        if not self._silence.is_of_remark(event):
            self._decisions.saw(event, *args)

    def _where(self) -> Place:
        return place_of(self._session)

    def _on_error(self, arg: Any) -> None:
        error = arg.error if isinstance(arg, ErrorEvent) else arg
        if not isinstance(error, _ERRORS) or error.recoverable or self.closing:
            self._hooks.on_error(arg)
            return
        if sessions.is_closing(self._session):
            return
        failure = self._decisions.ends_session(error)
        # Tolerated ones do not go on to upstream: it would count the parallel sentences of one turn
        # apart, and close at its own count whatever the user's policy says.
        if failure is not None and not self._begin(failure, error):
            self._hooks.on_error(arg)

    def _tolerated(self, failure: Failure, turn: str | None) -> None:
        if failure.component in {"llm", "tts"} and failure.kind is not FailureKind.DEAD_AIR:
            self._silence.turn_failed(turn)

    def _give_up(self, step: GiveUp) -> None:
        """Announce that the caller has waited too long; handlers may still keep the call."""
        if self.closing or sessions.is_closing(self._session):
            return
        event = dead_air(self._session, step)
        self._session.emit("error", event)
        if isinstance(self._state, UnderWay):
            return
        failure = None if event.error.recoverable else self._decisions.ends_session(event.error)
        if failure is None or not self._begin(failure, event.error):
            self._silence.restart()

    def _begin(self, failure: Failure, error: Any) -> bool:
        """Begin the closing; return False if that failed, and upstream is to go its own way."""
        try:
            closing = Closing(
                self._session,
                self._hooks,
                failure=failure,
                error=error,
                words=self._preparation.for_failure(failure.kind),
                bounds=self._bounds,
                on_closed=self._closed,
            )
            closing.start()
        except Exception as trouble:  # noqa: BLE001 - upstream goes its own way
            logger.error("the last words could not begin: %s", told(trouble))
            return False
        asked, self._state = self._state, UnderWay(closing)
        if isinstance(asked, Deciding) and asked.close is not None and ends_message(asked.close):
            closing.stop_speaking()
        self._silent_s = self._silence.waited_s
        self._silence.stop()
        self._owner.closing = True
        self._preparation.stop()
        self._trace_context = sessions.trace_context_of(self._session)
        return True

    def _closed(self, report: Report) -> None:
        report = replace(report, silent_s=self._silent_s, fillers=self._silence.said)
        self._report = report
        self._decisions.reset()  # the session may be started again
        was, self._state = self._state, Watching()
        self._owner.closing = False
        self._owner.abandoned = report.closed_by == "forced"
        self._vigilance.bye()  # the caller has been told
        if isinstance(was, UnderWay) and was.detaches:
            self.detach()
        self._on_report_atask = deliver(
            report, self._on_report, telemetry.tracer, self._trace_context
        )

    def _close_soon(self, **close: Any) -> None:
        if isinstance(self._state, UnderWay):
            if ends_message(close):
                self._state.closing.stop_speaking()
        elif isinstance(self._state, Deciding):
            self._state.ask(close)
        else:
            self._hooks.close_soon(**close)

    def _decided(self, deciding: Deciding) -> None:
        """Close as a handler has asked, if the error itself does not close the session."""
        if self._state is deciding:
            self._state = Watching()
        if deciding.close is not None and not self.closing:
            self._hooks.close_soon(**deciding.close)

    async def _aclose(self, **close: Any) -> None:
        if isinstance(self._state, Watching | Deciding) and close["reason"] == CloseReason.ERROR:
            # upstream has counted enough errors by itself: its close gets the last words too
            self._begin(classify(close["error"]), close["error"])
        if isinstance(self._state, UnderWay):
            await self._state.closing.wait()
        else:
            await self._hooks.aclose(**close)
        await delivered(self._on_report_atask)
