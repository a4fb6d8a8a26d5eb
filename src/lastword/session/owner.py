"""Tells the tap which components are a session's; owns `SessionOwner`, imports no sound."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from .. import _upstream
from ..failure import tap

if TYPE_CHECKING:
    from livekit.agents import AgentSession


class SessionOwner:
    """A session as the tap sees it; refers to it weakly and ends with it.

    Attributes:
        closing: Set while the last words are said and the session is closed after them.
        abandoned: Set when the close was forced: what hangs in the old activity may wake up.
    """

    def __init__(self, session: AgentSession[Any]) -> None:
        self._session = weakref.ref(session, lambda _: tap.remove(self))
        self.closing = False
        self.abandoned = False

    @property
    def refusing(self) -> bool:
        """Whether the session's LLM and TTS get no new work."""
        if not (self.closing or self.abandoned):
            return False  # asked for each call of any session
        session = self._session()
        if session is None or self.closing:
            return self.closing
        return _upstream.is_left_closed(session)

    def owns(self, component: object) -> bool:
        """Says whether a component works for the session.

        A component that agents have subscribed to belongs to their sessions. Without a subscriber
        it is an adapter made for the moment, one that was configured but not used yet, or one that
        runs inside a reply of the session: in an overridden node, or after it was swapped.
        """
        session = self._session()
        if session is None:
            return False
        listening = _upstream.listening_sessions(component)
        if listening:
            return session in listening
        children = _upstream.children_of(component)
        if any(session in _upstream.listening_sessions(child) for child in children):
            return True
        if any(part is component for part in _upstream.configured_components(session)):
            return True
        return _upstream.current_session() is session

    def report(self, component: object, error: object) -> None:  # noqa: ARG002 - of the protocol
        """Hands an error to the session's agent as if it had subscribed to the component."""
        session = self._session()
        if session is not None:
            _upstream.deliver_error(session, error)
