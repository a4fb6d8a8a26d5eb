"""Tells the caller of a job that is sent away, by a roll-out or a drain, before the job is gone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from livekit.agents import telemetry

from .._upstream import jobs, rooms, versions
from ..failure.failure import Failure
from ..failure.kinds import FailureKind
from ..room.callers import callers_in
from ..traces import told
from .after.followup import PhoneWarning
from .after.plan import Plan
from .ending import is_told
from .report import deliver, delivered
from .script import Script
from .without_session import end_call
from .words.message import DEFAULT
from .words.rendering import WordsWithoutSession
from .words.utterance import OutputFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livekit.agents import AgentSession, JobContext

    from .after.plan import AnyAfter
    from .report import Report
    from .words.message import AnyMessage

logger = logging.getLogger("lastword")

MAX_MESSAGE_S = 60.0


def farewell(message: AnyMessage = DEFAULT, *, after: AnyAfter = None) -> Farewell:
    """Return what tells the caller of a job that is ended from outside, before it leaves the room.

    Pass it to `attach(..., farewell=...)`, or without `attach` to
    `server.rtc_session(entry, on_session_end=...)`. It speaks when the worker ends a job (a drain
    time-out, a roll-out, a shutdown) or the entrypoint has raised. It is silent after your own
    `job.shutdown()`, after last words, and if no caller is in the room.

    Args:
        message: What the caller hears, any form of `attach`'s message. Without `attach`, words are
            spoken in the voice that rendered them last, by `lastword bake` or an agent; before
            that, a bundled clip speaks.
        after: What follows: `leave()`, `hang_up()`, `transfer_to(...)`, `hand_over(...)`, or None
            to leave the caller in the room.

    Raises:
        ClipError: A file of the message is missing, broken or too long.
        MessageError: The message has a form that is not known.
        TypeError: `after` is none of these.
    """
    return Farewell(message, after)


class Farewell:
    """What `farewell` returns: the words and the action for a job that is sent away.

    Args:
        message: What the caller hears.
        after: What follows.

    Attributes:
        plan: What follows.
    """

    def __init__(self, message: AnyMessage, after: AnyAfter) -> None:
        self._message, self._after = message, after
        self.plan = Plan(after, check=False)
        self._script = self.script(languages=[None], max_message_s=MAX_MESSAGE_S)
        WordsWithoutSession(self._script.messages, language=None, make_voice=None).load()
        self._script.prepare(OutputFormat())

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to a job's process as what was given; the sounds are prepared there."""
        return Farewell, (self._message, self._after)

    def script(
        self, *, languages: Sequence[str | None], max_message_s: float, tell: bool = True
    ) -> Script:
        """Return the words and the action, not prepared yet, for the languages of a session."""
        return Script(
            self._message, self.plan, languages=languages, max_message_s=max_message_s, tell=tell
        )

    async def __call__(self, job: JobContext) -> None:
        """Speak to the caller of a job that is over, unless there is no reason to; never raise."""
        if not jobs.knows_end(job):
            warn_unknown_end()
            return
        await say_farewell(job, self._script, on_report=None)


class SentAway:
    """Says a session's farewell when its job is sent away, from construction until `stop()`.

    Args:
        session: The session; a farewell to its caller is said only if it ran until then.
        script: What is said and done, ready when it is needed.
        on_report: Called with the report.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        script: Script,
        on_report: Callable[[Report], object] | None,
    ) -> None:
        self._job = rooms.job_of_this_process()
        self._script = script
        self._on_report = on_report
        self._session_was_over = False
        self._remove: Callable[[], None] | None = None
        if self._job is None or not jobs.knows_end(self._job):
            warn_unknown_end()
            return
        self._remove = jobs.before_leaving(self._job, self._say)
        session.on("close", self._on_close)

    def stop(self) -> None:
        """Say nothing any more."""
        if self._remove is not None:
            self._remove()
            self._remove = None

    def _on_close(self, _: object) -> None:
        """Note that the session was over before its job: somebody else may have the caller now."""
        if self._job is not None and jobs.end_of(self._job) is None:
            self._session_was_over = True

    async def _say(self) -> None:
        if self._job is not None and not self._session_was_over:
            await say_farewell(self._job, self._script, on_report=self._on_report)


def check_farewell(value: object) -> None:
    """Make sure that the argument `farewell` is a `Farewell` whose action can be run, or None.

    Raises:
        TypeError: It is something else.
        MissingCredentialsError: Its action needs the server API and cannot reach it.
    """
    if value is None:
        return
    if not isinstance(value, Farewell):
        raise TypeError(
            f"expected farewell as a Farewell or None, got {value!r}; pass "
            'lastword.farewell("We must end this call.", after=lastword.hang_up())'
        )
    value.plan.check()


async def say_farewell(
    job: JobContext,
    script: Script,
    *,
    on_report: Callable[[Report], object] | None,
) -> None:
    """Speak to the caller of a job that is over, unless there is no reason to; never raise."""
    end = jobs.end_of(job)
    if end is None or end.by_user or is_told(job) or job.is_fake_job():
        return
    if not job.room.isconnected() or not callers_in(job.room):
        return
    why = "the entrypoint has raised" if end.crashed else "the worker has ended the job"
    failure = Failure(FailureKind.AGENT_DIED, terminal=True, retryable=False, detail=why)
    try:
        words = script.for_failure(failure.kind)
        report = await end_call(
            job, failure, words, look_at=PhoneWarning(script.plan, "farewell").look_at
        )
        await delivered(deliver(report, on_report, telemetry.tracer))
    except Exception as trouble:  # noqa: BLE001 - the job ends as it would have without us
        logger.error("the farewell could not be said: %s", told(trouble))


def warn_unknown_end() -> None:
    """Warn that there is no moment at which a farewell could be said."""
    logger.warning(
        "no farewell will be said: expected a job of livekit-agents %s to tell when and why it "
        "ends, found none here; run the session inside a worker with one of these versions",
        versions.SUPPORTED,
    )
