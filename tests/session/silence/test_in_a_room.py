"""Fillers on a track of their own, and calls in which nothing may be said (virtual time)."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from livekit.agents import Agent
from livekit.agents.voice.background_audio import BackgroundAudioPlayer

from lastword import Silence
from session.fake_line import LineRoom, browser, tracks_in_loop_time
from session.fakes import FakeTTS, clip_of
from session.silence.people import NEVER_S, SlowLLM, Talk
from session.virtual_time import run_virtual

WAITS = Silence(filler=clip_of(1.0))


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> LineRoom:
    """The room that all sessions of a test are in, with a caller in it."""
    tracks_in_loop_time(monkeypatch)
    made = LineRoom(browser())
    line = SimpleNamespace(room=made, subscribed_fut=None, linked_participant=None)
    monkeypatch.setattr("lastword._upstream.rooms.room_io_of", lambda _: line)
    return made


def heard_s(room: LineRoom) -> float:
    """Seconds of sound that the tracks of our own have played."""
    samples = sum(len(data) // 2 for track in room.tracks for data in track.source.played)
    return samples / 24000


def play(silence: Silence, act: Any, **parts: Any) -> None:
    """One call in virtual time."""

    async def main() -> None:
        talk = await Talk.start(silence, **{part: make() for part, make in parts.items()})
        await talk.wait(1.0)
        await act(talk)
        await talk.end()

    run_virtual(main())


def test_a_filler_is_said_on_a_track_of_its_own_which_goes_again(room: LineRoom) -> None:
    async def act(talk: Talk) -> None:
        await talk.says()
        await talk.wait(3.0)
        assert [track.muted for track in room.tracks] == [True]
        await talk.wait(6.0)
        assert heard_s(room) >= 1.0
        assert room.local_participant.track_publications == {}
        await talk.wait(15.0)
        assert len(room.tracks) == 1
        assert talk.given_up == []

    play(WAITS, act, llm=lambda: SlowLLM((27.0, "Hello.")))


def test_a_reply_ends_the_filler(room: LineRoom) -> None:
    """What of it was played by then is less than all."""

    async def act(talk: Talk) -> None:
        await talk.says()
        await talk.wait(20.0)
        assert 0.0 < heard_s(room) < 10.0
        assert room.local_participant.track_publications == {}

    play(Silence(filler=clip_of(10.0)), act, llm=lambda: SlowLLM((6.0, "Hello.")))


def test_a_quick_reply_needs_no_track(room: LineRoom) -> None:
    async def act(talk: Talk) -> None:
        for _ in range(3):
            await talk.says()
            await talk.wait(8.0)
        assert room.tracks == []

    play(WAITS, act, llm=lambda: SlowLLM((1.2, "Hello.")))


def test_a_caller_who_speaks_again_ends_the_filler(room: LineRoom) -> None:
    async def act(talk: Talk) -> None:
        await talk.says()
        await talk.wait(5.5)
        await talk.says(seconds=3.0)
        assert 0.0 < heard_s(room) < 4.0

    play(Silence(filler=clip_of(10.0)), act, llm=lambda: SlowLLM((27.0, "Hello.")))


class _Player(BackgroundAudioPlayer):
    """Plays a thinking sound, as far as anybody can see."""

    def __init__(self) -> None:
        super().__init__()
        self._thinking_handle: Any = SimpleNamespace(done=lambda: False)

    def follow(self, _: object) -> None:
        """Listen to the agent's state, as players do."""


def test_no_filler_over_the_sound_of_a_background_player(room: LineRoom) -> None:
    async def act(talk: Talk) -> None:
        talk.call.session.on("agent_state_changed", _Player().follow)
        await talk.says()
        await talk.wait(25.0)
        assert room.tracks == []
        assert talk.given_up == []
        await talk.wait(15.0)
        assert len(talk.given_up) == 1  # the sound is no answer

    play(WAITS, act, llm=lambda: SlowLLM((NEVER_S, "")))


def test_an_interruption_is_no_silence(room: LineRoom) -> None:
    """The caller cuts each reply short, and the agent is quiet until it is spoken to again."""

    async def act(talk: Talk) -> None:
        for _ in range(3):
            await talk.says()
            await talk.wait(4.0)
            talk.call.session.interrupt(force=True)
            await talk.wait(60.0)
        assert room.tracks == []
        assert talk.given_up == []

    play(WAITS, act, tts=lambda: FakeTTS(20.0))


def test_an_interruption_of_a_queued_reply_is_no_silence(room: LineRoom) -> None:
    """It was asked for while the agent spoke; livekit-agents leaves the agent thinking for ever."""

    async def act(talk: Talk) -> None:
        session = talk.call.session
        session.say("A word from the agent.")
        await talk.wait(0.3)
        session.generate_reply(user_input="hello")
        await talk.wait(0.3)
        session.interrupt(force=True)
        await talk.wait(200.0)
        assert room.tracks == []
        assert talk.given_up == []

    play(WAITS, act, tts=lambda: FakeTTS(20.0))


@pytest.mark.parametrize("enters_s", [0.0, 3.0])
def test_a_hand_over_is_no_silence(room: LineRoom, enters_s: float) -> None:
    """The next agent takes its time to enter, greets or waits for the caller."""

    class Next(Agent):
        async def on_enter(self) -> None:
            await asyncio.sleep(enters_s)

    async def act(talk: Talk) -> None:
        await talk.says()
        await talk.wait(2.5)
        talk.call.session.update_agent(Next(instructions="next"))
        await talk.wait(60.0)
        await talk.says()
        await talk.wait(60.0)
        assert room.tracks == []
        assert talk.given_up == []

    play(WAITS, act)


@pytest.mark.parametrize("final", [False, True])
def test_an_stt_whose_words_never_become_final(room: LineRoom, final: bool) -> None:
    """They may be noise, so the call goes on, and the caller is told at the third utterance."""

    async def act(talk: Talk) -> None:
        said = []
        for _ in range(4):
            await talk.says(final=final)
            await talk.wait(8.0)
            said.append(len(room.tracks))
        await talk.wait(100.0)
        assert said == ([0, 0, 0, 0] if final else [0, 0, 1, 1])
        assert talk.given_up == []
        assert not talk.call.closed.is_set()

    play(Silence(deaf_prompt=clip_of(0.5)), act)
