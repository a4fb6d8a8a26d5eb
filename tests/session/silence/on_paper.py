"""A call on paper: a debt, what happens to it and when, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lastword import Silence
from lastword.session.silence.debt import Debt
from lastword.session.silence.steps import Look, Soon

if TYPE_CHECKING:
    from lastword.session.silence.steps import Step

LLM = Look(in_flight=frozenset({"llm"}))
TTS = Look(in_flight=frozenset({"tts"}))
TOOL = Look()
PENDING = Look(turn_pending=True)
WITH_FILLER = Silence(filler="One moment.")


@dataclass
class Caller:
    """A call on paper: events at their times, and what was done at which time."""

    debt: Debt = field(default_factory=lambda: Debt(WITH_FILLER))
    look: Look = LLM
    now: float = 100.0
    steps: list[tuple[float, Step]] = field(default_factory=list)
    soon: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> Caller:
        """Let time go by, with a timer that asks when it is due."""
        end = self.now + seconds
        while (due := self.debt.due_at) is not None and due <= end:
            assert due >= self.now - 1e-6
            self.now = max(due, self.now)
            step = self.debt.check(self.now, self.look)
            if isinstance(step, Soon):
                self.soon.append(self.now)
            elif step is not None:
                self.steps.append((self.now, step))
        self.now = end
        return self

    def agent(self, state: str) -> Caller:
        self.debt.agent(state, self.now)
        return self

    def user(self, state: str, *, manual: bool = False) -> Caller:
        self.debt.user(state, self.now, manual=manual)
        return self

    def says(self, *, final: bool = True, manual: bool = False) -> Caller:
        self.debt.transcript(self.now, final=final, manual=manual)
        return self

    def frames(self, seconds: float, *, audible: bool = True) -> Caller:
        self.debt.sound(seconds, self.now, audible=audible)
        return self

    @property
    def done(self) -> list[Step]:
        return [step for _, step in self.steps]


def asked(look: Look = LLM, silence: Silence = WITH_FILLER) -> Caller:
    """A call in which the caller has asked something and the agent begins to think."""
    call = Caller(Debt(silence), look).agent("listening")
    call.user("speaking").wait(2.0).says(final=False).user("listening").wait(0.1).says().wait(0.4)
    return call.agent("thinking")
