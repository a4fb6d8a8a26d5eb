"""States around the model's failure: tools, tasks, hand-overs, transcripts, other components."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents import Agent, AgentTask, APIStatusError, function_tool, llm
from livekit.agents.voice import io
from livekit.agents.voice.events import CloseReason

import lastword
from lastword.testing.sink import RecordingSink
from session.fakes import (
    Call,
    FakeLLM,
    FakeTTS,
    clip_of,
    frame_of,
    out_of_credits,
    overloaded,
    tone,
)
from session.scenario import CLIP_S, TAIL_S, Scenario, failing_llm
from session.virtual_time import run_virtual


class BadText(io.TextOutput):
    """A transcription output that raises or hangs."""

    def __init__(self, *, hangs: bool) -> None:
        super().__init__(label="BadText", next_in_chain=None)
        self.hangs = hangs

    async def capture_text(self, text: str) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        raise RuntimeError("no transcripts today")

    def flush(self) -> None:
        """Nothing to flush."""


@pytest.mark.parametrize("hangs", [True, False], ids=["hangs", "raises"])
def test_a_bad_transcription_output(hangs: bool) -> None:
    """A transcription that hangs or raises takes nothing from the sound."""

    async def main() -> None:
        s = await Scenario.start(
            before=lambda call: setattr(call.session.output, "transcription", BadText(hangs=hangs))
        )
        s.fail()
        await s.closed()
        s.check()
        assert s.call.at("close:error") - s.call.at("error") < CLIP_S + TAIL_S + 2.6

    run_virtual(main())


def test_a_transcription_node_that_raises() -> None:
    """So does an agent's own transcription node."""

    class Agent2(Agent):
        async def transcription_node(self, text: Any, model_settings: Any) -> Any:
            raise RuntimeError("user code")

    async def main() -> None:
        s = await Scenario.start(agent=Agent2(instructions="test"))
        s.fail()
        await s.closed()
        s.check()

    run_virtual(main())


def test_a_speech_created_handler_that_raises() -> None:
    """A TypeError in a handler of another event, raised inside our own say()."""

    def handler(_: Any) -> None:
        raise TypeError("user code")

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        s.session.on("speech_created", handler)
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_a_hanging_tool() -> None:
    """A function tool that never returns: heard at once, the close forced at its deadline."""
    called = asyncio.Event()

    @function_tool
    async def look_up() -> str:
        """Look something up."""
        called.set()
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                continue

    class ToolLLM(FakeLLM):
        def chat(self, **options: Any) -> llm.LLMStream:
            stream = super().chat(**options)
            if self.attempts == 0:
                call = llm.FunctionToolCall(call_id="1", name="look_up", arguments="{}")

                async def run() -> None:
                    self.attempts += 1
                    delta = llm.ChoiceDelta(role="assistant", tool_calls=[call])
                    stream._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))

                stream._run = run
            return stream

    async def main() -> None:
        def fail() -> str:
            raise out_of_credits()

        s = await Scenario.start(
            llm=ToolLLM(fail), agent=Agent(instructions="test", tools=[look_up])
        )
        s.fail()
        await asyncio.wait_for(called.wait(), 10)
        s.session._on_error(
            llm.LLMError(timestamp=0, label="x", error=out_of_credits(), recoverable=False)
        )
        s.call.note("error")
        await s.closed()
        s.check(left=("lastword_leftover",))
        assert s.call.at("close:error") - s.call.at("error") <= CLIP_S + TAIL_S + 8.0 + 1.1

    run_virtual(main())


def test_a_hand_over_in_flight() -> None:
    """The scheduler is paused by a hand-over whose old agent hangs: heard by the direct way."""

    class Stuck(Agent):
        async def on_exit(self) -> None:
            await asyncio.sleep(30)

    async def main() -> None:
        s = await Scenario.start(agent=Stuck(instructions="test"), tts=FakeTTS(0.2))
        s.session.update_agent(Agent(instructions="second"))
        await asyncio.sleep(1.0)
        s.session._on_error(
            llm.LLMError(timestamp=0, label="x", error=out_of_credits(), recoverable=False)
        )
        s.call.note("error")
        report = await s.closed()
        assert report.path in ("direct", "say")
        s.check()
        assert s.call.at("frame") - s.call.at("error") < 2.0

    run_virtual(main())


def test_inside_a_nested_task() -> None:
    """The failure comes while an inline AgentTask has the floor."""

    class Ask(AgentTask[str]):
        def __init__(self) -> None:
            super().__init__(instructions="ask")

        async def on_enter(self) -> None:
            self.session.generate_reply(user_input="your name?")

    class Asking(Agent):
        async def on_enter(self) -> None:
            await Ask()

    async def main() -> None:
        s = await Scenario.start(agent=Asking(instructions="test"))
        await s.closed()
        s.check()
        assert s.call.at("close:error") - s.call.at("error") <= CLIP_S + TAIL_S + 9.1

    run_virtual(main())


def test_a_disabled_output() -> None:
    """An output that the user has switched off: reported as not heard, no other way is tried."""

    async def main() -> None:
        s = await Scenario.start()
        s.session.output.set_audio_enabled(False)
        s.fail()
        report = await s.closed()
        assert (report.played, report.path, report.ways_tried) == ("none", None, ("text",))
        assert s.call.sink is not None
        assert s.call.sink.segments == []

    run_virtual(main())


