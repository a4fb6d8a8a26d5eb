"""Says short words beside the agent's own output: fillers, apologies, "I can't hear you".

In a room they play on a separate track: `say()` would queue behind the very reply that does not
come. The track is published when a remark is near and taken out after it: one that waits costs
2 % of a core. Two never play at a time, and the chat history has none of them.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from ..._upstream import rooms
from ...room.own_track import OwnTrack, Standby, play_on_own_track
from ...traces import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from livekit import rtc
    from livekit.agents import AgentSession
    from livekit.agents.voice import SpeechHandle

    from ..words.utterance import OutputFormat, Utterance

logger = logging.getLogger("lastword")

FIRST_FRAME_TIMEOUT_S = 2.0
"""How late a remark may be; one that is later is not said at all."""

TAIL_S = 0.2
"""Silence before the track goes: the last packets are still on their way."""


class Remarks:
    """The remarks of one session.

    Args:
        session: The session.

    Attributes:
        said: How many began to play.
    """

    def __init__(self, session: AgentSession[Any]) -> None:
        self.said = 0
        self._session = session
        self._standby = Standby()
        self._atask: asyncio.Task[None] | None = None
        self._handle: SpeechHandle | None = None
        self._creating = False

    def make_ready(self, to: OutputFormat) -> None:
        """Publish a muted track, because a remark is near."""
        self._standby.publish_in(self._room(), to.sample_rate, to.num_channels)

    def say(self, utterance: Utterance, to: OutputFormat) -> bool:
        """Say something unless a remark is playing; return False if there is no room for it."""
        room = self._room()
        if room is None or not room.isconnected():
            return False
        if self._atask is None or self._atask.done():
            self._atask = asyncio.create_task(
                self._play(room, utterance, to), name="lastword_remark"
            )
        return True

    def say_by_session(self, utterance: Utterance, to: OutputFormat) -> None:
        """Let the session say something: without a room there is no other way."""
        self._creating = True
        try:
            self._handle = self._session.say(
                utterance.transcript, audio=_each(utterance.frames(to)), add_to_chat_ctx=False
            )
        except RuntimeError as trouble:
            logger.debug("the session says nothing any more: %s", told(trouble))
        else:
            self.said += 1
        finally:
            self._creating = False

    def is_of_remark(self, event: str) -> bool:
        """Return whether an event of the session is about a remark that the session says."""
        if event == "speech_created":
            return self._creating
        if event == "agent_state_changed":
            return self._handle is not None and self._session.current_speech is self._handle
        return False

    def stop(self) -> None:
        """Stop what is being said at once, and take a waiting track out of the room."""
        self._standby.remove()
        if self._atask is not None:
            self._atask.cancel()

    def _room(self) -> Any:
        room_io = rooms.room_io_of(self._session)
        return room_io.room if room_io is not None else None

    async def _play(self, room: Any, utterance: Utterance, to: OutputFormat) -> None:
        counted = False

        def count() -> None:
            nonlocal counted
            self.said += not counted
            counted = True

        own = self._standby.take()
        if own is not None and own.format != (to.sample_rate, to.num_channels):
            await own.aclose()
            own = None
        await play_on_own_track(
            own or OwnTrack(room, sample_rate=to.sample_rate, num_channels=to.num_channels),
            utterance.frames(to),
            first_frame_timeout_s=FIRST_FRAME_TIMEOUT_S,
            tail_s=TAIL_S,
            on_frame=count,
            transcript=utterance.transcript,
        )


async def _each(frames: Sequence[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
    for frame in frames:
        yield frame
