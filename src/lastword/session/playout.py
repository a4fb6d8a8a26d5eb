"""The ways out: `say()`, straight into the sink, a track of our own. Owns what counts as heard.

Must not decide anything about closing; nothing here decodes, resamples, opens or imports.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .. import _upstream
from .own_track import play_on_own_track
from .waiting import finished, first_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from livekit import rtc
    from livekit.agents import AgentSession
    from livekit.agents.voice import SpeechHandle, io

    from .own_track import OwnTrack
    from .report import Path, Played

logger = logging.getLogger("lastword")

LEAD_S = 0.5
"""How far frames are handed out ahead of playout: sinks take them far faster than real time, and
50 sessions that fail together would each push a whole clip in one turn of the loop."""
STALL_S = 1.0
"""A sink that takes no frame for so long is given up: frames last 10 to 100 ms."""
REPORT_S = 0.25
"""How long a sink that is stopped may take to say how far it came."""
OWN_TAIL_S = 0.2
"""Quiet before our own track is taken out of the room: its last packets are still on their way."""
REST_S = LEAD_S + 1.0
"""Once all frames are taken, so soon a sink must report that it has played them."""


@dataclass
class Playout:
    """What became of one clip: filled while it is played, read when it is over.

    Attributes:
        frames: The clip, ready.
        accepted: How many of the frames a sink has taken.
        first_frame_at: Event-loop time of the first frame that was taken.
        ways: The ways tried, in order.
        position_s: Seconds played, as the sinks reported.
        started: A sink reported that playing began.
    """

    frames: list[rtc.AudioFrame]
    accepted: int = 0
    first_frame_at: float | None = None
    ways: list[Path] = field(default_factory=list)
    position_s: float = 0.0
    started: bool = False

    @property
    def clip_s(self) -> float:
        """Seconds of all frames together."""
        return sum(f.samples_per_channel / f.sample_rate for f in self.frames)

    @property
    def complete(self) -> bool:
        """Whether every frame was taken."""
        return self.accepted == len(self.frames)

    @property
    def path(self) -> Path | None:
        """The last way by which a frame was taken, or None."""
        return self.ways[-1] if self.ways and self.accepted else None

    @property
    def played(self) -> Played:
        """How much was heard, as the sink says: a frame (or 20 ms) short is still "full"."""
        if self.position_s >= self.clip_s - 0.05:
            return "full"
        return "part" if self.started or self.position_s > 0 else "none"

    def played_more(self, before_s: float, played_s: float) -> None:
        """Notes that a way has played some seconds on top of those before it."""
        self.position_s = min(before_s + played_s, self.clip_s)

    def listen(self, output: io.AudioOutput) -> Callable[[], None]:
        """Follows what an output reports from here on; returns the function that ends it."""
        base = self.position_s

        def on_started(_: Any) -> None:
            self.started = True

        def on_finished(event: io.PlaybackFinishedEvent) -> None:
            self.played_more(base, event.playback_position)

        output.on("playback_started", on_started)
        output.on("playback_finished", on_finished)

        def stop() -> None:
            output.off("playback_started", on_started)
            output.off("playback_finished", on_finished)

        return stop


class Speaker:
    """Plays one clip into one session, by the first way that works.

    Args:
        session: The failing session.
        playout: The clip and what becomes of it.
        transcript: Its words, for the way that shows them.
        abort: Set when nobody is to hear the rest.
        deadline: Event-loop time by which the first frame must be taken, all ways together.
        standby: A track that was published for this before, or None.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        playout: Playout,
        *,
        transcript: str,
        abort: asyncio.Event,
        deadline: float,
        standby: OwnTrack | None,
    ) -> None:
        self._session = session
        self._playout = playout
        self._transcript = transcript
        self._abort = abort
        self._deadline = deadline
        self._standby = standby
        self._loop = asyncio.get_running_loop()
        self._progress = asyncio.Event()
        self._way_over = asyncio.Event()

    async def speak(self) -> None:
        """Tries one way after the other until the clip is played or must not be heard any more."""
        interrupted = self._silence_others()
        output = self._session.output.audio if self._session.output.audio_enabled else None
        if output is not None:
            await self._by_output(output, interrupted)
        elif not _upstream.audio_is_coming(self._session):
            await self._by_text()
            return
        _upstream.refuse_new_work(self._session)
        if not self._over:
            await self._by_own_track()

    async def _by_output(
        self, output: io.AudioOutput, interrupted: asyncio.Future[None] | None
    ) -> None:
        if _upstream.output_is_poisoned(self._session):
            return
        settled_by = self._loop.time() + STALL_S
        handle = self._say()
        _upstream.refuse_new_work(self._session)
        if handle is not None:
            await self._follow(handle, output)
        if interrupted is not None and not self._over:
            # the interrupted speech still owes a clear_buffer(): pushing before it loses frames
            await first_of(interrupted, self._abort, timeout_s=settled_by - self._loop.time())
        if not self._over:
            await self._direct(output)

    @property
    def _over(self) -> bool:
        return self._playout.complete or self._abort.is_set()

    # --- the first way ---------------------------------------------------------------------------

    def _silence_others(self) -> asyncio.Future[None] | None:
        try:
            # not awaited: a hung function tool keeps this future open for ever
            return self._session.interrupt(force=True)
        except RuntimeError:
            return None  # no activity: nothing speaks

    def _say(self) -> SpeechHandle | None:
        try:
            handle = self._session.say(
                self._transcript,
                audio=self._paced(self._playout.frames),
                allow_interruptions=False,
                add_to_chat_ctx=False,
            )
        except Exception:
            # a paused scheduler (hand-over in flight), no activity, a user's handler that raised
            logger.debug("say() was refused, playing directly", exc_info=True)
            return None
        try:
            # a realtime session drops the argument with a warning; the handle takes it
            handle.allow_interruptions = False
        except RuntimeError:
            logger.debug("the speech was interrupted at once")
        return handle

    async def _paced(self, frames: list[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
        """Yields frames at most `LEAD_S` ahead; a frame counts once the next one is asked for."""
        start, handed_s, way_over = self._loop.time(), 0.0, self._way_over
        for frame in frames:
            if way_over.is_set():
                return
            pulled_at = self._loop.time()
            yield frame
            if way_over.is_set():
                return
            self._took(pulled_at)
            handed_s += frame.samples_per_channel / frame.sample_rate
            lead = start + handed_s - LEAD_S - self._loop.time()
            if lead > 0:
                await asyncio.sleep(lead)

    def _took(self, at: float | None = None) -> None:
        """Counts a frame that was taken, at an event-loop time or now."""
        if self._playout.first_frame_at is None:
            self._playout.first_frame_at = self._loop.time() if at is None else at
        self._playout.accepted += 1
        self._progress.set()

    async def _follow(self, handle: SpeechHandle, output: io.AudioOutput) -> None:
        """Waits until the speech is played, stalls, or ends without having been heard."""
        self._playout.ways.append("say")
        stop_listening = self._playout.listen(output)
        over = asyncio.Event()
        handle.add_done_callback(lambda _: over.set())
        try:
            while not (self._playout.complete or over.is_set()):
                first = self._playout.accepted == 0
                limit = min(STALL_S, self._deadline - self._loop.time()) if first else STALL_S
                self._progress.clear()
                if not await first_of(self._progress, over, self._abort, timeout_s=limit):
                    break
                if self._abort.is_set():
                    return
            if self._playout.complete:
                await first_of(over, self._abort, timeout_s=REST_S)
        finally:
            self._way_over.set()  # a sink that wakes up late takes nothing any more
            self._way_over = asyncio.Event()
            if not over.is_set():
                self._interrupt(handle)
                await first_of(over, timeout_s=REPORT_S)
            stop_listening()

    def _interrupt(self, handle: SpeechHandle) -> None:
        try:
            handle.interrupt(force=True)
        except RuntimeError:
            logger.debug("the speech cannot be interrupted any more")

    # --- the second way --------------------------------------------------------------------------

    async def _direct(self, output: io.AudioOutput) -> None:
        """Pushes what is left straight into the sink (the order is forced, facts: livekit.md 4)."""
        self._playout.ways.append("direct")
        try:
            output.resume()
            output.flush()
            output.clear_buffer()
        except Exception:
            logger.debug("the output cannot be cleared", exc_info=True)
        rest_s = min(STALL_S, self._deadline - self._loop.time())
        await finished(output.wait_for_playout(), name="lastword_rest", timeout_s=rest_s)
        stop_listening = self._playout.listen(output)
        try:
            if await self._push(output):
                await finished(output.wait_for_playout(), name="lastword_end", timeout_s=REST_S)
        finally:
            stop_listening()

    async def _push(self, output: io.AudioOutput) -> bool:
        """Pushes all frames that no sink has taken yet; True if all were taken."""
        async for frame in self._paced(self._playout.frames[self._playout.accepted :]):
            capture = output.capture_frame(frame)
            taken = await finished(capture, name="lastword_capture", timeout_s=STALL_S)
            if not taken or self._abort.is_set():
                return False
        try:
            output.flush()
        except Exception:
            logger.debug("the output cannot be flushed", exc_info=True)
            return False
        return True

    # --- the third way ---------------------------------------------------------------------------

    async def _by_own_track(self) -> None:
        """Publishes a track of our own for what is left: the session's output is dead."""
        room = _upstream.room_of(self._session)
        left_s = self._deadline - self._loop.time()
        if room is None or not room.isconnected() or left_s <= 0:
            return
        self._playout.ways.append("own_track")
        rest = self._playout.frames[self._playout.accepted :]
        before_s = self._playout.position_s
        playing = asyncio.ensure_future(
            play_on_own_track(
                room,
                rest,
                first_frame_timeout_s=left_s,
                tail_s=OWN_TAIL_S,
                on_frame=self._took,
                track=self._standby,
            )
        )
        playing.set_name("lastword_own_track")
        longest_s = left_s + self._playout.clip_s + OWN_TAIL_S + REST_S
        try:
            await first_of(playing, self._abort, timeout_s=longest_s)
        finally:
            if not playing.done():
                playing.cancel()
                await asyncio.wait({playing}, timeout=REST_S)
        if playing.done() and not playing.cancelled() and playing.exception() is None:
            self._playout.played_more(before_s, playing.result().played_s)

    # --- without sound ---------------------------------------------------------------------------

    async def _by_text(self) -> None:
        """Shows the words alone: a session without audio output, or with it disabled."""
        self._playout.ways.append("text")
        handle = self._say()
        _upstream.refuse_new_work(self._session)
        if handle is None:
            return
        over = asyncio.Event()
        handle.add_done_callback(lambda _: over.set())
        await first_of(over, self._abort, timeout_s=STALL_S)
