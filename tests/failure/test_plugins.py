"""From the wire through the real plugins and the tap to the error event that handlers see."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

import livekit.agents
import pytest
from livekit.agents import AgentSession, APIConnectOptions, tts
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.events import CloseReason

import lastword
from failure.marked import echoing, mark_requests
from failure.providers import KEY, PLUGINS, plugin_of
from failure.rehearsal import (
    IMPATIENT,
    REAL_BOUND_S,
    Brain,
    Ear,
    Mouth,
    Sentences,
    Watched,
    job_http,
    watched,
)
from lastword import InferenceQuotaExceededError, classify
from lastword.testing import gateway as gw
from lastword.testing.documented import ALL, PATIENCE_S
from lastword.testing.documented.recorded import BY_ID, CASES, event_of, exception_of
from session.fakes import clip_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

plugin_of("google")  # without it there is none: the tests are skipped
openai = plugin_of("openai")

pytestmark = pytest.mark.usefixtures("collected")

RETRIES = 1

_LOGS_ITS_OWN = "it logs its own error as a message that could not be processed, and goes on"
_TOKENS = "it misses the tokens of a transcript in an error, logs that, and goes on"

RAISED = {
    "llm-wrapped-after-retries": "livekit-agents itself wraps the last error after all retries, "
    "which the tap does not let a terminal one come to",
}
"""Id of a recorded case -> why no wire leads to it."""

OLD: dict[str, tuple[tuple[str, ...], str]] = {
    "anthropic-overloaded-529": (
        ("1.4.",),
        "its second attempt awaits the coroutine of the first one",
    ),
    "azure-stt-401": (
        ("1.4.", "1.5."),
        "it logs why the recognition stopped, and raises that it stopped",
    ),
    "elevenlabs-stt-ws-auth-error": (("1.4.", "1.5.", "1.6.", "1.7."), _LOGS_ITS_OWN),
    "elevenlabs-stt-ws-quota": (("1.4.", "1.5.", "1.6.", "1.7."), _LOGS_ITS_OWN),
    "livekit-inference-stt-error-frame": (("1.4.",), "it drops the code"),
    "openai-responses-ws-insufficient-quota": (
        ("1.4.", "1.5."),
        "it expects more fields in an error than are sent, and raises that",
    ),
    "soniox-400-invalid-model": (("1.4.",), _TOKENS),
    "soniox-503-restart": (("1.4.",), _TOKENS),
}
"""What plugins of these versions make of a wire that later ones pass on: there it is raised."""


@contextlib.asynccontextmanager
async def failing(
    component: Any,
    part: str,
    *,
    prepare: Callable[[AgentSession[Any]], object] = id,
    patience_s: float = PATIENCE_S,
) -> AsyncIterator[Watched]:
    """A session whose component is asked, once it has been made to."""
    quick = APIConnectOptions(max_retry=RETRIES, retry_interval=0.0, timeout=patience_s)
    session: AgentSession[Any] = AgentSession(
        vad=Sentences(),
        **IMPATIENT,
        turn_detection="realtime_llm" if part == "realtime" else "manual",
        conn_options=SessionConnectOptions(
            llm_conn_options=quick,
            stt_conn_options=quick,
            tts_conn_options=quick,
            max_unrecoverable_errors=0,
        ),
        **{"llm" if part == "realtime" else part: component},
    )
    prepare(session)
    try:
        async with watched(session, hears=part == "stt") as call:
            if part == "llm":
                session.generate_reply(user_input="Hello?")
            if part == "tts":
                session.say("One moment please.")
            yield call
    finally:
        if part != "realtime":
            await component.aclose()


UNMARKED = {"azure stt", "speechmatics stt"}
"""Plugins whose SDKs open their connections themselves: they are only given the marker as a key."""


class Trial:
    """A session with its last word, without a message, and what is told about its failure.

    Attributes:
        failures: What handlers of its error events learn.
        reports: Its report, once it is over.
    """

    def __init__(self) -> None:
        self.failures: list[lastword.Failure] = []
        self.reports: asyncio.Queue[lastword.Report] = asyncio.Queue()

    def prepare(self, session: AgentSession[Any]) -> None:
        """Attaches the last word and listens."""
        session.on("error", lambda event: self.failures.append(classify(event)))
        self._last_word = lastword.attach(session, None, on_report=self.reports.put_nowait)

    def over(self) -> None:
        """Takes the last word back: whoever keeps the session must not keep the tap in."""
        self._last_word.detach()

    async def report(self) -> lastword.Report:
        """Waits for the end."""
        return await asyncio.wait_for(self.reports.get(), REAL_BOUND_S)


def assert_no_secret(trial: Trial, report: object, error: Exception, records: Any) -> None:
    """The marker is in no record of our logger, no repr of ours and no report."""
    ours = [vars(record) for record in records if record.name.startswith("lastword")]
    shown = [*ours, *trial.failures, report]
    if isinstance(error, InferenceQuotaExceededError):
        shown.append(f"{error!r} {error}")
    assert KEY not in repr(shown)
    assert KEY not in str(shown)


@pytest.mark.parametrize("name", ALL)
async def test_from_the_wire_to_the_error_event(
    name: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it means, how often the provider was asked, the type of the error, and no secret."""
    wire = ALL[name]
    if name in OLD and livekit.agents.__version__.startswith(OLD[name][0]):
        pytest.skip(OLD[name][1])
    caplog.set_level(logging.DEBUG, "lastword")
    trial, plugin = Trial(), PLUGINS[wire.plugin]
    async with job_http(), gw.Gateway() as gateway:
        monkeypatch.setenv("AWS_ENDPOINT_URL", gateway.url)
        gateway.script(plugin.path, echoing(wire.answer))
        component, part = plugin.make(gateway), wire.plugin.split()[1]
        mark_requests(monkeypatch)
        async with failing(
            component, part, prepare=trial.prepare, patience_s=wire.patience_s
        ) as call:
            error = await (call.error() if wire.recoverable else call.unrecoverable())
            report = None if wire.recoverable else await trial.report()
            asked = asked_for(plugin.path, gateway) - opens_early(call.session)

    trial.over()
    failure = trial.failures[-1]
    assert (failure.kind, failure.terminal) == (wire.kind, wire.terminal), failure
    if name in BY_ID:
        assert failure.retry_after_s == wire.retry_after_s
    assert error.terminal is wire.terminal
    assert isinstance(error, InferenceQuotaExceededError) is wire.quota
    if wire.terminal:
        assert asked <= 1  # 0: over the connection that was opened early
        assert call.recoverable == [False]
    assert report is None or report.failure == failure
    if wire.plugin not in UNMARKED:
        assert all(request.query.get("api_key") == KEY for request in gateway.requests)
    assert_no_secret(trial, report, error, caplog.records)


