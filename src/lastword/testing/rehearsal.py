"""Rehearses one call: leads it, waits for its result, and listens to it."""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..bounded import finished, first_of
from ..session.owner import SessionOwner
from .cold import nothing_prewarmed
from .ends import SilentMicrophone
from .faults import With, fault_of
from .outage import Outage
from .record import Record
from .stand_ins import Reply, stand_ins_for

if TYPE_CHECKING:
    from livekit import rtc
    from livekit.agents import Agent, AgentSession

    from .._upstream.stand_ins import Work
    from ..bounded import Signal
    from ..failure.failure import Failure
    from ..session.last_word import LastWord
    from ..session.report import Report
    from .exceptions import Part
    from .heard import Heard


_CLOSE_S = 20.0

rehearsed: ContextVar[object] = ContextVar("lastword_rehearsed", default=None)
"""The call that a task belongs to; covers work outside of sessions, such as rendering words."""


class Rehearsal:
    """One rehearsed call; `rehearse` makes it.

    Attributes:
        session: The session that runs.
        agent: Its first agent.
        sink: Its output.
        last_word: What `attach` returned for the session, or None if it was not attached.
        events: What has happened, in order.
        began_at: When it was made, in the event loop's time.
        reply: What the LLM's stand-in answers, if there is one; may be changed.
    """

    def __init__(
        self, session: AgentSession[Any], agent: Agent, last_word: LastWord | None
    ) -> None:
        self.session = session
        self.agent = agent
        self.last_word = last_word
        self._record = Record()
        self.sink = self._record.sink
        self.events = self._record.events
        self.began_at = self._record.began_at
        self.reply = Reply()
        owner = SessionOwner(session)

        def owns(work: Work) -> bool:
            call = rehearsed.get()
            return call is self or (call is None and owner.owns(work.outermost))

        self._outage = Outage(owns)
        self._stack = contextlib.ExitStack()

    # --- leading it --------------------------------------------------------------------------

    async def says(self, text: str) -> None:
        """Let the caller say something: the agent begins a turn.

        Raises:
            RuntimeError: The session is closing or closed; a caller who speaks then is not heard.
        """
        self._record.ask("caller", text)
        self.session.generate_reply(user_input=text)
        await asyncio.sleep(0)

    def break_component(self, component: Part, *, with_: With, times: int | None = None) -> None:
        """Break a component from now on, even in the middle of its work.

        Args:
            component: "llm", "stt", "tts" or "realtime".
            with_: As for `lastword.testing.break_component`.
            times: How many attempts fail, retries counted; None for all.
        """
        fault = fault_of(with_, component)
        self._record.ask("broken", f"{component}: {fault.name}")
        self._outage.break_part(component, fault, times)

    def mend(self, component: Part) -> None:
        """Let a component do its work again."""
        self._outage.mend(component)

    async def sleep(self, seconds: float) -> None:
        """Let some seconds of the call pass."""
        await asyncio.sleep(seconds)

    async def state(self, *states: str, within_s: float = 30.0) -> None:
        """Wait until the agent is in one of some states, such as "listening" or "speaking".

        Raises:
            TimeoutError: It was in none of them in time.
        """
        wanted = f"the agent to be {' or '.join(states)}"
        give_up_at = self._record.now() + within_s
        while self.session.agent_state not in states:
            if self.has_closed or not await self.changed(within_s=give_up_at - self._record.now()):
                raise TimeoutError(f"expected {wanted} within {within_s:g} s, {self.told()}")

    async def changed(self, *, within_s: float) -> bool:
        """Wait for the next event of the call; return whether one came in time."""
        self._record.happened.clear()
        return await first_of(self._record.happened, timeout_s=within_s)

    # --- waiting for its result -------------------------------------------------------------

    async def failed(self, within_s: float = 60.0) -> Failure:
        """Wait for the first error without a retry, and return the failure that it means.

        Args:
            within_s: How long at most, in seconds.

        Raises:
            TimeoutError: None came in time; the message says what was heard.
        """
        await self._within(self._record.has_failed, within_s, "a failure")
        assert self._record.failure is not None  # noqa: S101 - set before the signal
        return self._record.failure

    async def closed(self, within_s: float = 120.0) -> Report | None:
        """Wait until the session is closed and all that follows is over.

        Args:
            within_s: How long at most, in seconds.

        Returns:
            The report, or None if it closed without last words.

        Raises:
            TimeoutError: It was not closed in time; the message says what was heard.
        """
        await self._within(self._record.has_closed, within_s, "the session to be closed")
        return await self.last_word.settled() if self.last_word is not None else None

    # --- listening to it ---------------------------------------------------------------------

    @property
    def failed_at(self) -> float | None:
        """When the first error without a retry came, in the event loop's time, or None."""
        return self._record.failed_at

    @property
    def heard(self) -> Heard:
        """What was heard since the call began; times count from there."""
        return self.heard_since(self.began_at)

    @property
    def heard_last(self) -> Heard:
        """What was heard since the failure, or since the caller spoke last if there is none."""
        return self.heard_since(self._record.silent_since)

    def heard_since(self, at: float) -> Heard:
        """Return what was heard since an event-loop time, in seconds; times count from there."""
        return self._record.heard_since(at)

    @property
    def silence_s(self) -> float:
        """Seconds from the failure to the next sound, or to now if none has come.

        Without a failure they count from when the caller spoke last.
        """
        first = self.heard_last.first_at_s
        return self._record.now() - self._record.silent_since if first is None else first

    @property
    def report(self) -> Report | None:
        """The report of the failure, or None while there is none."""
        return self.last_word.report if self.last_word is not None else None

    @property
    def has_closed(self) -> bool:
        """Whether the session has closed."""
        return self._record.has_closed.is_set()

    def told(self) -> str:
        """Return in one line what was heard and reported, for the message of an assertion."""
        heard = self.heard_last
        words = f", the words {heard.transcript!r}" if heard.transcript else ""
        first = "" if heard.first_at_s is None else f" from {heard.first_at_s:.2f} s on"
        return f"heard {heard.sound_s:.1f} s of sound{first}{words}; report: {self.report}"

    def assert_heard(
        self, words: str | None = None, *, within_s: float = 0.5, at_least_s: float = 0.5
    ) -> None:
        """Assert that the caller heard the last words; if not, the message says what was heard.

        Args:
            words: The expected words; None for any.
            within_s: Longest time from the failure to the first sound, in seconds.
            at_least_s: Shortest sound accepted, in seconds.

        Raises:
            AssertionError: It was not so.
        """
        __tracebackhide__ = True
        heard, wanted = self.heard_last, "sound" if words is None else f"the words {words!r}"
        said = heard.transcript if self.report is None else self.report.transcript
        in_time = heard.first_at_s is not None and heard.first_at_s <= within_s
        if not in_time or heard.sound_s < at_least_s or (words is not None and words not in said):
            raise AssertionError(f"expected {wanted} within {within_s:g} s, {self.told()}")

    def assert_closed(self, *, after: str | None = None) -> None:
        """Assert that the session has closed, and what followed.

        Args:
            after: Name of the expected action, such as "hang_up"; None for any or none.

        Raises:
            AssertionError: It was not so.
        """
        __tracebackhide__ = True
        followed = self.report.after if self.report is not None else None
        if not self.has_closed or (after is not None and after != followed):
            action = "" if after is None else f" and {after} to follow"
            state = f"followed by {followed}" if self.has_closed else "it is open"
            raise AssertionError(
                f"expected the session to be closed{action}, {state}; {self.told()}"
            )

    # --- its beginning and its end -----------------------------------------------------------

    async def start(
        self, *, stand_in: bool, hears: bool = True, room: rtc.Room | None = None
    ) -> None:
        """Start the session; `rehearse` calls this.

        Args:
            stand_in: Whether stand-ins do the work of all components.
            hears: Whether the session gets a caller's silence, on which a local VAD works.
            room: Where the session is to run, if it is not to be recorded here.
        """
        rehearsed.set(self)
        self._outage.install()
        self._stack.callback(self._outage.remove)
        if stand_in:
            self._stack.enter_context(nothing_prewarmed())  # by plugins imported meanwhile
            for part, work in stand_ins_for(self.reply).items():
                self._outage.replace(part, work)
        session = self.session
        where: dict[str, Any] = {} if room is None else {"room": room}
        if room is None:
            session.output.audio, session.output.transcription = self.sink, self._record.words
        if room is None and hears and session.input.audio is None:
            session.input.audio = SilentMicrophone()
        session.on("error", self._record.on_error)
        session.on("close", self._record.on_close)
        session.on("agent_state_changed", lambda event: self._record.note("agent", event.new_state))
        models: list[object] = [session.llm, self.agent.llm]
        self._stack.enter_context(self._outage.watch_realtime(models, stand_in=stand_in))
        await session.start(self.agent, **where)
        if stand_in and self.last_word is not None:
            await self.last_word.ready()  # words are rendered, as in any call but the first

    async def aclose(self) -> None:
        """Close the session and its components, if that has not happened; `rehearse` calls this."""
        rehearsed.set(None)
        self._record.end()
        await finished(self.session.aclose(), name="lastword.testing.close", timeout_s=_CLOSE_S)
        if self.last_word is not None:
            await self.last_word.settled()
            self.last_word.detach()
        self._stack.close()
        await close_components(self.session, self.agent)

    async def _within(self, signal: Signal, within_s: float, what: str) -> None:
        if not await first_of(signal, timeout_s=within_s):
            raise TimeoutError(f"expected {what} within {within_s:g} s, {self.told()}")


async def close_components(*owners: AgentSession[Any] | Agent) -> None:
    """Close the components of sessions and agents; errors in closing change no result."""
    parts = {id(part): part for one in owners for part in (one.llm, one.stt, one.tts) if part}
    for part in parts.values():
        aclose = getattr(part, "aclose", None)
        if aclose is not None:
            await finished(aclose(), name="lastword.testing.close_component", timeout_s=_CLOSE_S)
