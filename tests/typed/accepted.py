"""What users write and type checkers must accept; tests/typed/test_typed.py has it checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from livekit import rtc
from livekit.agents import Agent, AgentSession, BuiltinAudioClip, JobContext
from livekit.plugins import openai

import lastword
import lastword.testing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


@dataclass
class State:
    """What a session knows of its caller."""

    name: str


def patient(failure: lastword.Failure, history: lastword.History) -> lastword.Decision:
    """Decide as users do."""
    again = history.count < history.limit and not failure.terminal
    return lastword.Decision.TOLERATE if again else lastword.Decision.LAST_WORDS


async def tell(report: lastword.Report) -> None:
    """Read a report."""
    played: str = report.played
    told: tuple[str, float] = (played, report.played_s)
    assert told != ("none", 1.0)


async def frames() -> AsyncIterator[rtc.AudioFrame]:
    """Make a sound."""
    yield rtc.AudioFrame(bytes(960), 24000, 1, 480)


def attach_in_every_way(session: AgentSession[State]) -> lastword.LastWord:
    """Hand over each form of message, after-action and policy."""
    messages: list[lastword.AnyMessage] = [
        lastword.DEFAULT,
        "Sorry.",
        Path("sorry.opus"),
        lastword.bundled("pt-BR", "later"),
        BuiltinAudioClip.HOLD_MUSIC,
        frames(),
        None,
        {None: "Sorry.", lastword.FailureKind.RATE_LIMITED: lastword.bundled()},
    ]
    after: lastword.AnyAfter = {
        None: lastword.hang_up(),
        lastword.FailureKind.RATE_LIMITED: lastword.transfer_to("tel:+49301234567"),
    }
    policy: lastword.Policy = patient
    return lastword.attach(session, messages[0], after=after, policy=policy, on_report=tell)


def drop_in() -> lastword.AgentSession[State]:
    """Pass arguments of livekit's session and of ours."""
    session = lastword.AgentSession(
        llm=openai.LLM(),
        tts="openai/tts-1",
        userdata=State("Ada"),
        max_tool_steps=2,
        unrecoverable_error_message="Sorry.",
        after=lastword.leave(),
        silence=lastword.Silence(filler=True),
        apology=True,
    )
    name: str = session.userdata.name
    report: lastword.Report | None = session.last_word.report
    assert name
    assert report is None
    return session


@lastword.guard(after=lastword.hang_up())
async def entrypoint(ctx: JobContext) -> None:
    """Start a session that has its last word."""
    session = drop_in()
    await session.start(Agent(instructions="Be kind."), room=ctx.room)
    await session.last_word.ready()


async def sound_alone(tts: openai.TTS) -> lastword.Clip:
    """Use the functions that need no session."""
    samples, rate = lastword.decode("hold.flac", limits=lastword.Limits(max_duration_s=7200))
    lastword.resample(samples, rate, 24000)
    clip = lastword.Clip.load((samples, rate), transcript="Sorry.")
    pieces: list[rtc.AudioFrame] = clip.frames(24000, num_channels=1, frame_ms=50)
    assert pieces
    assert lastword.classify(RuntimeError()).kind is lastword.FailureKind.UNKNOWN
    return await lastword.bake(tts, "Sorry.")


class OnHold(lastword.AgentSession[State]):
    """A subclass with a constructor of its own."""

    def __init__(
        self, name: str, after: Mapping[lastword.FailureKind | None, lastword.After]
    ) -> None:
        super().__init__(userdata=State(name), after=after)


async def rehearsal() -> None:
    """Break a component and look."""
    async with lastword.testing.rehearse(drop_in, stand_ins=True, virtual_time=True) as call:
        call.break_component("llm", with_="quota_exhausted")
        await call.says("hello?")
        report = await call.closed()
        assert report is not None
        assert report.played == "full", call.told()
