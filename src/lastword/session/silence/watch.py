"""Watches one session for silence: feeds its events to a `Debt`, with one timer for all of it.

What is done about a debt is left to its caller. Must not import attach.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any, get_args

from livekit.agents.llm import RealtimeModelError

from ..._upstream import rooms, turns
from .debt import Debt
from .ear import Ear
from .steps import Hanging, Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import AgentSession
    from livekit.agents.voice import SpeechHandle

    from ..owner import SessionOwner
    from .settings import Silence
    from .steps import Step

_HANGING = frozenset(get_args(Hanging))


class Watch:
    """Tells in time when a session has owed its caller a sound for too long.

    Args:
        session: The session.
        silence: The bounds.
        owner: Knows which of its components are being asked.
        act: Called with each step that the debt demands.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        silence: Silence,
        owner: SessionOwner,
        *,
        act: Callable[[Step], None],
    ) -> None:
        self._session = session
        self._owner = owner
        self._act = act
        self._loop = asyncio.get_running_loop()
        self._debt = Debt(silence)
        self._ear = Ear(session, self._heard)
        self._timer: asyncio.TimerHandle | None = None
        self._tools_are_told = False
        self._speeches: dict[SpeechHandle, Callable[[SpeechHandle], None] | None] = {}
        self._announced: set[SpeechHandle] = set()
        self._failed: weakref.WeakSet[SpeechHandle] = weakref.WeakSet()
        self._notes: dict[str, Callable[[Any, float], None]] = {
            "agent_state_changed": self._agent,
            "user_state_changed": self._user,
            "user_input_transcribed": self._transcript,
            "speech_created": self._speech,
            "tool_execution_updated": self._tool,
            "function_tools_executed": self._tools_done,
            "conversation_item_added": self._item,
            "error": self._error,
        }

    @property
    def waited_s(self) -> float:
        """How long the caller has been waiting for a sound, in this turn."""
        return self._debt.waited_s(self._loop.time())

    def note(self, event: str, *args: Any) -> None:
        """Note an event of the session."""
        take = self._notes.get(event)
        if take is not None:
            take(args[0], self._loop.time())
            self._arm()

    def restart(self) -> None:
        """Start waiting again: a handler has kept the session, or it was started again."""
        self._debt.restart(self._loop.time())
        self._arm()

    def stop(self) -> None:
        """Stop waiting, and give the session's output its own method back."""
        self._debt.close()
        self._ear.stop()
        self._arm()

    # --- events ----------------------------------------------------------------------------------

    def _agent(self, event: Any, now: float) -> None:
        self._ear.follow()
        self._debt.agent(event.new_state, now)
        if self._announced and event.new_state == "listening" and self._is_next_one_due():
            self._debt.speech_created(now)

    def _user(self, event: Any, now: float) -> None:
        state = event.new_state
        manual = state != "speaking" and turns.ends_by_hand(self._session)
        self._debt.user(state, now, manual=manual)

    def _transcript(self, event: Any, now: float) -> None:
        if event.transcript.strip():
            manual = event.is_final and turns.ends_by_hand(self._session)
            self._debt.transcript(now, final=event.is_final, manual=manual)

    def _speech(self, event: Any, now: float) -> None:
        if self._is_nothing_else_due():
            if turns.ends_spoken_turn():
                self._debt.turn_goes_on(now)
            else:
                self._debt.asked_anew(now)
        speech, is_realtime = event.speech_handle, turns.is_realtime(self._session)
        is_said = event.source == "say"
        # no `thinking` state precedes `say()` and a realtime model's answers
        if is_said or is_realtime:
            self._debt.speech_created(now)
            self._announced.add(speech)
        look = self._look_at_model if is_realtime else self._look_at_reply
        self._speeches[speech] = None if is_said else look
        speech.add_done_callback(self._speech_done)

    def _is_nothing_else_due(self) -> bool:
        """Tell whether all that was to be said was interrupted; the agent may think even so."""
        if not self._speeches:
            return self._session.agent_state == "thinking"
        return all(earlier.interrupted for earlier in self._speeches)

    def _is_next_one_due(self) -> bool:
        """Tell whether a speech waits behind the one that is over; the agent listens meanwhile."""
        return any(not (speech.done() or speech.interrupted) for speech in self._announced)

    def _speech_done(self, speech: SpeechHandle) -> None:
        look = self._speeches.pop(speech, None)
        if speech.interrupted and not self._speeches:
            self._debt.interrupted()
        if speech in self._announced:
            self._announced.remove(speech)
            if not self._is_next_one_due():
                self._debt.speech_done()
        if look is not None:
            look(speech)

    def _look_at_reply(self, speech: SpeechHandle) -> None:
        if self._owner.has_empty_answer(speech):
            self._answered(speech)

    def _look_at_model(self, speech: SpeechHandle) -> None:
        if speech not in self._failed and not turns.ends_by_hand(self._session):
            self._answered(speech)

    def _answered(self, speech: SpeechHandle) -> None:
        """Look at a reply that may be empty; a tool may have been all that was wanted."""
        if not speech.interrupted and not speech.chat_items:
            self._debt.answered_nothing(self._loop.time())
            self._arm()

    def _error(self, event: Any, _: float) -> None:
        if isinstance(event.error, RealtimeModelError):
            self._failed.update(self._speeches)  # failed, not empty: the error says what it means

    def _item(self, event: Any, _: float) -> None:
        if getattr(event.item, "role", None) == "user":
            self._debt.asked()

    def _tool(self, event: Any, now: float) -> None:
        self._tools_are_told = True
        if event.update.type == "tool_call_started":
            self._debt.tool_began()
        elif event.update.type == "tool_call_ended":
            self._debt.tool_ended(now)

    def _tools_done(self, _: object, now: float) -> None:
        if not self._tools_are_told:  # 1.4 and 1.5 say no more than this
            self._debt.tool_ended(now, all_of_them=True)

    def _heard(self, duration_s: float, *, audible: bool) -> None:
        self._debt.sound(duration_s, self._loop.time(), audible=audible)
        self._arm()

    # --- the timer -------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Let the timer go off when the debt is due at the latest; an early one asks again."""
        due, timer = self._debt.due_at, self._timer
        if timer is not None:
            if due is not None and timer.when() <= due:
                return
            timer.cancel()
        elif due is None:
            return
        self._timer = self._loop.call_at(due, self._ring) if due is not None else None

    def _ring(self) -> None:
        self._timer = None
        now = self._loop.time()
        due = self._debt.due_at
        step = self._debt.check(now, self._look()) if due is not None else None
        self._arm()
        if step is not None:
            self._act(step)

    def _look(self) -> Look:
        session = self._session
        asked = self._owner.asked() & _HANGING
        if turns.is_realtime(session) and session.agent_state != "thinking":
            asked |= {"realtime"}  # it thinks only while a tool runs
        return Look(
            in_flight=asked,  # type: ignore[arg-type] # those of both literals
            turn_pending=turns.is_turn_pending(session),
            tools_run=turns.waits_for_tools(session),
            covered=turns.has_thinking_sound(session),
            unheard=rooms.is_unheard(session),
        )
