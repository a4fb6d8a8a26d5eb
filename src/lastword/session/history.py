"""Writes down the conversation of a session, so that another agent can go on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .after.hand_over import handed_over

if TYPE_CHECKING:
    from livekit.agents import AgentSession, JobContext

_KINDS = frozenset({"message", "function_call", "function_call_output"})
"""The items that are of use to another agent; `AgentHandoff` and the like are of this session."""


def history_of(session: AgentSession[Any] | None, job: JobContext | None) -> list[dict[str, Any]]:
    """Return the items of a conversation as plain values, oldest first.

    What was handed over to the job itself comes first. Instructions, images and sound are left out.

    Args:
        session: The session, or None if there was none yet.
        job: Its job, or None outside of a worker.
    """
    before = handed_over(job) if job is not None else None
    items = list(before.history) if before is not None else []
    if session is not None:
        items += session.history.to_dict(exclude_metrics=True)["items"]
    known: dict[Any, dict[str, Any]] = {}
    for number, item in enumerate(items):
        if item.get("type") in _KINDS and item.get("role") not in ("system", "developer"):
            known.setdefault(item.get("id", number), item)
    return list(known.values())
