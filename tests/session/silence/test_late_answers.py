"""Callers who do anything while answers come in time, come late, or never come.

Each example is one call in virtual time. What is owed is told from outside: from what the caller
does and hears, from the agent's state and from its tools. No last words may come before the bound,
and none may be left out.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from livekit.agents import Agent

from lastword import Silence, classify
from session.fakes import FakeTTS
from session.sequences import sequences, without_log
from session.silence.people import NEVER_S, SlowLLM, Talk, ToolAgent
from session.virtual_time import run_virtual

BOUNDS = Silence(give_up_after_s=5.0, tool_give_up_after_s=20.0, unanswered_after_s=4.0)
BOUND_S = {"llm": 5.0, "tts": 5.0, "tool": 20.0, "turn": 4.0}
WITHIN_S = 0.2
TURN_ENDS_S = 1.0
"""How long the end of a turn may be looked for; only then is it the agent's."""
FRAME_S = 0.05
"""A speech ends with a frame of silence, of up to this length."""

ACTIONS = (
    "says",
    "says",
    "writes",
    "noise",
    "say",
    "interrupt",
    "interrupt and write",
    "update agent",
)
ANSWERS = ((0.0, "Hello."), (0.3, "Hello."), (2.0, "Hello."), (4.5, "Hello."), (0.3, "{look}"))
BAD_ANSWERS = ((6.5, "Hello."), (NEVER_S, "Hello."))
actions = st.tuples(st.sampled_from(ACTIONS), st.sampled_from([0.0, 0.3, 1.5, 3.0, 6.0]))


@dataclass(frozen=True)
class World:
    """How quick the components are, and whether a handler keeps the call.

    Attributes:
        answers: Of the LLM: seconds and text, the last for all further ones.
        voice_s: Seconds until the TTS begins.
        sound_s: Seconds that each of its speeches takes.
        tool_s: Seconds that the agent's tool takes.
    """

    answers: tuple[tuple[float, str], ...]
    voice_s: float
    sound_s: float
    tool_s: float
    keeps: bool


def worlds(*, good: bool) -> st.SearchStrategy[World]:
    """Worlds in which every component is in time, or any may hang."""
    answers = ANSWERS if good else (*ANSWERS, *BAD_ANSWERS)
    return st.builds(
        World,
        answers=st.lists(st.sampled_from(answers), min_size=1, max_size=4).map(tuple),
        voice_s=st.sampled_from([0.0] if good else [0.0, 0.0, 2.0, 6.5, NEVER_S]),
        sound_s=st.sampled_from([0.3, 2.0, 7.0]),
        tool_s=st.sampled_from([0.3, 6.0, 15.0] if good else [0.3, 15.0, NEVER_S]),
        keeps=st.booleans(),
    )


@dataclass
class Truth:
    """Since when a caller has been waiting, told from outside.

    Attributes:
        talk: The call.
        agent: The agent that it begins with.
        keeps: Whether a handler keeps it whenever it is given up.
        began: When the agent last began to think or to listen, was told to say something, or was
            interrupted and asked anew.
        given_up: When and for whose sake it was given up, and how long the caller had waited.
    """

    talk: Talk
    agent: ToolAgent
    keeps: bool
    began: float = 0.0
    speaking: bool = False
    interrupted: bool = False
    given_up: list[tuple[float, str, float]] = field(default_factory=list)

    def follow(self) -> Truth:
        """Listen to the session."""
        session = self.talk.call.session
        session.on("agent_state_changed", self._agent)
        session.on("user_state_changed", self._user)
        session.on("error", self._error)
        return self

    def begin(self) -> None:
        """Note that the clock may start now."""
        self.began = self.now

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def waits_since(self) -> float:
        """The last time at which the caller was not waiting, or waited for something else."""
        sink = self.talk.call.sink
        assert sink is not None
        heard = [start + len(sound) / sink.rate for start, sound in sink.sounds(0.0)]
        kept = [at for at, _, _ in self.given_up]
        return max(self.began, self.talk.silent_since, *heard, *self.agent.ended, *kept)

    def asks(self) -> None:
        """Let the caller ask in writing."""
        self.talk.call.session.generate_reply(user_input="hello")
        self._after_interruption()

    def says(self) -> None:
        """Let the agent say something."""
        if self.talk.call.session.agent_state == "listening":
            self.begin()
        self.talk.call.session.say("A word from the agent.")
        self._after_interruption()

    def _after_interruption(self) -> None:
        """Note that the agent may think all the while, but no longer about the same."""
        if self.interrupted:
            self.begin()
        self.interrupted = False

    def _agent(self, event: Any) -> None:
        self.interrupted = False
        thinks = event.old_state != "thinking" and event.new_state == "thinking"
        if thinks or event.new_state == "listening":  # as after a hand-over
            self.begin()

    def _user(self, event: Any) -> None:
        self.speaking = event.new_state == "speaking"

    def _error(self, event: Any) -> None:
        failure = classify(event)
        waited_s = 0.0 if self.speaking else self.now - self.waits_since
        self.given_up.append((self.now, failure.component, waited_s))
        event.error.recoverable = self.keeps


async def act(truth: Truth, action: str) -> None:
    """Do one thing; what the session refuses is its own business."""
    talk, session = truth.talk, truth.talk.call.session
    with contextlib.suppress(RuntimeError):
        if action == "says":
            await talk.says()
        elif action == "noise":
            await talk.says("")
        elif action == "writes":
            truth.asks()
        elif action == "say":
            truth.says()
        elif action.startswith("interrupt"):
            session.interrupt(force=True)
            truth.interrupted = True
            if action.endswith("write"):
                truth.asks()
        elif action == "update agent":
            session.update_agent(Agent(instructions="next"))


async def play(world: World, steps: list[tuple[str, float]]) -> Truth:
    """Play one sequence, and wait until nobody can be waiting any more."""
    voice = FakeTTS(world.sound_s, fault=lambda: asyncio.sleep(world.voice_s))
    brain, agent = SlowLLM(*world.answers), ToolAgent(world.tool_s)
    talk = await Talk.start(BOUNDS, llm=brain, tts=voice, agent=agent)
    truth = Truth(talk, agent, world.keeps).follow()
    for action, delay_s in steps:
        await act(truth, action)
        await asyncio.sleep(delay_s)
    await talk.wait(50.0)
    for _, hanging, waited_s in truth.given_up:
        assert BOUND_S[hanging] - FRAME_S <= waited_s <= BOUND_S[hanging] + TURN_ENDS_S + WITHIN_S
    waits = talk.call.session.agent_state == "thinking" and not truth.interrupted
    if waits and not talk.call.closed.is_set():
        assert truth.now - truth.waits_since <= BOUNDS.tool_give_up_after_s + WITHIN_S
    assert talk.call.closed.is_set() == (bool(truth.given_up) and not world.keeps)
    agent.released.set()
    await talk.end()
    return truth


def played(world: World, steps: list[tuple[str, float]]) -> Truth:
    """The same, in virtual time and without a log."""
    with without_log():
        return run_virtual(play(world, steps))


@sequences(300, 20261125)
@given(world=worlds(good=True), steps=st.lists(actions, min_size=1, max_size=6))
def test_answers_in_time_get_no_last_words(world: World, steps: list[tuple[str, float]]) -> None:
    assert played(world, steps).given_up == []


@sequences(300, 20261125)
@given(world=worlds(good=False), steps=st.lists(actions, min_size=1, max_size=6))
def test_last_words_come_at_their_bound_and_not_before(
    world: World, steps: list[tuple[str, float]]
) -> None:
    played(world, steps)
