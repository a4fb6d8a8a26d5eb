"""Every way to fall silent is found within its bound, and no good call is (virtual time)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent

from lastword import FailureKind
from session.fakes import FakeTTS
from session.silence.people import (
    NEVER_S,
    SlowLLM,
    StallingTTS,
    Talk,
    ToolAgent,
    TurnAgent,
    hung_llm,
)
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

WITHIN_S = 0.2


async def speaks(talk: Talk) -> None:
    """Say something."""
    await talk.says()


async def writes(talk: Talk) -> None:
    """Ask in writing."""
    talk.asks()


async def is_greeted(talk: Talk) -> None:
    """Let the agent greet."""
    talk.asks(instructions="greet")


async def is_told_twice(talk: Talk) -> None:
    """Let the agent say two texts, one after the other."""
    await is_told(talk)
    talk.call.session.say("How are you?")


async def is_told(talk: Talk) -> None:
    """Let the agent say a given text."""
    talk.silent_since = asyncio.get_running_loop().time()
    talk.call.session.say("Good morning.")


def mute_tts() -> FakeTTS:
    return FakeTTS(fault=lambda: asyncio.sleep(NEVER_S))


def says_nothing() -> SlowLLM:
    return SlowLLM((0.3, ""))


def mute_from_second() -> FakeTTS:
    waits = iter([0.0])
    return FakeTTS(1.0, fault=lambda: asyncio.sleep(next(waits, NEVER_S)))


def asks_tool() -> SlowLLM:
    return SlowLLM((0.3, "{look}"), (0.3, "It is 42."))


class Mute(Agent):
    """Asks no LLM and says nothing."""

    def __init__(self) -> None:
        super().__init__(instructions="test")

    async def llm_node(self, *_: Any) -> AsyncIterator[str]:
        for word in ():
            yield word


class Forwarder(Mute):
    """Asks the LLM and says what it says."""

    async def llm_node(self, *args: Any) -> AsyncIterator[Any]:
        async for chunk in Agent.default.llm_node(self, *args):
            yield chunk


class Secretive(Mute):
    """Asks the LLM and keeps what it says to itself."""

    async def llm_node(self, *args: Any) -> AsyncIterator[Any]:
        async for chunk in Agent.default.llm_node(self, *args):
            if isinstance(chunk, str):
                yield chunk


async def is_prompted(talk: Talk) -> None:
    """Let the agent greet, and then say more if it wants to."""
    talk.asks(instructions="greet")
    await talk.wait(20.0)
    talk.asks(instructions="say more if you have to")


FAULTS: dict[str, tuple[Callable[[Talk], Awaitable[None]], dict[str, Any], str, float]] = {
    # what the caller does, the session, who is named, the bound
    "the LLM hangs": (speaks, {"llm": hung_llm}, "llm", 30.0),
    "the LLM hangs, asked in writing": (writes, {"llm": hung_llm}, "llm", 30.0),
    "the LLM hangs at the greeting": (is_greeted, {"llm": hung_llm}, "llm", 30.0),
    "the TTS is mute": (speaks, {"tts": mute_tts}, "tts", 30.0),
    "the TTS is mute, given a text": (is_told, {"tts": mute_tts}, "tts", 30.0),
    "the TTS is mute at the second of two texts": (
        is_told_twice, {"tts": mute_from_second}, "tts", 31.0,
    ),
    "a tool hangs": (
        speaks, {"llm": asks_tool, "agent": lambda: ToolAgent(NEVER_S)}, "tool", 120.0,
    ),
    "the LLM hangs after a tool": (
        speaks,
        {
            "llm": lambda: SlowLLM((0.3, "{look}"), (NEVER_S, "")),
            "agent": lambda: ToolAgent(10.0),
        },
        "llm",
        40.0,
    ),
    "on_user_turn_completed hangs": (
        speaks, {"agent": lambda: TurnAgent(NEVER_S)}, "turn", 12.0,
    ),
    "the LLM answers with nothing": (speaks, {"llm": says_nothing}, "llm", 30.0),
    "the LLM answers with nothing, asked in writing": (
        writes, {"llm": says_nothing}, "llm", 30.0,
    ),
    "the LLM greets with nothing": (is_greeted, {"llm": says_nothing}, "llm", 30.0),
    "the LLM answers an agent's own node with nothing": (
        speaks, {"llm": says_nothing, "agent": Forwarder}, "llm", 30.0,
    ),
    "the LLM thinks for 20 s and says nothing": (
        writes, {"llm": lambda: SlowLLM((20.0, ""))}, "llm", 30.0,
    ),
    "the TTS stalls": (speaks, {"tts": StallingTTS}, "tts", 31.0),
    "the TTS sends next to nothing": (
        speaks, {"tts": lambda: StallingTTS(near_zero=True)}, "tts", 31.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_silence_is_found_within_its_bound(name: str) -> None:
    act, parts, hanging, bound_s = FAULTS[name]

    async def main() -> None:
        talk = await Talk.start(**{part: make() for part, make in parts.items()})
        await talk.wait(1.0)
        await act(talk)
        await asyncio.wait_for(talk.call.closed.wait(), 300.0)
        report = await talk.last_word.settled()
        assert report is not None
        assert (report.failure.kind, report.failure.component) == (FailureKind.DEAD_AIR, hanging)
        assert report.played == "full"
        # an end of the caller's turn and the way to a first sound are not the agent's silence
        slack_s = 2.0 if act is speaks else 0.0
        silent_s = talk.call.times[-2] - talk.silent_since
        print(f"\n# {name}: {silent_s:.1f} s")  # noqa: T201 - for people, with pytest -s
        assert bound_s <= silent_s <= bound_s + slack_s + WITHIN_S
        assert [f.component for f in talk.given_up] == [hanging]

    run_virtual(main())


GOOD: dict[str, tuple[Callable[[Talk], Awaitable[None]], dict[str, Any]]] = {
    "plain": (speaks, {}),
    "a slow LLM, at 0.9 of the bound": (speaks, {"llm": lambda: SlowLLM((27.0, "Hello."))}),
    "a slow TTS": (speaks, {"tts": lambda: FakeTTS(fault=lambda: asyncio.sleep(9.0))}),
    "a node that says nothing on purpose": (speaks, {"agent": Mute}),
    "a node that drops the LLM's words": (speaks, {"agent": Secretive}),
    "a tool with nothing to say about it": (
        speaks,
        {"llm": lambda: SlowLLM((0.3, "{look}"), (0.3, "")), "agent": lambda: ToolAgent(3.0)},
    ),
    "nothing to add, unasked": (is_prompted, {"llm": lambda: SlowLLM((0.3, "Hi."), (0.3, ""))}),
    "StopResponse": (speaks, {"agent": lambda: TurnAgent(stops=True)}),
    "StopResponse after a while": (speaks, {"agent": lambda: TurnAgent(9.0, stops=True)}),
    "a slow on_user_turn_completed": (speaks, {"agent": lambda: TurnAgent(10.0)}),
    "a tool of 100 s": (speaks, {"llm": asks_tool, "agent": lambda: ToolAgent(100.0)}),
    "a tool of 100 s that speaks": (
        speaks, {"llm": asks_tool, "agent": lambda: ToolAgent(100.0, says=True)},
    ),
    "a speech of two minutes": (speaks, {"tts": lambda: FakeTTS(120.0)}),
    "a caller who says nothing": (is_greeted, {}),
    "a text said by a slow TTS": (
        is_told, {"tts": lambda: FakeTTS(fault=lambda: asyncio.sleep(9.0))},
    ),
    "push to talk": (speaks, {"turn_detection": "manual", "llm": hung_llm}),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_good_call_is_left_alone(name: str) -> None:
    act, parts = GOOD[name]

    async def main() -> None:
        made = {part: make() if callable(make) else make for part, make in parts.items()}
        talk = await Talk.start(**made)
        await talk.wait(1.0)
        await act(talk)
        await talk.wait(150.0)
        assert talk.given_up == []
        assert not talk.call.closed.is_set()
        await talk.end()

    run_virtual(main())
