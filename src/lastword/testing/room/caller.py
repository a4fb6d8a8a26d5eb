"""Runs the caller's end of a call: joins a room, speaks, and keeps what is heard and read there."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from livekit import rtc

from ...bounded import within
from .recording import RATE, Recording, Samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from .server import Access

SPOKEN_S = 0.1  # the microphone sends this much at a time ...
AHEAD_S = 0.2  # ... and so much before it is due
TRANSCRIPTION = "lk.transcription"
CHAT = "lk.chat"
AGENT_STATE = "lk.agent.state"


@dataclass
class Shown:
    """One segment of `lk.transcription` as the caller's client sees it."""

    segment_id: str
    text: str
    sender: str
    at: float


class Caller:
    """One participant with a microphone: `async with Caller(server, "room") as caller`.

    Args:
        server: Where the room is.
        room: Its name.
        identity: The participant's.
        kind: What it is for livekit: "standard", "sip", ...
        url: Where it finds the server, if not directly.
        subscribe: Whether it listens.
        microphone: Whether it has one; its encoder is the most of what a caller costs.
        frame_ms: How much it hears at a time; the rest goes by the frame.

    Attributes:
        heard: Recordings by the identity of who spoke and the track's id, in order of arrival.
        shown: Transcription segments, complete ones only.
        states: (time, agent state) as the attribute of the agent changed.
        events: Names of room events with their time, for the order of things.
    """

    def __init__(
        self,
        server: Access,
        room: str,
        *,
        identity: str = "caller",
        kind: str = "standard",
        url: str | None = None,
        subscribe: bool = True,
        microphone: bool = True,
        frame_ms: int = 10,
    ) -> None:
        self.room = rtc.Room()
        self.identity = identity
        self.heard: dict[tuple[str, str], Recording] = {}
        self.shown: list[Shown] = []
        self.states: list[tuple[float, str]] = []
        self.events: list[tuple[float, str]] = []
        self._url = url or server.url
        self._token = server.token(identity, room, kind=kind)
        self._subscribe = subscribe
        self._has_microphone = microphone
        self._frame_ms = frame_ms
        self._speech: asyncio.Queue[Samples] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.room.on("track_subscribed", self._on_track)
        self.room.on("track_unsubscribed", self._on_track_gone)
        self.room.on("participant_attributes_changed", self._on_attributes)
        for name in ("participant_connected", "participant_disconnected", "disconnected"):
            self.room.on(name, lambda *_, name=name: self._note(name))
        self.room.register_text_stream_handler(TRANSCRIPTION, self._on_text)
        options = rtc.RoomOptions(auto_subscribe=self._subscribe)
        await within(self.room.connect(self._url, self._token, options), 15)
        if self._has_microphone:
            await self._publish()
        return self

    async def _publish(self) -> None:
        source = rtc.AudioSource(RATE, 1, queue_size_ms=500)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        publish = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await within(self.room.local_participant.publish_track(track, publish), 15)
        self._spawn(self._microphone(source), "caller_microphone")

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Leave the room; a second call does nothing."""
        if self.room.isconnected():
            await within(self.room.disconnect(), 10)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def type(self, text: str) -> None:
        """Say one thing by chat, which RoomIO hands to `generate_reply`."""
        await self.room.local_participant.send_text(text, topic=CHAT)

    def say(self, samples: Samples) -> None:
        """Speak, (samples,) float32 at 24 kHz; returns at once, the microphone goes on."""
        self._speech.put_nowait(samples)

    def recording(self, speaker: str | None = None) -> Recording:
        """What was heard of one speaker, of anyone if None; the tracks one after the other."""
        tracks = [r for (who, _), r in self.heard.items() if speaker in (None, who)]
        return Recording([frame for track in tracks for frame in track.frames])

    async def until(self, condition: Callable[[], bool], timeout_s: float) -> None:
        """Wait until a condition over what the caller has come true.

        Raises:
            TimeoutError: It did not within the time.
        """
        deadline = time.monotonic() + timeout_s
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not within {timeout_s} s; events: {self.events}")
            self._changed.clear()
            try:
                # woken now and then, because the passing of time may be the condition
                await within(self._changed.wait(), min(left, 0.05))
            except asyncio.TimeoutError:
                continue

    async def until_quiet(self, quiet_s: float = 0.3, timeout_s: float = 30.0) -> None:
        """Wait until nothing louder than codec noise has arrived for a while."""
        began = time.monotonic()

        def is_quiet() -> bool:
            last = max((r.loud_at or began for r in self.heard.values()), default=began)
            return time.monotonic() - last > quiet_s

        await self.until(is_quiet, timeout_s)

    def loud(self) -> bool:
        """Whether anything louder than codec noise has been heard of anyone."""
        return any(recording.loud_at is not None for recording in self.heard.values())

    def forget(self) -> None:
        """Drop what was heard so far; the recordings go on."""
        for recording in self.heard.values():
            recording.forget()

    def _note(self, name: str) -> None:
        self.events.append((time.monotonic(), name))
        self._changed.set()

    def _spawn(self, work: object, name: str) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)  # type: ignore[arg-type]
        self._tasks.add(task)

    def _on_track(
        self,
        track: rtc.Track,
        _: rtc.RemoteTrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            recording = self.heard.setdefault((participant.identity, track.sid), Recording())
            self._spawn(self._record(track, recording), f"caller_record_{track.sid}")
            self._note("track_subscribed")

    def _on_track_gone(self, track: rtc.Track, *_: object) -> None:
        """End its recording: the next track may come by the same transceiver."""
        for task in self._tasks:
            if task.get_name() == f"caller_record_{track.sid}":
                task.cancel()

    def _on_attributes(self, changed: dict[str, str], _: rtc.Participant) -> None:
        if AGENT_STATE in changed:
            self.states.append((time.monotonic(), changed[AGENT_STATE]))
            self._changed.set()

    def _on_text(self, reader: rtc.TextStreamReader, sender: str) -> None:
        self._spawn(self._read(reader, sender), "caller_read")

    async def _read(self, reader: rtc.TextStreamReader, sender: str) -> None:
        attributes = reader.info.attributes or {}
        text = await reader.read_all()
        segment = attributes.get("lk.segment_id", reader.info.stream_id)
        self.shown.append(Shown(segment, text, sender, time.monotonic()))
        self._changed.set()

    async def _record(self, track: rtc.Track, recording: Recording) -> None:
        stream = rtc.AudioStream(
            track, sample_rate=RATE, num_channels=1, frame_size_ms=self._frame_ms
        )
        try:
            async for event in stream:
                pcm = np.frombuffer(event.frame.data, np.int16)
                sound = (pcm / 32768).astype(np.float32)
                recording.add(time.monotonic(), sound)
                self._changed.set()
        finally:
            await stream.aclose()

    async def _microphone(self, source: rtc.AudioSource) -> None:
        """Send silence all the time, and speech when there is some.

        Paced by the clock and not by a full queue: while `capture_frame` waits, it is handed every
        event of every room in the process (livekit 1.1.21); many callers would hold up the loop.
        """
        speech = np.zeros(0, np.float32)
        size = round(SPOKEN_S * RATE)
        due = time.monotonic()
        while True:
            if not speech.size and not self._speech.empty():
                speech = self._speech.get_nowait()
            chunk, speech = speech[:size], speech[size:]
            pcm = np.zeros(size, np.int16)
            pcm[: len(chunk)] = np.rint(chunk * 32767)
            await source.capture_frame(rtc.AudioFrame(pcm.tobytes(), RATE, 1, size))
            due += SPOKEN_S
            await asyncio.sleep(due - AHEAD_S - time.monotonic())
