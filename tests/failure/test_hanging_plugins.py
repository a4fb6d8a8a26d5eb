"""Real plugins whose server takes what they send and never answers (sockets, in virtual time)."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from livekit.agents import Agent, AgentSession, APIConnectOptions
from livekit.agents.voice.agent_session import SessionConnectOptions

import lastword
from failure.marked import mark_requests
from failure.providers import PLUGINS, plugin_of
from failure.rehearsal import job_http
from lastword import FailureKind, Silence
from lastword.testing import gateway as gw
from lastword.testing.realtime_turns import Turn, answerer, serve
from lastword.testing.sink import RecordingSink
from session.fake_line import LineRoom, browser, tracks_in_loop_time
from session.fakes import FakeLLM, FakeTTS, clip_of
from session.silence.people import Talk
from session.virtual_time import run_virtual

plugin_of("google")  # without it there is none: the tests are skipped

pytestmark = pytest.mark.usefixtures("collected")

BOUND_S = 4.0
"""Sooner than realtime plugins themselves stop waiting for a reply: 5 s, 10 s."""
WITHIN_S = 0.2

READY = gw.sends({"setupComplete": {}})
TURN_BEGINS = gw.sends({"serverContent": {"modelTurn": {"parts": []}}})

WORDS = Turn(("Hello there, this is the line.",))


async def stops_in_its_words(request: web.Request) -> web.StreamResponse:
    """Serve an OpenAI realtime model that says its first words and then nothing more."""
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    model = answerer(request, WORDS)
    async for message in ws:
        for event in model.answers(json.loads(message.data)):
            await ws.send_json(event)
            if event["type"] == "response.output_audio.delta":
                break
    return ws


async def says_its_words(request: web.Request) -> web.StreamResponse:
    """Serve the same model, in good health."""
    return await serve(request, WORDS)


HANGING: dict[str, tuple[str, gw.Answer]] = {
    "an LLM takes the request": ("openai llm", gw.stall()),
    "a TTS takes the text, ElevenLabs": ("elevenlabs tts", gw.websocket()),
    "a TTS takes the text, Cartesia": ("cartesia tts", gw.websocket()),
    "a realtime model is asked": ("openai realtime", gw.websocket()),
    "a realtime model stops in its words": ("openai realtime", stops_in_its_words),
    "a realtime model is asked, Gemini": (
        "google realtime",
        gw.websocket(gw.receives(), READY),
    ),
    "a turn of a realtime model brings no sound": (
        "google realtime",
        gw.websocket(gw.receives(), READY, gw.receives(), TURN_BEGINS),
    ),
}
"""What happens before the silence -> the plugin, its server."""


def session_with(component: Any, part: str) -> AgentSession[Any]:
    """A session with a sink, whose plugin does not give up before its last word does."""
    patient = APIConnectOptions(timeout=300.0)
    session: AgentSession[Any] = AgentSession(
        conn_options=SessionConnectOptions(llm_conn_options=patient, tts_conn_options=patient),
        **{"llm" if part == "realtime" else part: component},
    )
    session.output.audio = RecordingSink()
    return session


def ask(session: AgentSession[Any], part: str) -> None:
    """Let the agent owe a sound."""
    if part == "tts":
        session.say("One moment please.")
    else:
        session.generate_reply(instructions="Greet.")


@pytest.mark.parametrize("name", HANGING)
def test_a_plugin_that_hangs_is_found_within_the_bound(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin, answer = HANGING[name]
    part = plugin.split()[1]

    async def main() -> None:
        async with job_http(), gw.Gateway() as gateway:
            gateway.script(PLUGINS[plugin].path, answer)
            session = session_with(PLUGINS[plugin].make(gateway), part)
            mark_requests(monkeypatch)  # else Google's SDK insists on TLS
            errors: list[Any] = []
            session.on("error", errors.append)
            reports: asyncio.Queue[lastword.Report] = asyncio.Queue()
            silence = Silence(give_up_after_s=BOUND_S)
            lastword.attach(session, clip_of(0.3), silence=silence, on_report=reports.put_nowait)
            await session.start(Agent(instructions="Be brief."))
            ask(session, part)
            report = await reports.get()
            path = PLUGINS[plugin].path.removesuffix("*")
            assert any(request.path.startswith(path) for request in gateway.requests)
        failure = report.failure
        assert (failure.kind, failure.component) == (FailureKind.DEAD_AIR, part)
        assert BOUND_S <= report.silent_s <= BOUND_S + WITHIN_S
        assert report.played == "full"
        assert len(errors) == 1

    run_virtual(main())


def test_a_realtime_model_that_says_all_its_words_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plugin = PLUGINS["openai realtime"]

    async def main() -> None:
        async with job_http(), gw.Gateway() as gateway:
            gateway.script(plugin.path, says_its_words)
            session = session_with(plugin.make(gateway), "realtime")
            mark_requests(monkeypatch)
            events: list[Any] = []
            session.on("error", events.append)
            session.on("close", events.append)
            last_word = lastword.attach(
                session, clip_of(0.3), silence=Silence(give_up_after_s=BOUND_S)
            )
            await session.start(Agent(instructions="Be brief."))
            ask(session, "realtime")
            await asyncio.sleep(10 * BOUND_S)
            assert gateway.asked(plugin.path) == 1
            assert session.output.audio.heard_s > 1.0  # type: ignore[union-attr]
            assert events == []
            await session.aclose()
            last_word.detach()

    run_virtual(main())


def test_an_stt_that_says_no_word_gets_the_caller_told_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It cannot be told from noise: the prompt is said once, at the third utterance."""
    plugin = PLUGINS["deepgram stt"]

    async def main() -> None:
        tracks_in_loop_time(monkeypatch)
        room = LineRoom(browser())
        line = SimpleNamespace(room=room, subscribed_fut=None, linked_participant=None)
        async with job_http(), gw.Gateway() as gateway:
            gateway.script(plugin.path, gw.websocket())
            talk = await Talk.start(
                Silence(deaf_prompt=clip_of(0.5)),
                stt=plugin.make(gateway),
                llm=FakeLLM(lambda: "Hello there."),
                tts=FakeTTS(1.0),
            )
            monkeypatch.setattr("lastword._upstream.rooms.room_io_of", lambda _: line)
            said = []
            for _ in range(5):
                await talk.says("")
                await talk.wait(5.0)
                said.append(len(room.tracks))
            assert gateway.asked(plugin.path) == 1
            await talk.wait(100.0)
            assert said == [0, 0, 1, 1, 1]
            assert talk.given_up == []
            assert not talk.call.closed.is_set()
            await talk.end()

    run_virtual(main())
