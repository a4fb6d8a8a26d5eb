"""Callers who do anything while answers come late: no last words as long as each comes in time.

Each example is one call in virtual time. LASTWORD_SEQUENCES sets how many are run, LASTWORD_SEED
which.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from livekit.agents import Agent

from lastword import Silence
from session.fakes import FakeTTS
from session.silence.people import NEVER_S, SlowLLM, Talk
from session.virtual_time import run_virtual

SEQUENCES = int(os.environ.get("LASTWORD_SEQUENCES", "300"))
SEED = int(os.environ.get("LASTWORD_SEED", "20261125"))
BOUNDS = Silence(give_up_after_s=5.0, tool_give_up_after_s=20.0, unanswered_after_s=4.0)
WITHIN_S = 0.2

ACTIONS = ("says", "says", "writes", "noise", "say", "interrupt", "update agent")
timed = st.tuples(st.sampled_from(ACTIONS), st.sampled_from([0.0, 0.3, 1.5, 3.0, 6.0]))


@dataclass(frozen=True)
class World:
    """How quick the components are: LLM and TTS, in seconds."""

    answers: tuple[float, ...]
    sound_s: float


worlds = st.builds(
    World,
    answers=st.lists(st.sampled_from([0.0, 0.3, 2.0, 4.5]), min_size=1, max_size=4).map(tuple),
    sound_s=st.sampled_from([0.3, 2.0, 7.0]),
)


async def act(talk: Talk, action: str) -> None:
    """Do one thing; what the session refuses is its own business."""
    session = talk.call.session
    with contextlib.suppress(RuntimeError):
        if action == "says":
            await talk.says()
        elif action == "writes":
            talk.asks()
        elif action == "noise":
            await talk.says("")
        elif action == "say":
            session.say("A word from the agent.")
        elif action == "interrupt":
            session.interrupt(force=True)
            # A question in the same moment would not start the clock anew: the agent never stops
            # thinking, and the caller has heard nothing since the question before.
            await asyncio.sleep(0.1)
        elif action == "update agent":
            session.update_agent(Agent(instructions="next"))


async def play(world: World, actions: list[tuple[str, float]], *, hangs: bool) -> None:
    """Play one sequence; at its end the LLM hangs, or does not."""
    brain = SlowLLM(*((seconds, "Hello.") for seconds in world.answers))
    talk = await Talk.start(BOUNDS, llm=brain, tts=FakeTTS(world.sound_s))
    for action, delay_s in actions:
        await act(talk, action)
        await asyncio.sleep(delay_s)
    await talk.wait(30.0)
    assert talk.given_up == []
    if hangs:
        brain.answers = [(NEVER_S, "")]
        talk.asks()
        await talk.wait(BOUNDS.give_up_after_s + WITHIN_S)
        assert [failure.component for failure in talk.given_up] == ["llm"]
        await asyncio.wait_for(talk.call.closed.wait(), 30.0)
    await talk.end()


@seed(SEED)
@settings(
    max_examples=SEQUENCES,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
@given(world=worlds, actions=st.lists(timed, min_size=1, max_size=6), hangs=st.booleans())
def test_answers_in_time_get_no_last_words(
    *, world: World, actions: list[tuple[str, float]], hangs: bool
) -> None:
    logging.disable(logging.CRITICAL)
    try:
        run_virtual(play(world, actions, hangs=hangs))
    finally:
        logging.disable(logging.NOTSET)
