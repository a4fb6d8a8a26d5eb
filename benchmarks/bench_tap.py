"""Measures what the tap costs a call that succeeds: less than 15 us, even with fifty sessions.

Run with `python -m pytest benchmarks/bench_tap.py`. Each figure is one batch of `CALLS` calls of a
component that answers at once, beside the same batch without the tap; `-s` prints the difference
per call. Even with fifty sessions, each call must find out whether its own session is closing.

That nothing is done per token is counted, not timed, by `test_nothing_is_done_per_token` in
`tests/failure/tap/test_manners.py`; the time of an answer in a thousand pieces is shown here, but
its noise would hide any difference.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, AgentSession, llm

from failure.rehearsal import Brain, Ear, Mouth
from lastword.failure.tap import install as tap
from lastword.session.owner import SessionOwner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_benchmark.fixture import BenchmarkFixture

CALLS = 200
ROUNDS = 25
TURNS = 400
WARM_UP = 10  # changed classes reset the interpreter's specialisations
LIMIT_US = 15.0
TOKENS = "llm, a thousand tokens"
SESSIONS = {"bare": 0, "one session": 1, "fifty sessions": 50}


class Talker(Brain):
    """Answers in a thousand pieces."""

    def chat(self, *, chat_ctx: llm.ChatContext, **_: Any) -> llm.LLMStream:
        """Start an answer."""
        options = DEFAULT_API_CONNECT_OPTIONS
        return _Talk(self, chat_ctx=chat_ctx, tools=[], conn_options=options)


class _Talk(llm.LLMStream):
    async def _run(self) -> None:
        for _ in range(1000):
            delta = llm.ChoiceDelta(role="assistant", content="a")
            self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))


async def think(brain: llm.LLM) -> None:
    """Let the LLM give one answer."""
    async with brain.chat(chat_ctx=llm.ChatContext.empty()) as stream:
        assert [chunk async for chunk in stream]


async def speak(mouth: Mouth) -> None:
    """Let the TTS speak one sentence."""
    async with mouth.synthesize("Good.") as stream:
        assert [audio async for audio in stream]


async def hear(ear: Ear) -> None:
    """Let the STT recognise once."""
    assert (await ear.recognize([])).alternatives


WORK: dict[str, tuple[Callable[[], Any], Callable[[Any], Awaitable[None]], int]] = {
    "llm": (lambda: Brain(None), think, CALLS),
    "tts": (lambda: Mouth(None), speak, CALLS),
    "stt": (lambda: Ear(None, streaming=False), hear, CALLS),
    TOKENS: (lambda: Talker(None), think, CALLS // 20),
}


async def sessions(count: int, component: Any) -> list[Any]:
    """Return owners of that many sessions; the component belongs to the last one."""
    part = {"llm": component} if isinstance(component, llm.LLM) else {}
    made = [AgentSession() for _ in range(count - 1)] + [AgentSession(**part)] * bool(count)
    return [
        *(SessionOwner(session) for session in made),
        *made,
    ]  # owners hold their sessions weakly


@pytest.mark.parametrize("count", SESSIONS)
@pytest.mark.parametrize("work", WORK)
def test_a_call(benchmark: BenchmarkFixture, work: str, count: str) -> None:
    """Measure a batch of calls, one after the other, on one loop."""
    make, call, calls = WORK[work]
    loop = asyncio.new_event_loop()

    async def batch() -> None:
        for _ in range(calls):
            await call(component)

    async def start() -> tuple[Any, list[Any]]:
        component = make()
        return component, await sessions(SESSIONS[count], component)

    component, kept = loop.run_until_complete(start())
    for owner in kept[: SESSIONS[count]]:
        tap.install(owner)
    benchmark.group = f"{work}, {calls} calls"
    try:
        benchmark.pedantic(lambda: loop.run_until_complete(batch()), rounds=ROUNDS, warmup_rounds=3)
    finally:
        for owner in kept[: SESSIONS[count]]:
            tap.remove(owner)
        loop.close()


@pytest.mark.parametrize("count", ["one session", "fifty sessions"])
@pytest.mark.parametrize("work", WORK)
def test_the_difference(work: str, count: str) -> None:
    """Measure with and without in turns, in CPU time; take the median difference of the pairs.

    Other load on the machine slows both of a pair alike.
    """
    make, call, calls = WORK[work]
    calls = max(calls // 50, 1)

    async def batch(component: Any) -> float:
        for _ in range(WARM_UP if calls > 1 else 1):
            await call(component)
        started = time.process_time()
        for _ in range(calls):
            await call(component)
        return (time.process_time() - started) / calls * 1e6

    async def main() -> list[tuple[float, float]]:
        component = make()
        owners = (await sessions(SESSIONS[count], component))[: SESSIONS[count]]
        pairs = []
        for _ in range(TURNS if calls > 1 else TURNS // 10):
            for owner in owners:
                tap.install(owner)
            tapped = await batch(component)
            for owner in owners:
                tap.remove(owner)
            pairs.append((await batch(component), tapped))
        return pairs

    pairs = asyncio.run(main())
    bare_us = min(bare for bare, _ in pairs)
    cost_us = statistics.median(tapped - bare for bare, tapped in pairs)
    print(f"\n{work}, {count}: {bare_us:.1f} us bare, {cost_us:+.1f} us by the tap")
    assert work == TOKENS or cost_us < LIMIT_US
