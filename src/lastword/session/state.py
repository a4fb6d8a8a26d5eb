"""Defines the states of a session's last word: one at a time, with all that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from livekit.agents.voice.events import CloseReason

if TYPE_CHECKING:
    from .closing import Closing


@dataclass(frozen=True)
class Watching:
    """Nothing has failed, or the session goes on."""


@dataclass
class Deciding:
    """User handlers hear of an error; what it means for the session is decided after them.

    Attributes:
        close: A close that a handler has asked for. It waits, so that the error is not lost.
    """

    close: dict[str, Any] | None = None

    def ask(self, close: dict[str, Any]) -> None:
        """Keep a handler's request to close: the first, unless a later one ends the message."""
        if self.close is None or ends_message(close):
            self.close = close


@dataclass
class UnderWay:
    """The last words are being said, or the session is being closed after them.

    Attributes:
        closing: What does that.
        detaches: Whether to let go of the session afterwards.
    """

    closing: Closing
    detaches: bool = False


@dataclass(frozen=True)
class Detached:
    """Nothing of lastword is left in the session."""


State: TypeAlias = "Watching | Deciding | UnderWay | Detached"


def ends_message(close: dict[str, Any]) -> bool:
    """Return whether a request to close, in upstream's arguments, cuts speech off."""
    return not close.get("drain") or close["reason"] == CloseReason.PARTICIPANT_DISCONNECTED
