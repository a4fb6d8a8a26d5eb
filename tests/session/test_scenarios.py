"""Every state a call can be in when its LLM fails for good (virtual time).

Rows of the scenario table: each says what must be heard, by which way, and when the session closes.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents import Agent
from livekit.agents.voice.events import CloseReason

import lastword
from lastword.testing.sink import RecordingSink
from session.fakes import Call, FakeTTS, clip_of, frame_of, tone
from session.scenario import CLIP_S, TAIL_S, Scenario, failing_llm
from session.virtual_time import run_virtual


def test_idle() -> None:
    """Nothing else goes on: the message begins at once, the close follows its tail."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        report = await s.closed()
        assert s.call.events == ["error", "frame", "close:error"]
        assert report.path == "say"
        assert s.call.at("frame") - s.call.at("error") < 0.05
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


@pytest.mark.parametrize("interruptible", [True, False])
@pytest.mark.parametrize("queued", [1, 3])
def test_an_earlier_speech_is_cut(queued: int, interruptible: bool) -> None:
    """Earlier speeches, however long and however many, give way at once."""

    async def main() -> None:
        s = await Scenario.start(tts=FakeTTS(25.0))
        for _ in range(queued):
            s.session.say("a long story", allow_interruptions=interruptible)
        await asyncio.sleep(2.0)
        s.fail()
        if not interruptible or queued > 1:
            # the reply is queued behind; the error comes from its LLM all the same
            await asyncio.sleep(0)
        await s.closed()
        assert s.call.at("close:error") - s.call.at("error") < CLIP_S + TAIL_S + 0.2
        s.check()

    run_virtual(main())


@pytest.mark.parametrize("swallows", [False, True], ids=["cancellable", "swallows cancellation"])
def test_an_earlier_speech_whose_tts_hangs(swallows: bool) -> None:
    """A hanging TTS, even one that ignores being cancelled, delays the message by 2 s at most."""

    async def hang() -> None:
        while True:
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                if not swallows:
                    raise

    async def main() -> None:
        s = await Scenario.start(tts=FakeTTS(fault=hang))
        s.session.say("a story that never comes", allow_interruptions=False)
        await asyncio.sleep(1.0)
        s.fail()
        await s.closed()
        assert s.call.at("frame") - s.call.at("error") < 2.0
        s.check()

    run_virtual(main())


def test_a_paused_output_is_resumed() -> None:
    """The caller barged in and the core holds the output: the message is heard all the same."""

    async def main() -> None:
        s = await Scenario.start(tts=FakeTTS(8.0))
        s.session.say("a story")
        await asyncio.sleep(1.0)
        assert s.call.sink is not None
        s.call.sink.pause()
        s.fail()
        await s.closed()
        assert s.call.at("close:error") - s.call.at("error") < CLIP_S + 2.2
        s.check()

    run_virtual(main())


@pytest.mark.parametrize("earlier", [False, True])
def test_a_sink_that_never_reports(earlier: bool) -> None:
    """A sink that never says that it has finished cannot hold up the close."""

    async def main() -> None:
        s = await Scenario.start(sink=RecordingSink(reports=False), tts=FakeTTS(5.0))
        if earlier:
            s.session.say("a story")
            await asyncio.sleep(1.0)
        s.fail()
        report = await s.closed()
        assert s.call.sink is not None
        assert s.call.sink.segments[-1].pushed_s == pytest.approx(CLIP_S)
        assert report.played != "full"  # nobody said so
        assert s.call.at("close:error") - s.call.at("error") < 3.0 + CLIP_S + TAIL_S + 1.0 + 9.0
        assert len(s.call.closes) == 1

    run_virtual(main())


@pytest.mark.parametrize("fault", ["raise_at", "hang_at"])
@pytest.mark.parametrize("at", [0, 5])
def test_a_sink_that_fails(fault: str, at: int) -> None:
    """A sink that raises or hangs, at once or midway, is given up in bounded time."""

    async def main() -> None:
        sink = RecordingSink(**{fault: at})
        s = await Scenario.start(sink=sink)
        s.fail()
        report = await s.closed()
        assert report.played != "full"
        assert len(s.call.closes) == 1
        assert s.call.at("close:error") - s.call.at("error") < 3.0 + CLIP_S + TAIL_S + 1.0
        assert s.call.closes[0].reason == CloseReason.ERROR

    run_virtual(main())


class HangingAgent(Agent):
    """Hangs in one of its callbacks."""

    def __init__(self, *, where: str, errs: bool = False) -> None:
        super().__init__(instructions="test")
        self.where = where
        self.errs = errs

    async def on_enter(self) -> None:
        if self.errs:
            self.session.generate_reply(user_input="hello?")
        if self.where == "on_enter":
            await asyncio.Event().wait()

    async def on_exit(self) -> None:
        if self.where == "on_exit":
            await asyncio.Event().wait()


@pytest.mark.parametrize("where", ["on_enter", "on_exit"])
def test_a_hanging_callback_is_forced(where: str) -> None:
    """User code that hangs cannot hold up the close event."""

    async def main() -> None:
        s = await Scenario.start(agent=HangingAgent(where=where))
        s.fail()
        report = await s.closed()
        s.check(close_s=CLIP_S + TAIL_S + 8.0)
        assert report.closed_by == "forced"

    run_virtual(main())


