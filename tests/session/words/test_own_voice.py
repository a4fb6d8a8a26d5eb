"""Words are heard in the agent's own voice once they are rendered, and before as a bundled clip."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from livekit.agents import Agent, APIStatusError, inference

import lastword
from lastword.testing.gateway import Gateway, stall, unauthorized
from session.fakes import Call, FakeLLM, clip_of, frame_of, out_of_credits, tone
from voice.speech import SPEECH, made, openai_tts, spoken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from livekit import rtc

WORDS = "Sorry, we have to end this call."
LIMIT_S = 30.0
OURS = str(Path(lastword.__file__).parent)


@pytest.fixture(autouse=True)
async def _closed_voices() -> AsyncIterator[None]:
    yield
    while made:
        await made.pop().aclose()


@pytest.fixture
async def provider() -> AsyncIterator[Gateway]:
    """A TTS provider that says 0.4 s for everything."""
    async with Gateway() as gateway:
        gateway.script(SPEECH, spoken(0.4, silence_s=0.1))
        yield gateway


def refused() -> str:
    raise out_of_credits()


@asynccontextmanager
async def call(
    message: Any, tts: Any = None, *, agent: Agent | None = None, **options: Any
) -> AsyncIterator[tuple[Call, lastword.LastWord]]:
    """A running session whose LLM is out of credits; ends closed."""
    words: list[lastword.LastWord] = []
    running = await Call.start(
        llm=FakeLLM(refused),
        tts=tts,
        agent=agent,
        before_start=lambda c: words.append(lastword.attach(c.session, message, **options)),
    )
    try:
        yield running, words[0]
    finally:
        await running.session.aclose()


async def fail(running: Call, last_word: lastword.LastWord) -> lastword.Report:
    """Let the LLM fail; the report of what was said."""
    running.session.generate_reply(user_input="hello?")
    await asyncio.wait_for(running.closed.wait(), LIMIT_S)
    report = await last_word.settled()
    assert report is not None
    return report


def would_say(last_word: lastword.LastWord) -> Any:
    """What would be heard if the credits were gone now."""
    utterance = last_word.would_say()[lastword.FailureKind.QUOTA_EXHAUSTED]
    assert utterance is not None
    return utterance


async def asked(provider: Gateway, times: int) -> None:
    """Wait until the provider was asked to speak so often, at most 30 s."""
    for _ in range(3000):
        if provider.asked(SPEECH) >= times:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"expected {times} requests, {provider.asked(SPEECH)} came")


async def test_words_are_heard_in_the_own_voice(provider: Gateway) -> None:
    """One request, made before the failure; the words are what is shown and what is heard."""
    async with call(WORDS, openai_tts(provider.url)) as (running, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        assert provider.asked(SPEECH) == 1
        report = await fail(running, last_word)
    assert (report.source, report.transcript, report.played) == ("own_voice", WORDS, "full")
    assert provider.asked(SPEECH) == 1
    assert running.sink is not None
    assert running.sink.heard_s == pytest.approx(0.44, abs=0.051)


async def test_a_bundled_clip_speaks_until_then(provider: Gateway) -> None:
    """The provider stalls; the bundled words are shown, because they are what is heard."""
    provider.script(SPEECH, stall())
    async with call(WORDS, openai_tts(provider.url), language="fr") as (running, last_word):
        report = await fail(running, last_word)
    assert (report.source, report.transcript) == ("bundled", lastword.bundled("fr").transcript)


async def test_a_dead_voice_changes_nothing_but_the_voice(provider: Gateway) -> None:
    """No error event, no error counted, no retry on later turns; the bundled clip speaks."""
    provider.script(SPEECH, unauthorized())
    async with call(WORDS, openai_tts(provider.url)) as (running, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        assert running.events == []
        assert running.session._tts_error_counts == 0
        await last_word.ready()
        assert provider.asked(SPEECH) == 1
        assert would_say(last_word).source == "bundled"


async def test_without_a_tts_a_bundled_clip_speaks() -> None:
    """And `ready` does not wait for what cannot come."""
    async with call(WORDS) as (_, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        assert would_say(last_word).source == "bundled"


async def test_a_voice_that_cannot_be_told_stops_nothing(provider: Gateway) -> None:
    """A TTS whose own attributes raise: the session runs, the bundled clip speaks."""

    class Broken(type(openai_tts(provider.url))):  # type: ignore[misc] # of the real plugin
        @property
        def provider(self) -> str:
            raise RuntimeError("not today")

    broken = Broken(base_url=provider.url + "/v1", api_key="none")
    made.append(broken)
    async with call(WORDS, broken) as (running, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        assert would_say(last_word).source == "bundled"
        assert running.session.agent_state == "listening"


async def test_rendering_leaves_history_and_metrics_alone(provider: Gateway) -> None:
    """The session does not notice."""
    noticed: list[str] = []
    async with call(WORDS, openai_tts(provider.url)) as (running, last_word):
        for event in ("metrics_collected", "error", "conversation_item_added", "speech_created"):
            running.session.on(event, lambda *_, event=event: noticed.append(event))
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        assert provider.asked(SPEECH) == 1
        assert not running.session.history.messages()
    assert noticed == []


async def test_what_was_rendered_once_is_there_from_the_start(provider: Gateway) -> None:
    """Another process has rendered the words: no request, although the provider is dead by now."""
    await lastword.bake(openai_tts(provider.url), WORDS)
    provider.script(SPEECH, unauthorized())
    async with call(WORDS, openai_tts(provider.url)) as (running, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        report = await fail(running, last_word)
    assert report.source == "own_voice"
    assert provider.asked(SPEECH) == 1


async def test_another_voice_is_rendered_anew(provider: Gateway) -> None:
    """Once, when the agent's state changes; until then the earlier voice speaks."""
    voice = openai_tts(provider.url)
    async with call(WORDS, voice) as (running, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        voice.update_options(voice="coral")
        running.session.say("Hello.")  # the agent speaks, and listens again
        await asked(provider, 3)
        await last_word.ready()
        coral = [b'"coral"' in r.body for r in provider.requests if WORDS.encode() in r.body]
    assert coral == [False, True]


async def test_the_voice_of_the_agent_comes_first(provider: Gateway) -> None:
    """An agent with a TTS of its own speaks the words with it."""
    agent = Agent(instructions="test", tts=openai_tts(provider.url, voice="coral"))
    async with call(WORDS, openai_tts(provider.url), agent=agent) as (_, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
    assert [b'"coral"' in r.body for r in provider.requests if r.path == SPEECH] == [True]


async def test_each_kind_has_its_words(provider: Gateway) -> None:
    """A mapping with words renders each of them; the failure chooses."""
    kinds = {None: "Default.", lastword.FailureKind.QUOTA_EXHAUSTED: WORDS}
    async with call(kinds, openai_tts(provider.url)) as (running, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        assert provider.asked(SPEECH) == 2
        report = await fail(running, last_word)
    assert (report.source, report.transcript) == ("own_voice", WORDS)


async def test_the_second_message_is_rendered_too(
    provider: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said when a transfer fails is in the own voice; the first one tells to hold."""
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    after = lastword.transfer_to("+4930123456", on_failure="Nobody is there.")
    voice = openai_tts(provider.url)
    async with call(lastword.DEFAULT, voice, after=after) as (_, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        assert would_say(last_word).transcript == lastword.bundled("en", "transfer").transcript
    assert b"Nobody is there." in provider.requests[-1].body


def german() -> inference.TTS:
    """A voice that speaks German; it is never asked."""
    return inference.TTS(
        "cartesia/sonic-3", language="de", api_key="key", api_secret="secret",  # noqa: S106 - signs for nobody
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "of_session", "of_agent", "heard"),
    [
        (None, True, False, "de"),
        (None, False, True, "de"),
        ("it-IT", True, False, "it"),
        ("tlh", True, False, "de"),
        (None, False, False, "en"),
    ],
)
async def test_bundled_words_follow_the_language_of_the_session(
    language: str | None, *, of_session: bool, of_agent: bool, heard: str
) -> None:
    """What was asked for, then the voice's own language, then English."""
    agent = Agent(instructions="test", tts=german()) if of_agent else None
    tts = german() if of_session else None
    async with call(lastword.DEFAULT, tts, agent=agent, language=language) as (_, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        assert would_say(last_word).transcript == lastword.bundled(heard).transcript


async def two_frames() -> AsyncIterator[rtc.AudioFrame]:
    """0.3 s of a tone."""
    yield frame_of(tone(0.1))
    yield frame_of(tone(0.2))


async def broken() -> AsyncIterator[rtc.AudioFrame]:
    """An iterable that gives up in the middle."""
    yield frame_of(tone(0.1))
    raise RuntimeError("lost")


async def test_an_iterable_is_collected_at_the_start() -> None:
    """And heard sample for sample."""
    async with call(two_frames()) as (running, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        report = await fail(running, last_word)
    assert report.source == "clip"
    assert report.played_s == pytest.approx(0.3, abs=0.051)
    assert running.sink is not None
    expected = np.concatenate([tone(0.1), tone(0.2)])
    np.testing.assert_array_equal(running.sink.heard[: len(expected)], expected)


async def test_a_broken_iterable_gives_way_to_a_bundled_clip() -> None:
    """With a warning, never with silence."""
    async with call(broken()) as (_, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        assert would_say(last_word).source == "bundled"


FORMS: dict[str, Any] = {
    "words": lambda: WORDS,
    "a clip": lambda: clip_of(0.3),
    "an iterable": two_frames,
    "the default": lambda: lastword.DEFAULT,
    "a mapping": lambda: {None: WORDS, lastword.FailureKind.AUTH: clip_of(0.3)},
}
_watching: list[list[str]] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Write down what our code opens or imports while somebody watches."""
    if not _watching or event not in {"open", "import"}:
        return
    frame = sys._getframe(1)
    while frame is not None:
        if (
            f"{'lastword'}/" in frame.f_code.co_filename
            and "/tests/" not in frame.f_code.co_filename
        ):
            _watching[-1].append(f"{event} {arguments[0]}")
            return
        frame = frame.f_back  # type: ignore[assignment] # None ends the walk


sys.addaudithook(_watch)


@pytest.mark.parametrize("form", FORMS)
async def test_nothing_is_made_after_the_error(provider: Gateway, form: str) -> None:
    """Whatever the message is: no request, no file, no import of ours from the error on."""
    async with call(FORMS[form](), openai_tts(provider.url)) as (running, last_word):
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
        before = provider.asked(SPEECH)
        seen: list[str] = []
        running.session.on("error", lambda _: _watching.append(seen))
        try:
            report = await fail(running, last_word)
        finally:
            _watching.clear()
    assert report.played == "full"
    assert seen == []
    assert provider.asked(SPEECH) == before


async def test_a_failure_while_rendering_ends_the_request(provider: Gateway) -> None:
    """From the error on the provider of the voice is left alone."""
    provider.script(SPEECH, stall())
    async with call(WORDS, openai_tts(provider.url)) as (running, last_word):
        await asked(provider, 1)
        rendering = [t for t in asyncio.all_tasks() if t.get_name() == "lastword_own_voice"]
        running.session.on("error", lambda _: running.session.shutdown(drain=False))
        await fail(running, last_word)
        assert rendering
        assert all(atask.cancelled() for atask in rendering)
        await asyncio.wait_for(last_word.ready(), LIMIT_S)
    assert provider.asked(SPEECH) == 1


async def test_a_bake_inside_an_agents_own_code_is_nobodys_failure(provider: Gateway) -> None:
    """A dead voice asked from within a session's task does not count as the session's."""
    provider.script(SPEECH, unauthorized())
    voice = openai_tts(provider.url)

    class Baking(Agent):
        async def on_enter(self) -> None:
            with pytest.raises(lastword.BakeError) as caught:
                await lastword.bake(voice, "Welcome.")
            assert isinstance(caught.value.__cause__, APIStatusError)

    async with call(clip_of(0.3), voice, agent=Baking(instructions="test")) as (running, _):
        await asyncio.sleep(0.1)
        assert running.events == []
