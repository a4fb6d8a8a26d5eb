"""Keeps the list of owners that want their components' errors watched. Knows no session."""

from __future__ import annotations

import logging
from typing import Protocol

logger = logging.getLogger("lastword")


class Owner(Protocol):
    """Someone who wants the errors of some components watched: in practice a session.

    Attributes:
        refusing: Whether new work of its LLM and TTS is answered with nothing, as livekit-agents
            answers a status 499.
    """

    @property
    def refusing(self) -> bool:
        """See the class."""

    def owns(self, component: object) -> bool:
        """Whether the errors of a component, never one behind an adapter, are this owner's."""

    def note_empty_answer(self) -> None:
        """Take that an LLM has ended its answer in this task without a word or a call of a tool."""

    def report(self, component: object, error: object) -> None:
        """Take an `LLMError` or the like that no agent has subscribed to."""


owners: list[Owner] = []
"""All owners whose components are watched now; only `install` and `remove` change it."""

_closing: set[Owner] = set()


def may_refuse(owner: Owner, *, now: bool) -> None:
    """Record that an owner may refuse new work from now on, or no longer; it must say so itself.

    Each call of each session checks for owners that refuse; there is hardly ever one.
    """
    (_closing.add if now else _closing.discard)(owner)


def is_any_refusing() -> bool:
    """Whether some owner refuses new work."""
    return bool(_closing) and any(owner.refusing for owner in list(_closing))


def owner_of(component: object) -> Owner | None:
    """Return the owner of a component, given the outermost of its adapters."""
    return next((owner for owner in list(owners) if owner.owns(component)), None)


def log_trouble(trouble: Exception) -> None:
    """Log a fault of lastword that was kept from the plugin; its text may hold anything."""
    logger.warning(
        "an error could not be judged and goes the way of livekit-agents",
        extra={"error_type": type(trouble).__name__},
    )
