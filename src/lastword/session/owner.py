"""Tells the tap which components belong to a session."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from .._upstream import components, listeners, sessions, speeches
from ..failure.tap import install as tap
from ..failure.tap.calls import in_flight
from ..failure.tap.owners import may_refuse

if TYPE_CHECKING:
    from livekit.agents import AgentSession
    from livekit.agents.voice import SpeechHandle

    from ..failure.kinds import Component


class SessionOwner:
    """A session as the tap sees it; refers to it weakly and ends with it."""

    def __init__(self, session: AgentSession[Any]) -> None:
        self._session = weakref.ref(session, lambda _: tap.remove(self))
        self._closing = False
        self._abandoned = False
        self._emptily_answered: weakref.WeakSet[SpeechHandle] = weakref.WeakSet()

    @property
    def closing(self) -> bool:
        """Set while the last words are said and the session is closed after them."""
        return self._closing

    @closing.setter
    def closing(self, now: bool) -> None:
        self._closing = now
        may_refuse(self, now=now or self._abandoned)

    @property
    def abandoned(self) -> bool:
        """Set when the close was forced: what hangs in the old activity may wake up."""
        return self._abandoned

    @abandoned.setter
    def abandoned(self, now: bool) -> None:
        self._abandoned = now
        may_refuse(self, now=now or self._closing)

    @property
    def refusing(self) -> bool:
        """Whether the session's LLM and TTS get no new work."""
        if not (self.closing or self.abandoned):
            return False
        session = self._session()
        if session is None or self.closing:
            return self.closing
        return sessions.is_left_closed(session)

    def owns(self, component: object) -> bool:
        """Return whether a component works for the session.

        A component that agents have subscribed to belongs to their sessions. Without a subscriber
        it is an adapter made for the moment, one that was configured but not used yet, or one that
        runs inside a reply of the session: in an overridden node, or after it was swapped.
        """
        session = self._session()
        if session is None:
            return False
        listening = listeners.listening_sessions(component)
        if listening:
            return session in listening
        children = components.children_of(component)
        if any(session in listeners.listening_sessions(child) for child in children):
            return True
        if any(part is component for part in listeners.configured_components(session)):
            return True
        return listeners.current_session() is session

    def asked(self) -> frozenset[Component]:
        """Return which kinds of the session's components are being asked just now."""
        mine = (call.component for call in list(in_flight) if self.owns(call.component))
        return frozenset(components.kind_of(component) for component in mine)

    def note_empty_answer(self) -> None:
        """Note that an LLM has answered the speech of this task with nothing."""
        speech = speeches.speech_of_this_task()
        if speech is not None:
            self._emptily_answered.add(speech)

    def has_empty_answer(self, speech: SpeechHandle) -> bool:
        """Return whether an LLM was asked for a speech and has answered with nothing."""
        return speech in self._emptily_answered

    def report(self, component: object, error: object) -> None:  # noqa: ARG002 - of the protocol
        """Hand an error to the session's agent as if it had subscribed to the component."""
        session = self._session()
        if session is not None:
            listeners.deliver_error(session, error)
