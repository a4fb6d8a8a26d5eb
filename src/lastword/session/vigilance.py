"""Tells the sentinel, if this worker has one, of the calls that `attach` and `guard` look after."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import threading
import weakref
from typing import TYPE_CHECKING, Any

from livekit import api

from .._upstream import rooms
from ..failure.kinds import FailureKind
from ..room.dispatch import newest, without_note
from ..sentinel.actions import written
from ..sentinel.watch import Watch, sentinel_address
from ..sentinel.wire import Call, Lines, Sound, pack
from .words.utterance import OutputFormat

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit import rtc

    from .after.followup import Place
    from .ending import Words
    from .words.utterance import Utterance

logger = logging.getLogger("lastword")

TOKEN_TTL = dt.timedelta(hours=6)
"""Longer than calls last; a token that leaked opens one room, and for no longer than that."""
IDENTITY = "{}-lastword"
"""The sentinel's own identity: livekit-sip 1.3.0 never subscribes to a new track of an identity
that joined again."""

LOOK_EVERY_S = 0.1
"""How often it is looked whether a room is joined, while a sentinel waits for that."""

_FORMAT = OutputFormat()


class Vigilance:
    """What one session or one guarded job has told the sentinel.

    Args:
        place: Returns where the call is, as far as that is known now. Held weakly, so that the
            owner can be collected.
        words_for: What is said and done about a kind of failure.
        filler: What is said while a frozen process may still come back, or None.
        turns: How long the conversation is now, in items of its history.
    """

    def __init__(
        self,
        place: Callable[[], Place],
        words_for: Callable[[FailureKind], Words],
        filler: Callable[[], Utterance | None] = lambda: None,
        turns: Callable[[], int] = lambda: 0,
    ) -> None:
        self._address = sentinel_address()
        self._place = weakref.WeakMethod(place)
        self._words_for = words_for
        self._filler = filler
        self._turns = turns
        self._watch: Watch | None = None
        self._told: tuple[Any, ...] | None = None
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.follow()

    def follow(self) -> None:
        """Tell of the call once its room is joined, and again when anything has changed."""
        find = self._place()
        if self._address is None or find is None:
            return
        place = find()
        if place.room is not None and place.room.isconnected():
            self._tell(place, place.room)
        elif self._timer is None or self._timer.when() <= self._loop.time():
            # No event tells that a room is joined (livekit 1.1.21).
            self._timer = self._loop.call_later(LOOK_EVERY_S, _follow, weakref.ref(self))

    def _tell(self, place: Place, room: rtc.Room) -> None:
        words, filler = self._words_for(FailureKind.AGENT_DIED), self._filler()
        caller = place.caller.identity if place.caller is not None else None
        needs_history = words.action is not None and words.action.name == "hand_over"
        turns = self._turns() if needs_history else 0
        now = (room, caller, words.first, words.second, words.action, filler, turns)
        if now == self._told:
            return
        if self._watch is None:
            self._watch = Watch(str(self._address))
            room.on("disconnected", self._on_disconnected)
            if place.job is not None:
                place.job.add_shutdown_callback(self._on_shutdown)
        self._told = now
        thread, agent = threading.get_native_id(), room.local_participant.identity
        url, name, job = rooms.url_of(place.job), room.name, place.job
        history = place.history if needs_history else list[dict[str, Any]]

        def tell() -> bytes:
            sounds = (sound_of(words.first), sound_of(words.second), sound_of(filler))
            call = Call(
                url=url,
                token=_token(name, IDENTITY.format(agent)),
                room=name,
                agent=agent,
                caller=caller,
                thread=thread,
                lines=Lines(*sounds, written(words.action), words.tell),
                agent_name=job.job.agent_name if job is not None else None,
                metadata=without_note(job.job.metadata) if job is not None else "",
                history=[dict(item) for item in newest(history())],
            )
            return pack(call)

        self._watch.begin(tell)

    def bye(self) -> None:
        """Tell the sentinel that the call ends as planned."""
        if self._timer is not None:
            self._timer.cancel()
        watch, self._watch, self._told = self._watch, None, None
        if watch is not None:
            watch.bye()

    def _on_disconnected(self, *_: object) -> None:
        self.bye()

    async def _on_shutdown(self, *_: object) -> None:
        self.bye()


def _follow(vigilance: weakref.ref[Vigilance]) -> None:
    """Look again, if there is still anybody to look for."""
    found = vigilance()
    if found is not None:
        found.follow()


def sound_of(utterance: Utterance | None) -> Sound | None:
    """Return a sound as the sentinel plays it, or None for nothing."""
    if utterance is None:
        return None
    frames = utterance.clip.frames(_FORMAT.sample_rate, _FORMAT.num_channels, _FORMAT.frame_ms)
    pcm = b"".join(bytes(frame.data) for frame in frames)
    length = round(utterance.clip.duration_s * _FORMAT.sample_rate) * 2
    return Sound(pcm[:length], utterance.transcript, utterance.source)


def _token(room: str, identity: str) -> str:
    """Return a token that lets nobody do more than speak in one room and tell what has happened."""
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        agent=True,
        can_subscribe=False,
        can_publish=True,
        can_publish_data=True,
        can_publish_sources=["microphone"],
        can_update_own_metadata=True,  # its attributes
    )
    token = api.AccessToken().with_identity(identity).with_kind("agent")
    return token.with_grants(grants).with_ttl(TOKEN_TTL).to_jwt()
