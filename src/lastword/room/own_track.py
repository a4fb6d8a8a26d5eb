"""Publishes lastword's own track in a room and plays ready frames on it: the last way to be heard.

Nothing here decodes, resamples, opens a file or imports a module.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from livekit import rtc

from ..bounded import hold, within
from ..traces import told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

logger = logging.getLogger("lastword")

# How livekit-agents shows words in a room (`livekit.agents.types`).
TOPIC_TRANSCRIPTION = "lk.transcription"
ATTRIBUTE_TRANSCRIPTION_FINAL = "lk.transcription_final"
ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID = "lk.segment_id"
ATTRIBUTE_TRANSCRIPTION_TRACK_ID = "lk.transcribed_track_id"

TRACK_NAME = "lastword"
PUBLISH_TIMEOUT_S = 3.0  # 40 ms on a healthy connection; signalling may be permanently down
UNPUBLISH_TIMEOUT_S = 1.0
SHOW_TIMEOUT_S = 1.0
PLAYOUT_SLACK_S = 1.0
"""How much later than expected frames may be taken or the end reached."""
QUEUE_MS = 200  # as in RoomIO's own output; its size does not change when sound is heard


LEAD_IN_S = 0.15
"""Silence before the first sound of a new track: a subscriber does not hear its first 0.1 s
(measured with livekit-server 1.11, livekit 1.1.21)."""


def silence(seconds: float, sample_rate: int, num_channels: int) -> rtc.AudioFrame:
    """Return one frame of silence."""
    samples = round(seconds * sample_rate)
    return rtc.AudioFrame(bytes(2 * samples * num_channels), sample_rate, num_channels, samples)


class OwnTrack:
    """One published audio track that plays ready frames.

    Args:
        room: A connected room.
        sample_rate: Rate of the frames in Hz.
        num_channels: Channels of the frames.

    Attributes:
        format: The rate and the channels.
        played_s: Seconds that left the source, without what was still queued when it was aborted.
        subscribed: Whether anybody has ever listened.
    """

    def __init__(self, room: rtc.Room, *, sample_rate: int = 24000, num_channels: int = 1) -> None:
        self.played_s = 0.0
        self.format = (sample_rate, num_channels)
        self._room = room
        self._source = rtc.AudioSource(sample_rate, num_channels, queue_size_ms=QUEUE_MS)
        self._lead_in = silence(LEAD_IN_S, sample_rate, num_channels)
        self._track = rtc.LocalAudioTrack.create_audio_track(TRACK_NAME, self._source)
        self._publishing: asyncio.Task[rtc.LocalTrackPublication] | None = None
        self._subscribed = False

    @property
    def subscribed(self) -> bool:
        """Whether anybody has ever listened."""
        return self._subscribed

    @property
    def _published(self) -> rtc.LocalTrackPublication | None:
        """The publication, or None until it succeeds."""
        atask = self._publishing
        if atask is None or not atask.done() or atask.cancelled() or atask.exception() is not None:
            return None
        return atask.result()

    async def publish(self, *, muted: bool = False) -> None:
        """Publish the track; a second call waits for the first.

        Args:
            muted: Publish it muted, for later: when something fails, `play` is then all that is
                left to do.

        Raises:
            asyncio.TimeoutError: The room did not take it within `PUBLISH_TIMEOUT_S`.
            livekit.rtc.PublishTrackError: The room refused it.
        """
        failed = self._publishing is not None and self._publishing.done() and not self._published
        if self._publishing is None or failed:
            if muted:
                self._track.mute()
            # As microphone, like RoomIO's: clients and telephone legs play those by themselves.
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            publishing = self._room.local_participant.publish_track(self._track, options)
            self._publishing = hold(asyncio.create_task(publishing, name="lastword_publish"))
        await within(asyncio.shield(self._publishing), PUBLISH_TIMEOUT_S)

    async def wait_for_subscriber(self, timeout_s: float) -> bool:
        """Wait until somebody listens to the published track; return whether that came in time."""
        if self._published is None:
            return False
        try:
            await within(self._published.wait_for_subscription(), timeout_s)
        except asyncio.TimeoutError:
            return False
        self._subscribed = True
        return True

    async def play(
        self, frames: Sequence[rtc.AudioFrame], *, on_frame: Callable[[], None] | None = None
    ) -> None:
        """Play frames to the end; if cancelled, stop at once: `played_s` says where.

        Args:
            frames: Frames of the track's rate and channels.
            on_frame: Called for each frame that the source has taken.

        Raises:
            asyncio.TimeoutError: The source did not take a frame or reach its end in time.
        """
        if self._track.muted:
            self._track.unmute()
        pushed_s = 0.0
        try:
            await within(self._source.capture_frame(self._lead_in), PLAYOUT_SLACK_S)
            for frame in frames:
                frame_s = frame.samples_per_channel / frame.sample_rate
                bound = QUEUE_MS / 1000 + frame_s + PLAYOUT_SLACK_S
                await within(self._source.capture_frame(frame), bound)
                pushed_s += frame_s
                if on_frame is not None:
                    on_frame()
            bound = self._source.queued_duration + PLAYOUT_SLACK_S
            await within(self._source.wait_for_playout(), bound)
        finally:
            self.played_s += max(0.0, pushed_s - self._source.queued_duration)
            self._source.clear_queue()

    async def show(self, transcript: str) -> None:
        """Send the words as the transcription of this track, in bounded time; never raise."""
        publication = self._published
        if publication is None:
            return
        attributes = {
            ATTRIBUTE_TRANSCRIPTION_FINAL: "true",
            ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID: f"{TRACK_NAME}-{publication.sid}",
            ATTRIBUTE_TRANSCRIPTION_TRACK_ID: publication.sid,
        }
        try:
            sending = self._room.local_participant.send_text(
                transcript, topic=TOPIC_TRANSCRIPTION, attributes=attributes
            )
            await within(sending, SHOW_TIMEOUT_S)
        except Exception as error:  # noqa: BLE001 - they are heard all the same
            logger.debug("the words could not be shown: %s", told(error))

    async def aclose(self) -> None:
        """Take the track out of the room; never raise, and take at most two seconds."""
        if self._publishing is not None and not self._publishing.done():
            # even if publishing is cancelled, the track may be in the room
            await asyncio.wait({self._publishing}, timeout=UNPUBLISH_TIMEOUT_S)
            self._publishing.cancel()
        publication = self._published
        if publication is not None and self._room.isconnected():
            try:
                unpublish = self._room.local_participant.unpublish_track(publication.sid)
                await within(unpublish, UNPUBLISH_TIMEOUT_S)
            except Exception as error:  # noqa: BLE001 - the room goes too
                logger.debug("the track could not be taken out of the room: %s", told(error))
        await self._source.aclose()


class Standby:
    """A muted track that waits in the room in case the session's output fails."""

    def __init__(self) -> None:
        self._track: OwnTrack | None = None

    def publish_in(self, room: rtc.Room | None, sample_rate: int, num_channels: int) -> None:
        """Publish the track as soon as the room is connected; do nothing if it waits already."""
        if room is None or not room.isconnected():
            return
        if self._track is not None:
            if self._track.format == (sample_rate, num_channels):
                return
            self.remove()  # the frames are prepared again when the output changes
        self._track = OwnTrack(room, sample_rate=sample_rate, num_channels=num_channels)
        hold(asyncio.create_task(self._publish(self._track), name="lastword_standby"))

    def take(self) -> OwnTrack | None:
        """Hand over the track; the caller plays and closes it."""
        track, self._track = self._track, None
        return track

    def remove(self) -> None:
        """Take the track out of the room, in the background."""
        track = self.take()
        if track is None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # its loop has ended, and the connection with it
        hold(loop.create_task(track.aclose(), name="lastword_standby_end"))

    async def _publish(self, track: OwnTrack) -> None:
        try:
            await track.publish(muted=True)
        except Exception as error:  # noqa: BLE001 - it is then published when it is needed
            logger.warning("the standby track could not be published: %s", told(error))


