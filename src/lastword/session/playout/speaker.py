"""Plays a clip into a session: by `say()`, straight into the sink, or on lastword's own track.

Nothing here decodes, resamples, opens a file or imports a module.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from ..._upstream import rooms, sessions, transcripts
from ...bounded import Signal, finished, first_of
from ...traces import told
from .own_way import speak_on_own_track

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from livekit import rtc
    from livekit.agents import AgentSession
    from livekit.agents.voice import SpeechHandle, io

    from ...room.own_track import Standby
    from .heard import Heard

logger = logging.getLogger("lastword")

LEAD_S = 0.5
"""How far frames are handed out ahead of playout: sinks take them far faster than real time, and
50 sessions that fail together would each push a whole clip in one turn of the loop."""
STALL_S = 1.0
"""A sink that takes no frame for this long is given up: frames last 10 to 100 ms."""
REPORT_S = 0.25
"""How long a stopped sink may take to report how much it played."""
REST_S = LEAD_S + 1.0
"""Once all frames are taken, a sink has this long to report that it has played them. Time by which
the loop is late does not count, up to the clip's own length: twenty calls of one process that speak
at once on a busy machine are slower than the clock, and would all be cut at the end."""


class Speaker:
    """Plays one clip into one session, by the first way that works.

    Args:
        session: The failing session.
        heard: The record of the clip.
        transcript: Its words, for the way that shows them.
        abort: Set to stop the clip.
        deadline: Event-loop time by which the first frame must be taken, all ways together.
        standby: A track that was published in advance, or None.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        heard: Heard,
        *,
        transcript: str,
        abort: Signal,
        deadline: float,
        standby: Standby | None,
    ) -> None:
        self._session = session
        self._heard = heard
        self._transcript = transcript
        self._abort = abort
        self._deadline = deadline
        self._standby = standby
        self._loop = asyncio.get_running_loop()
        self._progress = Signal()
        self._way_over = Signal()

    async def speak(self) -> None:
        """Try one way after the other until the clip is played or has to stop."""
        interrupted = self._silence_others()
        output = self._session.output.audio if self._session.output.audio_enabled else None
        if output is not None:
            await self._by_output(output, interrupted)
        elif not rooms.audio_is_coming(self._session):
            await self._by_text()
            return
        sessions.refuse_new_work(self._session)
        if not self._over:
            await self._by_own_track()

    async def speak_again(self) -> None:
        """Play straight into the output or on a separate track, when new speech is refused."""
        output = self._session.output.audio if self._session.output.audio_enabled else None
        if output is not None and not rooms.output_is_poisoned(self._session):
            with self._listening(output):
                await self._direct(output)
        if not self._over:
            await self._by_own_track()

    async def _by_output(
        self, output: io.AudioOutput, interrupted: asyncio.Future[None] | None
    ) -> None:
        if rooms.output_is_poisoned(self._session):
            return
        settled_by = self._loop.time() + STALL_S
        with self._listening(output):
            handle = self._say()
            sessions.refuse_new_work(self._session)
            if handle is not None:
                await self._follow(handle)
            if interrupted is not None and not self._over:
                # the interrupted speech still owes a clear_buffer(): pushing before it loses frames
                await first_of(interrupted, self._abort, timeout_s=settled_by - self._loop.time())
            if not self._over:
                await self._direct(output)

    @contextlib.contextmanager
    def _listening(self, output: io.AudioOutput) -> Iterator[None]:
        """Follow what an output reports; the words go out whole meanwhile."""
        stop_listening = self._heard.listen(output)
        try:
            with transcripts.untimed(self._session):
                yield
        finally:
            stop_listening()

    @property
    def _over(self) -> bool:
        return self._heard.complete or self._abort.is_set()

    # --- the first way ---------------------------------------------------------------------------

    def _silence_others(self) -> asyncio.Future[None] | None:
        try:
            # not awaited: a hung function tool keeps this future open forever
            return self._session.interrupt(force=True)
        except RuntimeError:
            return None  # no activity: nothing speaks

    def _say(self) -> SpeechHandle | None:
        try:
            handle = self._session.say(
                self._transcript,
                audio=self._paced(self._heard.frames, self._way_over),
                allow_interruptions=False,
                add_to_chat_ctx=False,
            )
        except Exception as error:  # noqa: BLE001 - see below
            # a paused scheduler (hand-over in flight), no activity, a user's handler that raised
            logger.debug("say() was refused, playing directly: %s", told(error))
            return None
        try:
            # a realtime session drops the argument with a warning; the handle takes it
            handle.allow_interruptions = False
        except RuntimeError:
            logger.debug("the speech was interrupted at once")
        return handle

    async def _paced(
        self, frames: Sequence[rtc.AudioFrame], way_over: Signal
    ) -> AsyncIterator[rtc.AudioFrame]:
        """Yield frames at most `LEAD_S` ahead; a frame counts once the next one is asked for.

        Each way has a `way_over` of its own: a sink may begin to ask long after it was given up.
        """
        start, handed_s = self._loop.time(), 0.0
        for frame in frames:
            if way_over.is_set():
                return
            pulled_at = self._loop.time()
            yield frame
            if way_over.is_set():
                return
            self._took(pulled_at)
            handed_s += frame.samples_per_channel / frame.sample_rate
            lead_s = start + handed_s - LEAD_S - self._loop.time()
            # also without a lead: of many sessions that fail together each gets its first frames
            # before any gets its next ones, and none runs ahead of a sink that a late loop slows
            await asyncio.sleep(max(lead_s, 0.0))

    def _took(self, at: float | None = None) -> None:
        """Count a frame that was taken, at an event-loop time or now."""
        self._heard.took(self._loop.time() if at is None else at)
        self._progress.set()

    async def _follow(self, handle: SpeechHandle) -> None:
        """Wait until the speech is played, stalls, or ends without having been heard."""
        self._heard.ways.append("say")
        over = Signal()
        handle.add_done_callback(lambda _: over.set())
        try:
            while not self._over and not handle.interrupted:
                # a speech that is over may still be played: its handle ends early when only its
                # text side fails
                limit_s = REPORT_S if over.is_set() else STALL_S
                if not self._heard.accepted:
                    limit_s = min(limit_s, self._deadline - self._loop.time())
                self._progress.clear()
                ended = () if over.is_set() else (over,)
                if not await first_of(self._progress, self._abort, *ended, timeout_s=limit_s):
                    break
            if self._heard.complete:
                await first_of(
                    self._heard.reported,
                    self._abort,
                    timeout_s=REST_S,
                    late_s=self._heard.clip_s,
                )
            if handle.interrupted and self._heard.accepted and not self._abort.is_set():
                # interrupted by the user: what the sink still held is gone: push it again
                await first_of(self._heard.reported, self._abort, timeout_s=REPORT_S)
                self._heard.rewind()
        finally:
            self._way_over.set()  # a sink that wakes up late takes nothing any more
            self._way_over = Signal()
            if not over.is_set():
                self._interrupt(handle)
                await first_of(over, timeout_s=REPORT_S)

    def _interrupt(self, handle: SpeechHandle) -> None:
        try:
            handle.interrupt(force=True)
        except RuntimeError:
            logger.debug("the speech cannot be interrupted any more")

    # --- the second way --------------------------------------------------------------------------

    async def _direct(self, output: io.AudioOutput) -> None:
        """Push what is left straight into the sink.

        In any other order the message is lost after an interruption (1.4.6 .. 1.8.9).
        """
        self._heard.ways.append("direct")
        try:
            output.resume()
            output.flush()
            output.clear_buffer()
        except Exception as error:  # noqa: BLE001 - a user's output may raise anything
            logger.debug("the output cannot be cleared: %s", told(error))
        rest_s = min(STALL_S, self._deadline - self._loop.time())
        await finished(output.wait_for_playout(), name="lastword_rest", timeout_s=rest_s)
        if await self._push(output):
            await finished(
                output.wait_for_playout(),
                name="lastword_end",
                timeout_s=REST_S,
                late_s=self._heard.clip_s,
            )

    async def _push(self, output: io.AudioOutput) -> bool:
        """Push all frames that no sink has taken yet; return whether all were taken."""
        async for frame in self._paced(self._heard.rewind(), self._way_over):
            capture = output.capture_frame(frame)
            taken = await finished(capture, name="lastword_capture", timeout_s=STALL_S)
            if not taken or self._abort.is_set():
                return False
        try:
            output.flush()
        except Exception as error:  # noqa: BLE001 - a user's output may raise anything
            logger.debug("the output cannot be flushed: %s", told(error))
            return False
        return True

    # --- the third way ---------------------------------------------------------------------------

    async def _by_own_track(self) -> None:
        """Publish a separate track for what is left: the session's output is dead."""
        room = rooms.room_of(self._session)
        left_s = self._deadline - self._loop.time()
        if self._heard.accepted:
            left_s = max(left_s, STALL_S)  # the deadline was for the first frame
        if room is None or not room.isconnected() or left_s <= 0:
            return
        await speak_on_own_track(
            room,
            self._heard,
            # the words went out with say(), if that could be called
            transcript="" if "say" in self._heard.ways else self._transcript,
            abort=self._abort,
            first_frame_timeout_s=left_s,
            standby=self._standby,
        )

    # --- without sound ---------------------------------------------------------------------------

    async def _by_text(self) -> None:
        """Show the words alone: a session without audio output, or with it disabled."""
        self._heard.ways.append("text")
        handle = self._say()
        sessions.refuse_new_work(self._session)
        if handle is None:
            return
        over = Signal()
        handle.add_done_callback(lambda _: over.set())
        if await first_of(over, timeout_s=STALL_S) and not handle.interrupted:
            self._heard.path = "text"