def test_a_terminal_tts_failure() -> None:
    """The TTS itself is out of credits: the message needs none."""

    def fail() -> None:
        raise out_of_credits()

    async def main() -> None:
        s = await Scenario.start(llm=FakeLLM(lambda: "hello"), tts=FakeTTS(fault=fail))
        s.fail()
        report = await s.closed()
        assert report.failure.component == "tts"
        s.check()

    run_virtual(main())


def test_transient_failures_are_counted_as_upstream_does() -> None:
    """503 on every turn: three turns are tolerated, the fourth gets the last words."""

    def fail() -> str:
        raise overloaded()

    async def main() -> None:
        s = await Scenario.start(llm=FakeLLM(fail))
        for turn in range(4):
            assert s.call.closes == [], turn
            s.fail()
            await asyncio.sleep(10)
        report = await s.closed()
        assert report.failure.terminal is False
        assert s.call.events.count("error") >= 4
        s.check()

    run_virtual(main())


def test_the_participant_leaves_during_the_message() -> None:
    """Nobody listens any more: the message stops at once."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(0.5)
        s.session._close_soon(reason=CloseReason.PARTICIPANT_DISCONNECTED)
        await s.closed()
        s.check(heard_s=0.5, close_s=0.5)

    run_virtual(main())


def test_two_sessions_in_one_process() -> None:
    """The failure of one does not touch the other, with or without a last word."""

    async def main() -> None:
        other = await Call.start(llm=FakeLLM(lambda: "hi"), tts=FakeTTS(3.0))
        story = other.session.say("a story")
        s = await Scenario.start()
        await asyncio.sleep(0.5)
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        await asyncio.wait_for(story.wait_for_playout(), 10)
        assert other.closes == []
        assert other.sink is not None
        assert other.sink.heard_s == pytest.approx(3.0, abs=0.06)
        await other.session.aclose()

    run_virtual(main())


def test_run_ends_with_an_error() -> None:
    """`session.run()` waits for the reply: it ends when the session closes."""

    async def main() -> None:
        s = await Scenario.start()
        run = s.session.run(user_input="hello?")
        await s.closed()
        s.check()
        try:
            await asyncio.wait_for(run, 10)
        except RuntimeError as error:
            assert "closed" in str(error)  # noqa: PT017 - 1.8 raises, older versions return

    run_virtual(main())


def test_detach_leaves_nothing_behind() -> None:
    """After `detach()` the session behaves as upstream made it."""

    async def main() -> None:
        s = await Scenario.start()
        s.last_word.detach()
        assert not {"_on_error", "emit", "_close_soon", "_aclose_impl"} & s.session.__dict__.keys()
        s.fail()
        await asyncio.sleep(6)
        assert s.call.sink is not None
        assert s.call.sink.segments == []
        assert s.call.closes == []
        await s.session.aclose()

    run_virtual(main())


def test_detach_during_the_message_finishes_it() -> None:
    """A message under way is finished, one close event, then nothing of ours is left."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(0.5)
        s.last_word.detach()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        assert "_on_error" not in s.session.__dict__

    run_virtual(main())


def test_a_second_attach_is_refused() -> None:
    """One last word for one session."""

    async def main() -> None:
        s = await Scenario.start()
        with pytest.raises(lastword.AlreadyAttachedError, match="detach"):
            lastword.attach(s.session)
        s.last_word.detach()
        lastword.attach(s.session).detach()
        await s.session.aclose()

    run_virtual(main())


def test_a_report_function_that_raises() -> None:
    """`on_report` gets the report; what it raises goes to the log."""
    seen: list[lastword.Report] = []

    def on_report(report: lastword.Report) -> None:
        seen.append(report)
        raise RuntimeError("user code")

    async def main() -> None:
        s = await Scenario.start(attach={"on_report": on_report})
        s.fail()
        report = await s.closed()
        assert seen == [report]
        s.check()

    run_virtual(main())


def test_attach_after_start() -> None:
    """A session that runs already can be given its last word."""

    async def main() -> None:
        call = await Call.start(llm=failing_llm())
        last_word = lastword.attach(call.session, clip_of(CLIP_S))
        s = Scenario(call, last_word)
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_frames_pushed_by_someone_else_keep_playing_elsewhere() -> None:
    """Background audio on an output of its own is no business of ours."""

    async def main() -> None:
        background = RecordingSink()
        s = await Scenario.start()
        for _ in range(40):
            await background.capture_frame(frame_of(tone(0.05)))
        background.flush()
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        await asyncio.sleep(2)
        assert background.heard_s == pytest.approx(2.0, abs=0.01)

    run_virtual(main())


def test_rate_limits_with_good_answers_between_end_no_call() -> None:
    """A provider that refuses every other turn is tolerated for ever: its answers count."""
    turn = 0

    def every_other() -> str:
        if turn % 2:
            raise APIStatusError("slow down", status_code=429, body=None, retryable=False)
        return "hello"

    async def main() -> None:
        nonlocal turn
        s = await Scenario.start(llm=FakeLLM(every_other), tts=FakeTTS(0.5))
        for turn in range(14):  # noqa: B007 - read by the model
            s.fail()
            await asyncio.sleep(3)
        assert s.call.events.count("error") >= 7
        assert s.call.closes == []
        await s.session.aclose()

    run_virtual(main())