async def play_on_own_track(
    own: OwnTrack,
    frames: Sequence[rtc.AudioFrame],
    *,
    first_frame_timeout_s: float,
    tail_s: float = 0.0,
    on_frame: Callable[[], None] | None = None,
    transcript: str = "",
) -> None:
    """Publish a track, wait for a listener, play, add silence, and take the track out again.

    The track's `played_s` and `subscribed` hold the outcome, also if this is cancelled.

    Args:
        own: A new track, or one that was published muted before.
        frames: Ready frames in the track's format.
        first_frame_timeout_s: Time for publishing and the wait for a listener together, in s.
        tail_s: Silence between the last frame and the removal of the track, in seconds, so that
            sound still on its way to the caller is not cut.
        on_frame: Called for each frame that the source has taken.
        transcript: Words to show the caller's client, if nothing else shows them.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + first_frame_timeout_s
    showing: asyncio.Task[None] | None = None
    try:
        await within(own.publish(), first_frame_timeout_s)
        left_s = max(0.0, deadline - loop.time())
        if await own.wait_for_subscriber(left_s):
            if transcript:
                showing = loop.create_task(own.show(transcript), name="lastword_show")
            await own.play(frames, on_frame=on_frame)
            await asyncio.sleep(tail_s)
    except Exception as error:  # noqa: BLE001 - what was heard is counted
        logger.debug("the own track was not heard to its end: %s", told(error))
    finally:
        if showing is not None:
            showing.cancel()
        await asyncio.shield(own.aclose())
