"""Outputs of sound and words that pause, fail, or are not there (virtual time)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents import Agent
from livekit.agents.voice import io
from livekit.agents.voice.events import CloseReason

from lastword.testing.sink import RecordingSink
from session.fakes import FakeTTS, frame_of, tone
from session.scenario import CLIP_S, TAIL_S, Scenario
from session.virtual_time import run_virtual


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


def test_no_audio_output_shows_the_words_alone() -> None:
    """A text-only session: the words are shown, nothing is heard, and the report says so."""

    async def main() -> None:
        s = await Scenario.start(without_sound=True)
        s.fail()
        report = await s.closed()
        assert (report.played, report.path, report.ways_tried) == ("none", "text", ("text",))
        assert len(s.call.closes) == 1

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


def test_a_disabled_output() -> None:
    """An output that the user has switched off: reported as not heard, no other way is tried."""

    async def main() -> None:
        s = await Scenario.start()
        s.session.output.set_audio_enabled(False)
        s.fail()
        report = await s.closed()
        assert (report.played, report.path, report.ways_tried) == ("none", "text", ("text",))
        assert s.call.sink is not None
        assert s.call.sink.segments == []

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
