"""The span of a report: what a tracer is given, where it stands, and that none is needed."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import APIStatusError, telemetry
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import lastword
from failure.placements import KINDS, PLACES, body, fragments
from lastword.session.report import ON_REPORT_TIMEOUT_S
from session.fakes import FakeLLM
from session.scenario import CLIP_S, TAIL_S, Scenario
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

KEY = "sk-proj-4f9aQx81LmZt27RbYw53"


def revoked() -> str:
    """A provider that shows the key it refuses."""
    message = f"Incorrect API key provided: {KEY}, see https://user:{KEY}@api.example.com/keys"
    body = {"error": {"code": "invalid_api_key", "message": message}}
    raise APIStatusError(message, status_code=401, body=body, retryable=False)


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What a user's `telemetry.set_tracer_provider` exports; the tracer of before comes back."""
    for name, value in vars(telemetry.tracer).items():
        monkeypatch.setattr(telemetry.tracer, name, value)
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry.set_tracer_provider(provider)
    yield exporter
    provider.shutdown()


def fail_a_call(answer: Callable[[], str] = revoked, **attach: Any) -> lastword.Report:
    """One call whose key was revoked, from its start to its report."""

    async def main() -> lastword.Report:
        s = await Scenario.start(llm=FakeLLM(answer), attach=attach)
        s.fail()
        report = await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        return report

    return run_virtual(main())


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    """The finished spans of a name."""
    return [span for span in exporter.get_finished_spans() if span.name == name]