def test_an_error_inside_on_enter() -> None:
    """An error raised by the first reply of `on_enter` is heard like any other."""

    async def main() -> None:
        s = await Scenario.start(agent=HangingAgent(where="nowhere", errs=True))
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_start_hangs_after_an_error() -> None:
    """`start()` that never comes back: the close is forced 5 s after the error."""

    async def main() -> None:
        calls: list[Call] = []

        def attach(call: Call) -> None:
            lastword.attach(call.session, clip_of(CLIP_S))
            calls.append(call)
            begin = call.session._update_activity_task

            async def begin_and_hang(*args: Any, **options: Any) -> None:
                await begin(*args, **options)
                await asyncio.Event().wait()

            call.session._update_activity_task = begin_and_hang

        agent = HangingAgent(where="nowhere", errs=True)
        starting = asyncio.ensure_future(
            Call.start(llm=failing_llm(), before_start=attach, agent=agent)
        )
        await asyncio.sleep(0.01)
        (call,) = calls
        await asyncio.wait_for(call.closed.wait(), 30)
        assert call.events.count("close:error") == 1
        assert call.at("close:error") - call.at("error") < 5.5
        starting.cancel()
        await asyncio.wait({starting}, timeout=1)

    run_virtual(main())


@pytest.mark.parametrize("error", [ValueError, TypeError])
def test_a_user_handler_that_raises(error: type[Exception]) -> None:
    """An exception in the user's error handler keeps nothing from being heard."""

    async def main() -> None:
        s = await Scenario.start()

        def handler(_: Any) -> None:
            # noted here: before 1.8 the handlers run in no fixed order
            s.call.note("error")
            raise error("user code")

        s.session.on("error", handler)
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


@pytest.mark.parametrize("how", ["aclose", "shutdown"])
def test_a_user_handler_that_closes(how: str) -> None:
    """A handler that closes the session itself: heard all the same, and the error is kept."""

    async def main() -> None:
        s = await Scenario.start()
        tasks: list[asyncio.Task[None]] = []

        def handler(_: Any) -> None:
            if how == "aclose":
                tasks.append(asyncio.ensure_future(s.session.aclose()))
            else:
                s.session.shutdown()

        s.session.on("error", handler)
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        for task in tasks:
            await asyncio.wait_for(task, 1)

    run_virtual(main())


@pytest.mark.parametrize("how", ["aclose", "shutdown"])
def test_a_user_close_during_the_message_waits_for_it(how: str) -> None:
    """`aclose()` or `shutdown()` in the middle: the message is finished, the error is kept."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(0.5)
        if how == "aclose":
            await s.session.aclose()
            assert s.call.closed.is_set()
        else:
            s.session.shutdown()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_shutdown_without_drain_stops_at_once() -> None:
    """`shutdown(drain=False)` stops the message and keeps the error."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(0.5)
        s.session.shutdown(drain=False)
        await s.closed()
        s.check(heard_s=0.5, close_s=0.5)

    run_virtual(main())


@pytest.mark.parametrize("after_s", [0.5, CLIP_S + TAIL_S - 0.01])
def test_the_closing_task_is_cancelled(after_s: float) -> None:
    """Cancelling what upstream takes for the closing task changes nothing."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(after_s)
        task = s.session._closing_task
        assert task is not None
        task.cancel()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_a_hundred_errors_at_once() -> None:
    """One message and one close, however many errors."""

    async def main() -> None:
        s = await Scenario.start()
        for _ in range(100):
            s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        assert s.call.events.count("frame") == 1

    run_virtual(main())


def test_the_session_can_be_started_again() -> None:
    """After the close the same session can live, and fail, once more."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await s.closed()
        s.check()
        s.call.events.clear()
        s.call.times.clear()
        s.call.closes.clear()
        s.call.closed.clear()
        s.session.output.audio = RecordingSink()
        await s.session.start(Agent(instructions="test"))
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_no_audio_output_shows_the_words_alone() -> None:
    """A text-only session: nothing is heard, and the report says so."""

    async def main() -> None:
        s = await Scenario.start(without_sound=True)
        s.fail()
        report = await s.closed()
        assert (report.played, report.path, report.ways_tried) == ("none", None, ("text",))
        assert len(s.call.closes) == 1

    run_virtual(main())


def test_nothing_new_starts_while_the_message_plays() -> None:
    """S14: replies, speech and typed text are refused with the core's own error."""

    async def main() -> None:
        model = failing_llm()
        s = await Scenario.start(llm=model, tts=FakeTTS(1.0))
        s.fail()
        await asyncio.sleep(0.5)
        attempts = model.attempts
        with pytest.raises(RuntimeError):
            s.session.generate_reply(user_input="again?")
        with pytest.raises(RuntimeError):
            s.session.say("again")
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        assert model.attempts == attempts == 1

    run_virtual(main())


def test_update_agent_during_the_message() -> None:
    """A hand-over during the message starts no new agent and cuts nothing."""
    entered: list[str] = []

    class Second(Agent):
        async def on_enter(self) -> None:
            entered.append("second")

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(0.3)
        s.session.update_agent(Second(instructions="second"))
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        assert entered == []

    run_virtual(main())


def test_frames_of_another_rate_are_prepared_before() -> None:
    """The clip arrives in the very format of the output."""

    async def main() -> None:
        s = await Scenario.start(sink=RecordingSink(sample_rate=48000))
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        assert s.call.sink is not None
        assert len(s.call.sink.heard) == pytest.approx(48000 * CLIP_S, abs=48000 * 0.05)

    run_virtual(main())


def test_helpers_make_frames() -> None:
    """The fakes' own frame helper is exact."""
    assert frame_of(tone(0.1)).samples_per_channel == 2400
