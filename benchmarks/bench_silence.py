"""What the watch for silence costs a session: less than 20 us per turn of the caller.

Run with `python -m pytest -s benchmarks/bench_silence.py`. A turn is the events that
livekit-agents emits for one: the caller speaks, is understood, the agent thinks, speaks and
listens. Three sessions that run take the same events in turns in one process: one that is not
attached, one with `silence=None` and one with `Silence()`. What is printed is CPU time, the median
of the differences between neighbours; others that use the machine slow them alike. The frames of
the speech are measured apart, per frame.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from livekit.agents.voice.events import (
    AgentStateChangedEvent,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)
from livekit.agents.voice.speech_handle import SpeechHandle

import lastword
from lastword import Silence
from lastword.session.silence.debt import Debt
from lastword.session.silence.ear import Ear
from session.fakes import Call, FakeLLM, FakeTTS, clip_of, frame_of, tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import AgentSession

ROUNDS = 300
TURNS = 20
FRAMES = 200
WARM_UP = 3
LIMIT_US = 20.0
FRAME = frame_of(tone(0.05))
"""50 ms, as livekit-agents hands them to an output."""


def events_of_a_turn() -> list[tuple[str, Any]]:
    """The events of one turn, as a session emits them."""

    def user(old: Any, new: Any) -> tuple[str, Any]:
        return "user_state_changed", UserStateChangedEvent(old_state=old, new_state=new)

    def agent(old: Any, new: Any) -> tuple[str, Any]:
        return "agent_state_changed", AgentStateChangedEvent(old_state=old, new_state=new)

    def words(text: str, *, final: bool) -> tuple[str, Any]:
        event = UserInputTranscribedEvent(transcript=text, is_final=final)
        return "user_input_transcribed", event

    speech = SpeechHandle.create()
    speech._mark_done()  # noqa: SLF001 - else later turns look at all that are still open
    created = SpeechCreatedEvent(
        user_initiated=False, source="generate_reply", speech_handle=speech
    )
    return [
        user("listening", "speaking"),
        words("what", final=False),
        words("what is the time", final=False),
        user("speaking", "listening"),
        words("What is the time?", final=True),
        ("speech_created", created),
        agent("listening", "thinking"),
        agent("thinking", "speaking"),
        agent("speaking", "listening"),
    ]


async def started(attach: Callable[[AgentSession[Any]], object] | None) -> AgentSession[Any]:
    """A session that runs, with what stands in front of it."""
    call = await Call.start(
        llm=FakeLLM(lambda: "Hello."),
        tts=FakeTTS(),
        before_start=lambda call: attach(call.session) if attach is not None else None,
    )
    return call.session


def attached(silence: Silence | None) -> Callable[[AgentSession[Any]], object]:
    """What attaches a last word."""
    return lambda session: lastword.attach(session, clip_of(0.3), silence=silence)


def take_turns(session: AgentSession[Any]) -> float:
    """Microseconds of CPU time per turn."""
    turns = [events_of_a_turn() for _ in range(TURNS)]
    for event in events_of_a_turn() * WARM_UP:
        session.emit(*event)
    started_at = time.process_time_ns()
    for turn in turns:
        for name, event in turn:
            session.emit(name, event)
    return (time.process_time_ns() - started_at) / TURNS / 1e3


class Hole:
    """An output that takes frames and does nothing with them."""

    async def capture_frame(self, frame: Any) -> None:
        """Take a frame."""


async def take_frames(hole: Hole) -> float:
    """Microseconds of CPU time per frame."""
    started_at = time.process_time_ns()
    for _ in range(FRAMES):
        await hole.capture_frame(FRAME)
    return (time.process_time_ns() - started_at) / FRAMES / 1e3


def cost_us(pairs: list[tuple[float, float]]) -> float:
    """The median of what the second of each pair takes longer."""
    return statistics.median(after - before for before, after in pairs)


def test_a_turn() -> None:
    """The watch, beside the same session without it and one that is not attached."""

    async def main() -> list[tuple[float, float, float]]:
        sessions = [
            await started(None),
            await started(attached(None)),
            await started(attached(Silence())),
        ]
        rounds = []
        for _ in range(ROUNDS):
            rounds.append(tuple(take_turns(session) for session in sessions))
            await asyncio.sleep(0)
        for session in sessions:
            await session.aclose()
        return rounds  # type: ignore[return-value]

    rounds = asyncio.run(main())
    watch_us = cost_us([(without, watched) for _, without, watched in rounds])
    all_us = cost_us([(bare, watched) for bare, _, watched in rounds])
    bare_us = statistics.median(bare for bare, _, _ in rounds)
    print(
        f"\na turn: {bare_us:.1f} us not attached, {all_us:+.1f} us attached, of it "
        f"{watch_us:+.1f} us by Silence()"
    )
    assert watch_us < LIMIT_US


def test_a_frame() -> None:
    """The look at the level of a frame that can be heard, beside the call alone."""

    async def main() -> list[tuple[float, float]]:
        bare, listened = Hole(), Hole()
        debt = Debt(Silence())

        def heard(duration_s: float, *, audible: bool) -> None:
            debt.sound(duration_s, 0.0, audible=audible)

        session: Any = SimpleNamespace(output=SimpleNamespace(audio=listened))
        ear = Ear(session, heard)
        ear.follow()
        return [(await take_frames(bare), await take_frames(listened)) for _ in range(ROUNDS)]

    print(f"\na frame of 50 ms: {cost_us(asyncio.run(main())):+.1f} us")
