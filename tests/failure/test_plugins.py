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

pytest.importorskip("livekit.plugins.google", reason="the plugins are in an extra of their own")

from livekit.plugins import openai

import lastword
from failure.providers import KEY, PLUGINS
from failure.rehearsal import IMPATIENT, REAL_BOUND_S, Sentences, Watched, job_http, watched
from failure.wires import WIRES
from lastword import InferenceQuotaExceededError, classify
from lastword.testing import gateway as gw
from session.fakes import clip_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.usefixtures("collected")

RETRIES = 1
QUICK = APIConnectOptions(max_retry=RETRIES, retry_interval=0.0, timeout=5.0)


OLD: dict[str, tuple[tuple[str, ...], str]] = {
    "anthropic-overloaded": (
        ("1.4.",),
        "its second attempt awaits the coroutine of the first one",
    ),
    "elevenlabs-stt-quota-in-frame": (
        ("1.4.", "1.5.", "1.6."),
        "it logs its own error as a message that could not be processed, and goes on",
    ),
    "livekit-stt-429-in-frame": (("1.4.",), "it drops the code"),
}
"""What plugins of these versions make of a wire that later ones pass on."""


@contextlib.asynccontextmanager
async def failing(
    plugin: str, gateway: gw.Gateway, *, prepare: Callable[[AgentSession[Any]], object] = id
) -> AsyncIterator[Watched]:
    """A session whose plugin asks the gateway, once it has been made to."""
    component = PLUGINS[plugin].make(gateway)
    part = plugin.split()[1]
    session: AgentSession[Any] = AgentSession(
        vad=Sentences(),
        **IMPATIENT,
        turn_detection="realtime_llm" if part == "realtime" else "manual",
        conn_options=SessionConnectOptions(
            llm_conn_options=QUICK, stt_conn_options=QUICK, tts_conn_options=QUICK
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


@pytest.mark.parametrize("name", WIRES)
async def test_from_the_wire_to_the_error_event(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What it means, how often the provider was asked, the type of the error, and no secret."""
    wire = WIRES[name]
    if name in OLD and livekit.agents.__version__.startswith(OLD[name][0]):
        pytest.skip(OLD[name][1])
    caplog.set_level(logging.DEBUG, "lastword")
    async with job_http(), gw.Gateway() as gateway:
        gateway.script(PLUGINS[wire.plugin].path, wire.answer)
        async with failing(wire.plugin, gateway) as call:
            failures = []
            call.session.on("error", lambda event: failures.append(classify(event)))
            error = await call.unrecoverable()
            asked = asked_for(PLUGINS[wire.plugin].path, gateway) - opens_early(call.session)

    failure = failures[-1]
    assert (failure.kind, failure.terminal) == (wire.kind, wire.terminal), failure
    assert error.terminal is wire.terminal
    assert isinstance(error, InferenceQuotaExceededError) is wire.quota
    if wire.terminal:
        assert asked <= 1  # 0: over the connection that was opened early
        assert call.recoverable == [False]
    ours = [vars(record) for record in caplog.records if record.name.startswith("lastword")]
    assert KEY not in repr(ours)
    assert KEY not in repr(failures)
    if wire.quota:
        assert KEY not in f"{error!r} {error}"


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

        async with failing(plugin, gateway, prepare=prepare) as call:
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