def test_a_report_is_one_span_in_the_trace_of_its_session(exporter: InMemorySpanExporter) -> None:
    """Its attributes are the report, flat; it lasts from the error to the close."""
    report = fail_a_call()
    (span,) = named(exporter, "lastword")
    assert span.attributes is not None
    mine = {k: v for k, v in span.attributes.items() if k.startswith("lastword.")}
    assert mine == {
        "lastword.failure": "auth",
        "lastword.component": "llm",
        "lastword.status_code": 401,
        "lastword.detail": report.failure.detail,
        "lastword.played": "full",
        "lastword.played_s": report.played_s,
        "lastword.clip_s": CLIP_S,
        "lastword.transcript": "the last words",
        "lastword.source": "clip",
        "lastword.path": "say",
        "lastword.ways_tried": "say",
        "lastword.failed_at": report.failed_at,
        "lastword.lost_s": 0.0,
        "lastword.silent_s": 0.0,
        "lastword.fillers": 0,
        "lastword.first_frame_s": report.first_frame_s,
        "lastword.close_s": report.close_s,
        "lastword.closed_by": "lastword",
    }
    (session_span,) = named(exporter, "agent_session")
    assert span.context.trace_id == session_span.context.trace_id
    assert span.start_time == pytest.approx(report.failed_at * 1e9, abs=1e3)
    assert span.start_time is not None
    assert span.end_time == pytest.approx(span.start_time + report.close_s * 1e9, abs=1e3)


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_reaches_a_span_or_a_log_line(
    exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    """A key that the provider shows in its refusal goes nowhere, whatever else fails after it."""
    seed = secrets.randbelow(10**9)
    print(f"seed {seed}")  # noqa: T201 - to draw the same again
    rng = random.Random(seed)  # noqa: S311 - a made-up key
    key = KINDS[rng.choice(list(KINDS))](rng)
    text = PLACES[place](rng, key)

    def refused() -> str:
        raise APIStatusError(text, status_code=401, body=body(rng, key), retryable=False)

    def fails(report: lastword.Report) -> None:
        raise RuntimeError(f"{report} {text}")

    with caplog.at_level(logging.DEBUG, logger="lastword"):
        report = fail_a_call(refused, on_report=fails)
    (span,) = named(exporter, "lastword")
    ours = [record for record in caplog.records if record.name.startswith("lastword")]
    assert len(ours) > 1
    lines = [f"{vars(record)} {logging.Formatter().format(record)}" for record in ours]
    told = f"{span.to_json()} {lines} {report!r}"
    assert not any(fragment in told for fragment in fragments(key))


def test_without_a_tracer_nothing_is_recorded(caplog: pytest.LogCaptureFixture) -> None:
    """The span is one that keeps nothing; the log line comes all the same."""
    before = trace.get_tracer_provider()
    assert not telemetry.tracer.start_span("test").is_recording()
    fail_a_call()
    assert trace.get_tracer_provider() is before
    (line,) = [r for r in caplog.records if "after its last words" in r.message]
    assert line.__dict__["lastword"]["played"] == "full"


class Broken(SpanProcessor):
    """A processor of a user that cannot take our span."""

    def on_end(self, span: ReadableSpan) -> None:
        if span.name == "lastword":
            raise RuntimeError("user code")


@pytest.mark.usefixtures("exporter")
def test_a_tracer_that_raises_keeps_nobody_from_the_report() -> None:
    """The call is over, and reported, whatever a user's processor does."""
    provider = TracerProvider()
    provider.add_span_processor(Broken())
    telemetry.set_tracer_provider(provider)
    reports: list[lastword.Report] = []
    fail_a_call(on_report=reports.append)
    assert len(reports) == 1


class Calling:
    """An object whose call is asynchronous."""

    def __init__(self, seen: list[lastword.Report]) -> None:
        self.seen = seen

    async def __call__(self, report: lastword.Report) -> None:
        await asyncio.sleep(1)
        self.seen.append(report)


def posting(seen: list[lastword.Report]) -> Callable[[lastword.Report], Awaitable[None]]:
    """An `async def` that sends the report somewhere."""

    async def post(report: lastword.Report) -> None:
        await asyncio.sleep(1)
        seen.append(report)

    return post


@pytest.mark.parametrize(
    "make",
    [posting, Calling, lambda seen: lambda report: asyncio.ensure_future(Calling(seen)(report))],
    ids=["async def", "object", "task"],
)
def test_an_asynchronous_on_report_is_awaited(make: Callable[[list[lastword.Report]], Any]) -> None:
    """The end of the job, which is `session.aclose()`, waits for it."""
    seen: list[lastword.Report] = []

    async def main() -> None:
        s = await Scenario.start(attach={"on_report": make(seen)})
        s.fail()
        report = await s.closed()
        assert seen == []
        await s.session.aclose()
        assert seen == [report]

    run_virtual(main())


async def fails(_: lastword.Report) -> None:
    """Cannot send the report."""
    raise RuntimeError("user code")


async def hangs(_: lastword.Report) -> None:
    """Never comes to its end."""
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("on_report", "complaint", "most_s"),
    [(fails, "on_report raised", 0.0), (hangs, "on_report is cancelled", ON_REPORT_TIMEOUT_S)],
)
def test_an_asynchronous_on_report_keeps_nobody(
    caplog: pytest.LogCaptureFixture,
    on_report: Callable[[lastword.Report], Awaitable[None]],
    complaint: str,
    most_s: float,
) -> None:
    """What it raises goes to the log, and the wait for it is bounded."""

    async def main() -> None:
        s = await Scenario.start(attach={"on_report": on_report})
        s.fail()
        await s.closed()
        closed_at = asyncio.get_running_loop().time()
        await s.session.aclose()
        assert asyncio.get_running_loop().time() - closed_at <= most_s
        await asyncio.sleep(0)
        s.check()

    run_virtual(main())
    assert [r for r in caplog.records if complaint in r.message]


def test_an_on_report_may_close_the_session() -> None:
    """It does not wait for itself."""

    async def main() -> None:
        async def close(_: lastword.Report) -> None:
            await s.session.aclose()
            done.set()

        done = asyncio.Event()
        s = await Scenario.start(attach={"on_report": close})
        s.fail()
        await s.closed()
        await asyncio.wait_for(done.wait(), 1)
        s.check()

    run_virtual(main())


@pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError, GeneratorExit])
def test_an_on_report_that_raises(error: type[BaseException]) -> None:
    """The session is closed in order whatever it raises."""

    def on_report(_: lastword.Report) -> None:
        raise error

    fail_a_call(on_report=on_report)


def test_the_log_line_says_what_became_of_the_call(caplog: pytest.LogCaptureFixture) -> None:
    """In its text: formatters show no `extra` unless they are told to."""

    async def main() -> None:
        s = await Scenario.start(attach={"after": lastword.leave()})
        s.fail()
        await s.closed()

    run_virtual(main())
    (line,) = [r.getMessage() for r in caplog.records if "after its last words" in r.message]
    assert line == (
        "session closed after its last words: kind=quota_exhausted component=llm "
        "provider=livekit played=full after=leave after_error=no room is known"
    )
