"""Reports what the caller really heard, to user code, the log and the trace.

A report goes to `LastWord.report`, to `on_report`, to one log line and to one OpenTelemetry span.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

from ..bounded import hold
from ..contained import Contained
from ..traces import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.context import Context
    from opentelemetry.trace import Tracer

    from ..failure.failure import Failure

logger = logging.getLogger("lastword")

Played = Literal["full", "part", "none"]
Origin = Literal["clip", "own_voice", "bundled"]
Way = Literal["say", "direct", "own_track", "text"]
ClosedBy = Literal["lastword", "upstream", "forced", "sentinel"]

ON_REPORT_TIMEOUT_S = 10.0
"""How long an asynchronous `on_report` may take: it sends a few hundred bytes somewhere."""


@dataclass(frozen=True)
class Report:
    """One failed call, as the outputs reported it.

    Attributes:
        failure: Why the session ended.
        played: "full" if the sink says that it played the whole clip and the sound reached the
            server, "part" if it began, else "none".
        played_s: Seconds of the clip that the sink says it played.
        clip_s: Seconds of the clip; 0.0 without one.
        transcript: The words of the clip.
        source: Where the sound came from, or None without a message.
        path: The way by which it was heard, or None if it was not.
        ways_tried: All the ways tried, in order.
        subscribed: Whether somebody was listening to the output; None where there is no room.
        failed_at: When the error event came, in seconds since the epoch.
        first_frame_s: Seconds from the error event to the first frame that a sink took, or None.
        close_s: Seconds from the error event to the `close` event.
        closed_by: Who closed the session: "lastword" (in order), "forced" (a teardown that
            hung), "upstream" (another close was faster) or "sentinel" (its process had died).
        after: Name of the action after the close, or None.
        after_error: Why that action failed, or None.
        silent_s: Seconds that the caller had waited for a sound when the error event came.
        fillers: How many remarks were said before: fillers, apologies, "I can't hear you".
        lost_s: Seconds of played sound that did not reach the server, by its receiver reports.
    """

    failure: Failure
    played: Played
    played_s: float
    clip_s: float
    transcript: str
    source: Origin | None
    path: Way | None
    ways_tried: tuple[Way, ...]
    subscribed: bool | None
    failed_at: float
    first_frame_s: float | None
    close_s: float
    closed_by: ClosedBy
    after: str | None = None
    after_error: str | None = None
    lost_s: float = 0.0
    silent_s: float = 0.0
    fillers: int = 0


def deliver(
    report: Report,
    on_report: Callable[[Report], object] | None,
    tracer: Tracer | None,
    context: Context | None = None,
) -> asyncio.Task[None] | None:
    """Send a report to the log, to the trace and to the user; never raises.

    Args:
        report: The report.
        on_report: The user's function, whose exceptions are logged. An awaitable that it
            returns is awaited, for at most `ON_REPORT_TIMEOUT_S`.
        tracer: Makes the span; livekit-agents' own, whose provider need not be the global one.
            None where there are no spans.
        context: Where the session's own spans stand, or None.

    Returns:
        The task that awaits an asynchronous `on_report`, or None if there is nothing to wait for.
    """
    flat = _flat(report)
    logger.warning(
        "session closed after its last words: kind=%s component=%s provider=%s played=%s after=%s "
        "after_error=%s",
        report.failure.kind,
        report.failure.component,
        report.failure.provider,
        report.played,
        report.after,
        report.after_error,
        extra={"lastword": flat},
    )
    try:
        if tracer is not None:
            _trace(report, flat, tracer, context)
    except Exception as error:  # noqa: BLE001 - the user's tracer may raise anything
        logger.error("the report's span could not be made: %s", told(error))
    result: object = None
    if on_report is not None:
        with Contained("on_report raised"):
            result = on_report(report)
    return _awaited(result) if isinstance(result, Awaitable) else None


def _awaited(result: Awaitable[object]) -> asyncio.Task[None]:
    """Start waiting for what `on_report` returned, within its bound."""

    async def wait() -> None:
        try:
            await result
        except Exception as error:  # noqa: BLE001 - the user's function may raise anything
            logger.error("on_report raised: %s", told(error))

    def give_up() -> None:
        logger.error("on_report is cancelled: it did not end within %.0f s", ON_REPORT_TIMEOUT_S)
        atask.cancel()

    loop = asyncio.get_running_loop()
    atask = hold(loop.create_task(wait(), name="lastword_on_report"))
    timer = loop.call_later(ON_REPORT_TIMEOUT_S, give_up)
    atask.add_done_callback(lambda _: timer.cancel())
    return atask


async def delivered(atask: asyncio.Task[None] | None) -> None:
    """Wait, bounded, for the task that `deliver` has returned, unless it is the running one."""
    if atask is not None and atask is not asyncio.current_task():
        await asyncio.wait({atask}, timeout=ON_REPORT_TIMEOUT_S)


def _trace(
    report: Report, flat: dict[str, str | float | bool], tracer: Tracer, context: Context | None
) -> None:
    span = tracer.start_span("lastword", context, start_time=int(report.failed_at * 1e9))
    span.set_attributes({f"lastword.{name}": value for name, value in flat.items()})
    span.end(int((report.failed_at + report.close_s) * 1e9))


def _flat(report: Report) -> dict[str, str | float | bool]:
    """Return a report as flat values for logs and spans; leave out what is absent."""
    values = {field.name: getattr(report, field.name) for field in fields(report)}
    failure = report.failure
    values.update(
        failure=str(failure.kind),
        component=failure.component,
        provider=failure.provider,
        status_code=failure.status_code,
        detail=failure.detail,
        ways_tried=",".join(report.ways_tried),
    )
    return {name: value for name, value in values.items() if value is not None}
