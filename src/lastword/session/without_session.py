"""Says the last words of a job on lastword's own track, and ends its call: no session is needed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .._upstream import rooms
from ..room.callers import callers_in, is_phone
from .after.followup import Place
from .ending import Ending
from .history import history_of
from .job import is_in_room, silent
from .playout.own_way import speak_on_own_track

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit import rtc
    from livekit.agents import AgentSession, JobContext

    from ..failure.failure import Failure
    from .ending import Words
    from .playout.heard import Heard
    from .report import Report
    from .words.utterance import Utterance

LISTENER_TIMEOUT_S = 5.0
"""How long to wait for the track to be published and a caller to listen: agents are dispatched when
the room is made, and the caller may still be joining it."""


def caller_of(job: JobContext, session: AgentSession[Any] | None) -> rtc.RemoteParticipant | None:
    """Return the linked participant, else one on a phone, else the only caller."""
    linked = rooms.linked_participant(session) if session is not None else None
    if linked is not None:
        return linked
    callers = callers_in(job.room)
    phones = (caller for caller in callers if is_phone(caller))
    return next(phones, callers[0] if len(callers) == 1 else None)


def session_of(job: JobContext) -> AgentSession[Any] | None:
    """Return the session of a job, or None if none was started yet."""
    try:
        return job.primary_session
    except RuntimeError:
        return None


async def end_call(
    job: JobContext,
    failure: Failure,
    words: Words,
    *,
    look_at: Callable[[rtc.RemoteParticipant | None], object],
) -> Report:
    """Say the message, then run the action.

    Args:
        job: The job; its room is joined if it is not.
        failure: Why the call ends.
        words: What is said and done.
        look_at: Called with the caller, once that is known.
    """
    session = session_of(job)
    history = functools.partial(history_of, session, job)
    ending = Ending(failure, words, Place(job.room, job, history=history))
    async with silent(session):
        if (words.first or words.action) and await is_in_room(job):
            caller = caller_of(job, session)
            ending.learn(job.room, caller)
            look_at(caller)
            speak = functools.partial(_speak, job.room, ending)
            await ending.utter(speak)
            await ending.before_close(speak)
        await ending.after_close()
    return ending.report(close_s=ending.passed_s, closed_by="upstream")


async def _speak(room: rtc.Room, ending: Ending, utterance: Utterance, heard: Heard) -> None:
    await speak_on_own_track(
        room,
        heard,
        transcript=utterance.transcript,
        abort=ending.abort,
        first_frame_timeout_s=LISTENER_TIMEOUT_S,
    )
