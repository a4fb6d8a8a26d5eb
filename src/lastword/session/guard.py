"""`guard`: tells the caller when a job's entrypoint raises, or when its session hangs at the start.

An attached session speaks for itself; this covers what happens before there is one, while it
starts, or outside of it. The message is played on lastword's own track.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from typing import TYPE_CHECKING, Any, TypeAlias

from livekit.agents import telemetry

from .._upstream import sessions
from ..bounded import hold
from ..errors import StartTimeoutError
from ..failure.classify import classify
from ..traces import told
from .after.followup import PhoneWarning, Place
from .after.plan import Plan
from .arguments import check_flag, check_function, is_async
from .job import shield_connect
from .last_word import attached_to
from .report import Report, deliver, delivered
from .script import Script
from .vigilance import Vigilance
from .without_session import caller_of, end_call, session_of
from .words.language import check_language
from .words.message import DEFAULT
from .words.rendering import WordsWithoutSession
from .words.utterance import OutputFormat

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from livekit.agents import JobContext
    from livekit.agents import tts as agents_tts

    from .after.plan import AnyAfter
    from .words.message import AnyMessage

    Entrypoint: TypeAlias = Callable[[JobContext], Coroutine[Any, Any, None]]
    MakeTTS: TypeAlias = Callable[[], agents_tts.TTS[Any] | Awaitable[agents_tts.TTS[Any]]]

logger = logging.getLogger("lastword")

START_TIMEOUT_S = 20.0
"""A `session.start()` that takes longer counts as hanging: the caller hears nothing meanwhile."""
LOOK_EVERY_S = 1.0
MAX_MESSAGE_S = 60.0


def guard(
    message: AnyMessage = DEFAULT,
    *,
    language: str | None = None,
    after: AnyAfter = None,
    on_report: Callable[[Report], object] | None = None,
    tts: MakeTTS | None = None,
    tell: bool = True,
) -> Callable[[Entrypoint], Entrypoint]:
    """Decorate a job's entrypoint: if it raises, or `session.start()` hangs, the caller hears it.

    The exception goes on to livekit-agents afterwards, which ends the job. The message is prepared
    when the module is imported. Put it directly above a function at the top of a module, so that
    job processes find the function by its name.

    Args:
        message: What the caller hears, any form of `attach`'s message. Words are spoken in the
            voice that rendered them last, by `lastword bake`, an agent or `tts`; before that, a
            bundled clip speaks.
        language: Language of bundled words, such as "en" or "pt-BR".
        after: What happens to the call then: `leave()`, `hang_up()`, `transfer_to(...)`,
            `hand_over(...)`, or a mapping of these by `FailureKind`.
        on_report: Called with the `Report`; an asynchronous one is awaited, for at most 10 s.
        tts: A function, asynchronous or not, that makes a TTS for the words. It is called inside
            of the first job of each process, beside the entrypoint.
        tell: Tell the others in the room, as data, that the agent has failed, which kind of failure
            it is, and what follows; never what the provider wrote.

    Returns:
        The decorator.

    Raises:
        ClipError: A file of the message is missing, broken or too long.
        MessageError: The message has a form that is not known.
        TypeError: It was written without parentheses, decorates a function that is not
            asynchronous, or has an argument of a wrong type.
    """
    if inspect.isroutine(message):
        raise TypeError(
            f"expected a message, got the function {message.__name__}; write @lastword.guard() "
            "with brackets"
        )
    check_language(language)
    check_function("on_report", on_report, "report", may_be_async=True)
    check_function("tts", tts, may_be_async=True)
    check_flag("tell", tell)
    plan = Plan(after, check=False)
    script = Script(message, plan, languages=[language], max_message_s=MAX_MESSAGE_S, tell=tell)
    late_words = WordsWithoutSession(script.messages, language=language, make_voice=tts)
    late_words.load()
    script.prepare(OutputFormat())

    def decorate(entrypoint: Entrypoint) -> Entrypoint:
        if not callable(entrypoint) or not is_async(entrypoint):
            raise TypeError(
                f"expected guard above an asynchronous entrypoint, got {entrypoint!r}; write it "
                "with async def"
            )

        @functools.wraps(entrypoint)
        async def guarded(job: JobContext) -> None:
            shield_connect(job)
            await _Guard(job, plan, script, late_words, on_report).run(entrypoint)

        return guarded

    return decorate


class _Guard:
    """One job and what is said if it fails."""

    def __init__(
        self,
        job: JobContext,
        plan: Plan,
        script: Script,
        late_words: WordsWithoutSession,
        on_report: Callable[[Report], object] | None,
    ) -> None:
        self._job = job
        self._plan = plan
        self._script = script
        self._late_words = late_words
        self._on_report = on_report
        self._phone_warning = PhoneWarning(plan, "guard")
        self._loop = asyncio.get_running_loop()
        self._hung: StartTimeoutError | None = None
        self._in_entrypoint = False
        self._vigilance = Vigilance(self._where, script.for_failure)

    async def run(self, entrypoint: Entrypoint) -> None:
        """Run the entrypoint to its end, in this task."""
        entry = asyncio.current_task()
        watch_atask = self._loop.create_task(self._watch_start(entry), name="lastword_guard")
        words_atask = hold(
            self._loop.create_task(self._late_words.make(), name="lastword_guard_words")
        )
        failed: Exception | None = None
        try:
            self._plan.check()
            self._in_entrypoint = True
            await entrypoint(self._job)
        except asyncio.CancelledError:
            if self._hung is None or not watch_atask.done():
                watch_atask.cancel()
                raise  # somebody else has cancelled the job
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told
            failed = error
        finally:
            self._in_entrypoint = False
            words_atask.cancel()
        await self._end(failed, watch_atask)

    async def _end(self, failed: Exception | None, watch_atask: asyncio.Task[None]) -> None:
        """Wait until the caller has been told, then raise the error."""
        try:
            if self._hung is not None:
                # Whatever became of start() since: the caller is being told already.
                await asyncio.wait({watch_atask})
                raise self._hung from failed
            watch_atask.cancel()
            if failed is not None:
                await self._last_words(failed)
                raise failed
        finally:
            watch_atask.cancel()
            del failed  # its traceback holds this frame

    async def _watch_start(self, entry: asyncio.Task[Any] | None) -> None:
        """Return when a session has started; if none does in time, end the job."""
        seen_at: float | None = None
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            session = session_of(self._job)
            self._phone_warning.look_at(caller_of(self._job, session))
            if session is None:
                continue
            if sessions.is_started(session):
                return
            seen_at = seen_at or self._loop.time()
            if self._loop.time() - seen_at >= START_TIMEOUT_S:
                break
        self._hung = StartTimeoutError(
            f"session.start() has not returned within {START_TIMEOUT_S:.0f} s"
        )
        await self._last_words(self._hung)
        self._job.shutdown(reason="session.start() hangs")
        if entry is not None and self._in_entrypoint:
            entry.cancel()

    def _where(self) -> Place:
        """Return where the call is, unless a session looks after it itself."""
        session = session_of(self._job)
        if session is not None and attached_to(session) is not None:
            return Place()
        return Place(self._job.room, self._job, caller_of(self._job, session))

    # --- the last words --------------------------------------------------------------------------

    async def _last_words(self, error: Exception) -> None:
        """Say the message, then run the action; raise nothing but a cancellation."""
        session = session_of(self._job)
        last_word = attached_to(session) if session is not None else None
        if last_word is not None and await last_word.settled() is not None:
            return  # the session has spoken for itself
        if last_word is not None:
            last_word.detach()  # one message is enough, whatever else goes wrong
        self._vigilance.bye()
        try:
            failure = classify(error)
            report = await end_call(
                self._job,
                failure,
                self._script.for_failure(failure.kind),
                look_at=self._phone_warning.look_at,
            )
            await delivered(deliver(report, self._on_report, telemetry.tracer))
        except Exception as trouble:  # noqa: BLE001 - the job ends as it would have without us
            logger.error("the guard could not say its last words: %s", told(trouble))
