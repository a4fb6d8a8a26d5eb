"""One started call with its last word attached, and what must hold when it is over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents.voice.events import CloseReason

import lastword
from session.fakes import WORDS, Call, FakeLLM, clip_of, out_of_credits
from session.listening import assert_sink_heard

CLIP_S = 1.0
TAIL_S = 0.2
FRAME_TOLERANCE_S = 0.01
"""How exactly `first_frame_s` says when the first of frames of 50 ms was taken."""


def failing_llm() -> FakeLLM:
    """An LLM without credits."""

    def fail() -> str:
        raise out_of_credits()

    return FakeLLM(fail)


class Scenario:
    """A started call with its last word attached."""

    def __init__(self, call: Call, last_word: lastword.LastWord) -> None:
        self.call = call
        self.session = call.session
        self.last_word = last_word

    @classmethod
    async def start(cls, clip_s: float = CLIP_S, **options: Any) -> Scenario:
        """Starts a call whose LLM has no credits, unless the options say otherwise."""
        attached: list[lastword.LastWord] = []
        options.setdefault("llm", failing_llm())
        attach_options = options.pop("attach", {})
        before = options.pop("before", None)

        def attach(call: Call) -> None:
            if before is not None:
                before(call)
            attached.append(lastword.attach(call.session, clip_of(clip_s), **attach_options))

        call = await Call.start(before_start=attach, **options)
        return cls(call, attached[0])

    def fail(self) -> None:
        """The caller says something, and the LLM refuses."""
        self.session.generate_reply(user_input="hello?")

    async def closed(self, limit_s: float = 60.0) -> lastword.Report:
        """Waits for the close event and gives the report, which is settled some turns later."""
        await asyncio.wait_for(self.call.closed.wait(), limit_s)
        report = await self.last_word.settled()
        assert report is not None
        if report.closed_by == "forced":
            await asyncio.sleep(2.5)  # what is left over has a second each to end
        return report

    def check(
        self,
        *,
        heard_s: float = CLIP_S,
        close_s: float | None = None,
        left: tuple[str, ...] = (),
        listens: bool = True,
    ) -> None:
        """One close with reason and error, the message heard once and in full.

        `left` names tasks that user code, which swallows every cancellation, keeps from ending.
        `listens` is False where the message is another one, or the test compares what was heard.
        """
        (close,) = self.call.closes
        assert close.reason == CloseReason.ERROR
        assert close.error is not None
        report = self.last_word.report
        assert report is not None
        assert report.played_s == pytest.approx(heard_s, abs=0.051)
        if heard_s == CLIP_S:
            assert report.played == "full"
            if listens:
                self._check_sound(report)
        assert WORDS not in [message.text_content for message in self.session.history.messages()]
        if close_s is not None:
            since = self.call.at("close:error") - self.call.at("error")
            assert since == pytest.approx(close_s, abs=0.1)
        tasks = [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("lastword")]
        assert set(tasks) <= set(left), tasks

    def _check_sound(self, report: lastword.Report) -> None:
        """What the caller has heard since the error is the message, once and whole."""
        sink = self.call.sink
        if sink is None or report.path == "own_track":
            return
        error_at = self.call.at("error")
        assert_sink_heard(sink, clip_of(CLIP_S), error_at)
        ((began, _), *_) = sink.sounds(error_at)
        assert report.first_frame_s is not None
        failed_at = began - report.first_frame_s  # the last of several errors
        errors = [
            at
            for name, at in zip(self.call.events, self.call.times, strict=True)
            if name == "error"
        ]
        assert min(abs(at - failed_at) for at in errors) < FRAME_TOLERANCE_S
