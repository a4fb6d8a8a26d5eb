"""Finds the room of a session, the job, and the outputs that lead to the room."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents.job import get_job_context
from livekit.agents.voice.room_io import RoomIO

if TYPE_CHECKING:
    import asyncio

    from livekit.agents import AgentSession, JobContext
    from livekit.agents.voice import io


def room_io_of(session: AgentSession[Any]) -> RoomIO | None:
    """Return what connects a session with its room, or None without a room.

    `start(room=...)` makes one. Code that makes its own, `RoomIO(session, room)`, leaves no trace
    in the session but its listeners (1.4.6 .. 1.8.9).
    """
    if session._room_io is not None:
        return session._room_io
    listeners = session._events.get("agent_state_changed", ())
    owners = (getattr(listener, "__self__", None) for listener in listeners)
    return next((owner for owner in owners if isinstance(owner, RoomIO)), None)


def room_of(session: AgentSession[Any]) -> rtc.Room | None:
    """Return the room of a session: its own, or the job's until `start()` has connected one."""
    room_io = room_io_of(session)
    if room_io is not None:
        return room_io.room
    job = job_of_this_process()
    return job.room if job is not None else None


def job_of_this_process() -> JobContext | None:
    """Return the job that runs here, or None outside of a worker."""
    try:
        return get_job_context()
    except RuntimeError:
        return None


def url_of(job: JobContext | None) -> str:
    """Return the address of the server that a job's room is on; outside of a job the usual one."""
    usual = os.environ.get("LIVEKIT_URL", "")
    try:
        # where the server has sent the job: in a cluster it need not be the usual address
        return (job._info.url if job is not None else "") or usual
    except AttributeError:
        return usual


def linked_participant(session: AgentSession[Any]) -> rtc.RemoteParticipant | None:
    """Return the caller whom the session listens to, or None without a room."""
    room_io = room_io_of(session)
    return room_io.linked_participant if room_io is not None else None


def first_subscription(session: AgentSession[Any]) -> asyncio.Future[None] | None:
    """Return the future of the output's first subscriber, or None if the output has none.

    `capture_frame` awaits it unshielded: interrupting a speech that waits there cancels the future
    and leaves the output permanently dead (1.4.6 .. 1.8.9). Check it before any interruption.
    """
    room_io = room_io_of(session)
    return room_io.subscribed_fut if room_io is not None else None


def is_unheard(session: AgentSession[Any]) -> bool:
    """Tell whether nobody can be waiting for the agent's voice.

    Its output is switched off, nobody has listened to it yet, as before an outbound call is
    answered, or nobody is in the room.
    """
    if session.output.audio is not None and not session.output.audio_enabled:
        return True
    room_io = room_io_of(session)
    if room_io is None:
        return False
    subscription = room_io.subscribed_fut
    is_waiting = subscription is not None and not subscription.done()
    return is_waiting or not room_io.room.remote_participants


def output_is_poisoned(session: AgentSession[Any]) -> bool:
    """Return whether nobody can hear the output although it takes frames and reports them played.

    Either its wait for a subscriber was cancelled, or its track was taken out of the room or muted.
    """
    subscription = first_subscription(session)
    if subscription is not None and subscription.cancelled():
        return True
    room_io = room_io_of(session)
    output = getattr(room_io, "_audio_output", None)
    publication = getattr(output, "_publication", None)
    if room_io is None or publication is None or session.output.audio is None:
        return False
    if leaf_of(session.output.audio) is not output:
        return False  # an avatar or a user's own output speaks instead
    published = room_io.room.local_participant.track_publications
    return publication.sid not in published or publication.track is None or publication.track.muted


def audio_is_coming(session: AgentSession[Any]) -> bool:
    """Return whether `start()` is under way and will give the session an audio output."""
    if session._started or session.output.audio is not None:
        return False
    room_io = room_io_of(session)
    return room_io is not None and room_io._options.get_audio_output_options() is not None


def keep_room(session: AgentSession[Any]) -> None:
    """Let the room live on when the session closes, whatever its options say.

    RoomIO deletes it in its own handler of `close` if `delete_room_on_close` is set.
    """
    room_io = room_io_of(session)
    if room_io is not None and room_io._options.delete_room_on_close:
        room_io._options = replace(room_io._options, delete_room_on_close=False)


def leaf_of(output: io.AudioOutput) -> io.AudioOutput:
    """Return the last output of a chain, the one that plays."""
    while output.next_in_chain is not None:
        output = output.next_in_chain
    return output


def num_channels_of(output: io.AudioOutput) -> int:
    """Return how many channels the output takes; only RoomIO's can take more than one."""
    source = getattr(leaf_of(output), "_audio_source", None)
    return source.num_channels if isinstance(source, rtc.AudioSource) else 1
