"""Finds out whether user code has replaced the component that failed, so that the call goes on."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Literal

from livekit.agents import Agent
from livekit.agents.llm import LLMError, RealtimeModelError
from livekit.agents.stt import STTError
from livekit.agents.tts import TTSError
from livekit.agents.utils import is_given
from livekit.agents.voice.events import ErrorEvent

from .._upstream import components
from ..failure.tap import install as tap

if TYPE_CHECKING:
    from livekit.agents import AgentSession

    Role = Literal["llm", "stt", "tts"]

_ROLES: dict[type, Role] = {
    LLMError: "llm",
    RealtimeModelError: "llm",
    STTError: "stt",
    TTSError: "tts",
}


REPAIRS = 3
"""How often in a row, with nothing heard between, a component may be replaced by another one that
fails: as often as livekit-agents tolerates errors by default."""


class Repair:
    """Which component failed, and whether it is still the one that is used in its role.

    Args:
        session: The session.
    """

    def __init__(self, session: AgentSession[Any]) -> None:
        self._session = session
        self._left: weakref.WeakSet[Any] = weakref.WeakSet()
        self._in_row = 0
        self._failed: object = None
        self._used: object = None

    def before_handlers(self, event: object) -> None:
        """Note what has failed, and what is used in its role before user code hears of it."""
        role = _ROLES.get(type(getattr(event, "error", None)))
        if role is None or not isinstance(event, ErrorEvent):
            return
        # the source is what the agent uses now, and so not what failed if that was replaced before
        is_realtime = isinstance(event.error, RealtimeModelError)
        self._failed = (None if is_realtime else tap.failing.get()) or event.source
        self._used = self._in_use(role)

    def after_handlers(self, error: object) -> bool:
        """Return whether the failed component is no longer used in its role.

        Args:
            error: The `LLMError` or the like.
        """
        failed, used, self._failed, self._used = self._failed, self._used, None, None
        role = _ROLES.get(type(error))
        if role is None or failed is None:
            return False
        if isinstance(failed, Agent):  # in a node of its own
            return self._replaced(self._session.current_agent is not failed)
        return self._is_left(failed, used, role)

    def _is_left(self, failed: object, used: object, role: Role) -> bool:
        now = self._in_use(role)
        if now is not self._in_use(role):
            return False  # a property that makes a new one each time has replaced nothing
        if _stand_for_each_other(failed, now):
            return False
        if failed in self._left:
            return True  # another sentence of the turn in which it was replaced
        if not self._replaced(_stand_for_each_other(failed, used)):
            return False
        self._left.add(failed)
        return True

    def _replaced(self, now: bool) -> bool:  # noqa: FBT001 - what is counted
        """Count a replacement, if there was one; tell whether it was one too many."""
        self._in_row += now
        return now and self._in_row <= REPAIRS

    def worked(self) -> None:
        """Note that something was heard: what replaced a failed component works."""
        self._in_row = 0

    def _in_use(self, role: Role) -> object:
        """Return what the session's next turn uses: the agent's own, else the session's."""
        try:
            agent: Agent = self._session.current_agent
        except RuntimeError:
            return getattr(self._session, role)
        own = getattr(agent, role)
        return own if is_given(own) else getattr(self._session, role)


def _stand_for_each_other(one: object, other: object) -> bool:
    """Return whether two components are the same, or one is an adapter around the other."""
    return _is_or_holds(one, other) or _is_or_holds(other, one)


def _is_or_holds(outer: object, inner: object) -> bool:
    if outer is inner:
        return True
    return any(_is_or_holds(child, inner) for child in components.children_of(outer))
