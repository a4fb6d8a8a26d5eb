"""The words of a message go out whole; livekit's timing of words by their sound is left alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents.voice import io
from livekit.agents.voice.transcription import TranscriptSynchronizer, synchronizer

from lastword._upstream import transcripts
from session.fakes import WORDS, Call, FakeTTS
from session.scenario import CLIP_S, Scenario
from session.virtual_time import run_virtual

STORY = "A long story of many words that takes its time until it comes to an end at last."


class Shown(io.TextOutput):
    """Writes down what a caller's client would be shown, and when."""

    def __init__(self) -> None:
        super().__init__(label="Shown", next_in_chain=None)
        self.texts: list[tuple[float, str]] = []

    async def capture_text(self, text: str) -> None:
        self.texts.append((asyncio.get_running_loop().time(), text))

    def flush(self) -> None:
        """All of it is shown already."""


class Timed:
    """The outputs of a session as RoomIO makes them: words timed by the sound beside them."""

    def __init__(self) -> None:
        self.shown = Shown()
        self.timing: TranscriptSynchronizer

    def __call__(self, call: Call) -> None:
        assert call.sink is not None
        self.timing = TranscriptSynchronizer(
            next_in_chain_audio=call.sink, next_in_chain_text=self.shown
        )
        call.session.output.audio = self.timing.audio_output
        call.session.output.transcription = self.timing.text_output


def test_the_words_are_shown_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first frame, and no frame is analysed for it."""
    analysed: list[Any] = []
    push = synchronizer._SegmentSynchronizerImpl.push_audio
    monkeypatch.setattr(
        synchronizer._SegmentSynchronizerImpl,
        "push_audio",
        lambda segment, frame: (analysed.append(frame), push(segment, frame)),
    )

    async def main() -> None:
        outputs = Timed()
        s = await Scenario.start(before=outputs)
        s.fail()
        report = await s.closed()
        assert (report.played, report.path) == ("full", "say")
        ((at, text),) = outputs.shown.texts
        assert (text, round(at - s.call.at("frame"), 2)) == (WORDS, 0.0)
        assert analysed == []
        s.check()
        await outputs.timing.aclose()

    run_virtual(main())


def test_a_speech_that_is_interrupted_keeps_the_words_that_were_heard() -> None:
    """Its timing alone says how far it got, which goes into the chat history."""

    async def main() -> None:
        outputs = Timed()
        s = await Scenario.start(before=outputs, tts=FakeTTS(8.0))
        s.session.say(STORY)
        await asyncio.sleep(3.0)
        s.fail()
        report = await s.closed()
        assert report.played == "full"
        (told,) = [m.text_content for m in s.session.history.messages() if m.role == "assistant"]
        assert told is not None
        assert 0 < len(told) < len(STORY)
        assert STORY.startswith(told)
        await outputs.timing.aclose()

    run_virtual(main())


def test_a_later_speech_is_timed_again() -> None:
    """Outputs of the user's own outlive the close; words follow the sound in the next session."""

    async def main() -> None:
        outputs = Timed()
        s = await Scenario.start(before=outputs)
        s.fail()
        await s.closed()
        call = await Call.start(sink=s.call.sink, tts=FakeTTS(8.0), before_start=reuse(outputs))
        begun = len(outputs.shown.texts)
        await call.session.say(STORY)
        times = [at for at, _ in outputs.shown.texts[begun:]]
        assert len(times) > 10
        assert times[-1] - times[0] > CLIP_S
        await call.session.aclose()
        await outputs.timing.aclose()

    run_virtual(main())


@pytest.mark.parametrize("detached", [False, True])
def test_the_timing_is_put_back_where_it_was(*, detached: bool) -> None:
    """On, unless an output was replaced meanwhile: livekit then has switched it off itself."""

    async def main() -> None:
        outputs = Timed()
        call = await Call.start(before_start=outputs)
        with transcripts.untimed(call.session):
            assert not outputs.timing.enabled
            if detached:
                call.session.output.transcription = outputs.shown
        assert outputs.timing.enabled is not detached
        await call.session.aclose()
        await outputs.timing.aclose()

    run_virtual(main())


def reuse(outputs: Timed) -> Any:
    """Give the next session the outputs of the last."""

    def prepare(call: Call) -> None:
        call.session.output.audio = outputs.timing.audio_output
        call.session.output.transcription = outputs.timing.text_output

    return prepare