@pytest.mark.parametrize("name", [*RAISED, *OLD])
async def test_from_the_base_class_to_the_error_event(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The recorded exception, raised by a stream of its plugin, goes the rest of the way."""
    case, trial = BY_ID[name], Trial()
    caplog.set_level(logging.DEBUG, "lastword")
    made = {"llm": Brain, "stt": Ear, "tts": Mouth}[case["kind"]]
    kind = type("Component", (made,), {"__module__": event_of(case).label.rpartition(".")[0]})
    component = kind(lambda: exception_of(case["exception"]))
    async with failing(component, case["kind"], prepare=trial.prepare) as call:
        error = await call.unrecoverable()
        report = await trial.report()
    trial.over()
    failure = trial.failures[-1]
    assert (failure.kind.value, failure.terminal) == (case["expected"], case["terminal"])
    assert error.terminal is case["terminal"]
    assert component.script.attempts == len(call.recoverable)
    assert call.recoverable == ([False] if case["terminal"] else [True] * RETRIES + [False])
    assert report.failure == failure
    assert_no_secret(trial, report, error, caplog.records)


def test_every_recorded_case_goes_one_way() -> None:
    assert {name for name in (*ALL, *RAISED) if name in BY_ID} == BY_ID.keys()
    assert len(BY_ID) == len(CASES)
    assert not ALL.keys() & RAISED.keys()
    assert BY_ID.keys() >= OLD.keys()


HEARD = {
    "livekit llm": gw.quota_exceeded("llm"),
    "livekit stt": gw.quota_exceeded("stt"),
    "livekit tts": gw.quota_exceeded("tts"),
    "openai realtime": gw.unauthorized(),
    "deepgram stt": gw.status(402),
    "elevenlabs tts": gw.status(401, {"detail": {"status": "quota_exceeded"}}),
}


@pytest.mark.parametrize("plugin", HEARD)
async def test_a_terminal_error_of_any_component_is_heard(plugin: str) -> None:
    """With the last word attached: asked once, one event, the message in full, one close."""
    async with job_http(), gw.Gateway() as gateway:
        gateway.script(PLUGINS[plugin].path, HEARD[plugin])
        closes: list[Any] = []
        reports: asyncio.Queue[lastword.Report] = asyncio.Queue()

        def prepare(session: AgentSession[Any]) -> None:
            session.on("close", closes.append)
            lastword.attach(session, clip_of(0.3), on_report=reports.put_nowait)

        component = PLUGINS[plugin].make(gateway)
        async with failing(component, plugin.split()[1], prepare=prepare) as call:
            early = opens_early(call.session)
            report = await asyncio.wait_for(reports.get(), REAL_BOUND_S)
            asked = asked_for(PLUGINS[plugin].path, gateway) - early
        assert asked == 1
        assert call.recoverable == [False]
        assert [event.reason for event in closes] == [CloseReason.ERROR]
        assert closes[0].error is call.events[0].error
        assert (report.played, report.path) == ("full", "say")


def asked_for(path: str, gateway: gw.Gateway) -> int:
    """How often something was asked for; LLMs look at the list of models when a session starts."""
    fitting = [r for r in gateway.requests if r.path.startswith(path.removesuffix("*"))]
    return sum(not r.path.endswith("/models") for r in fitting)


def opens_early(session: AgentSession[Any]) -> bool:
    """Whether the TTS opened a connection ahead: refused as well, but no work is lost by it.

    OpenAI's asks for another path.
    """
    mouth = session.tts
    if mouth is None or isinstance(mouth, openai.TTS):
        return False
    return type(mouth).prewarm is not tts.TTS.prewarm
