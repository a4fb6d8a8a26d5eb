"""A room whose tracks play in the loop's own time: the far end of a track of our own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livekit import rtc

from session.phone_call import KIND, FakeJob, FakeRoom, Participant

if TYPE_CHECKING:
    import pytest


class FakeSource:
    """An `rtc.AudioSource` that plays in event-loop time, and forgets what it has played."""

    def __init__(self, sample_rate: int, num_channels: int, queue_size_ms: int) -> None:
        self.format = (sample_rate, num_channels)
        self._queue_s = queue_size_ms / 1000
        self._empty_at = 0.0
        self.played: list[bytes] = []
        self.closed = False

    @property
    def queued_duration(self) -> float:
        return max(0.0, self._empty_at - asyncio.get_running_loop().time())

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        assert (frame.sample_rate, frame.num_channels) == self.format
        now = asyncio.get_running_loop().time()
        self._empty_at = max(self._empty_at, now) + frame.samples_per_channel / frame.sample_rate
        self.played.append(bytes(frame.data))
        await asyncio.sleep(max(0.0, self.queued_duration - self._queue_s))

    async def wait_for_playout(self) -> None:
        await asyncio.sleep(self.queued_duration)

    def clear_queue(self) -> None:
        self._empty_at = 0.0

    async def aclose(self) -> None:
        self.closed = True


@dataclass
class FakeTrack:
    """A local track; `source` is what plays into it."""

    name: str
    source: FakeSource
    muted: bool = False

    def mute(self) -> None:
        self.muted = True

    def unmute(self) -> None:
        self.muted = False


@dataclass
class FakePublication:
    """A published track; subscribed once somebody is there."""

    sid: str
    track: FakeTrack
    room: LineRoom

    async def wait_for_subscription(self) -> None:
        await self.room.joined.wait()


@dataclass
class FakeLocalParticipant:
    """What the agent does in the room."""

    room: LineRoom
    track_publications: dict[str, FakePublication] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    attributes: list[dict[str, str]] = field(default_factory=list)
    packets: list[tuple[str, str]] = field(default_factory=list)

    async def publish_track(self, track: FakeTrack, _: object) -> FakePublication:
        await asyncio.sleep(self.room.publish_s)
        if self.room.refuses:
            raise rtc.PublishTrackError("refused")
        sid = f"TR_{len(self.room.tracks)}"
        self.room.tracks.append(track)
        self.track_publications[sid] = FakePublication(sid, track, self.room)
        self.room.published.set()
        self.room.emit("published")
        return self.track_publications[sid]

    async def unpublish_track(self, sid: str) -> None:
        del self.track_publications[sid]

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        await asyncio.sleep(self.room.tell_s)
        if self.room.refuses:
            raise ConnectionError("no signalling")
        self.attributes.append(attributes)

    async def publish_data(self, payload: str, *, reliable: bool, topic: str) -> None:
        assert reliable
        await asyncio.sleep(self.room.tell_s)
        self.packets.append((topic, payload))

    async def send_text(self, text: str, **_: Any) -> None:
        self.texts.append(text)


class LineRoom(FakeRoom):
    """A room in which tracks can be published.

    Attributes:
        tracks: All that were published, in order.
        publish_s: How long publishing takes, in seconds.
        tell_s: How long attributes and data packets take, in seconds.
        refuses: Whether publishing and changing attributes fail.
        published: Set when one was.
        joined: Set when somebody is there to listen.
    """

    def __init__(self, *participants: Participant) -> None:
        super().__init__(*participants)
        self.tracks: list[FakeTrack] = []
        self.local_participant = FakeLocalParticipant(self)
        self.publish_s = 0.0
        self.tell_s = 0.0
        self.refuses = False
        self.published = asyncio.Event()
        self.joined = asyncio.Event()
        if participants:
            self.joined.set()


class LineJob(FakeJob):
    """A job of a worker with such a room, and the session that was started in it."""

    def __init__(self, room: LineRoom) -> None:
        super().__init__()
        self.room = room
        self.session: Any = None

    @property
    def primary_session(self) -> Any:
        if self.session is None:
            raise RuntimeError("no session was started")
        return self.session

    async def connect(self) -> None:
        """It is connected."""


def phone() -> Participant:
    return Participant("phone", KIND.PARTICIPANT_KIND_SIP)


def browser() -> Participant:
    return Participant("web", KIND.PARTICIPANT_KIND_STANDARD)


def tracks_in_loop_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tracks of our own play in the loop's time."""
    monkeypatch.setattr(rtc, "AudioSource", FakeSource)
    monkeypatch.setattr(rtc.LocalAudioTrack, "create_audio_track", FakeTrack)


def in_a_room(monkeypatch: pytest.MonkeyPatch) -> LineRoom:
    """Let all sessions be in one room with a caller whom none of them has linked."""
    room = LineRoom(browser())
    monkeypatch.setattr("lastword._upstream.rooms.room_of", lambda _: room)
    return room
