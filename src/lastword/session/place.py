"""Finds where the call of a session takes place, as far as that is known now."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .._upstream import rooms
from .after.followup import Place
from .history import history_of

if TYPE_CHECKING:
    from livekit.agents import AgentSession


def place_of(session: AgentSession[Any]) -> Place:
    """Return the room, the job, the caller and the conversation of a session."""
    job = rooms.job_of_this_process()
    history = functools.partial(history_of, session, job)
    return Place(rooms.room_of(session), job, rooms.linked_participant(session), history)
