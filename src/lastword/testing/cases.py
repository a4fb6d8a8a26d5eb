"""Lists what can go wrong: each failure of each component, in each state of a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from .exceptions import kinds_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .exceptions import Part

State: TypeAlias = Literal["start", "idle", "thinking", "speaking", "tool"]
STATES: tuple[State, ...] = ("start", "idle", "thinking", "speaking", "tool")
"""What a call does when something breaks: it begins, waits for the caller, waits for the LLM,
speaks, or runs a tool."""

# An STT that hears nothing is like a caller who says nothing: no drill can tell them apart.
_SILENT_WAYS: dict[str, tuple[str, ...]] = {
    "llm": ("hangs", "empty", "dies"),
    "tts": ("hangs", "empty", "dies"),
    "stt": ("dies",),
    "realtime": ("hangs", "empty"),
    "tool": ("hangs",),
}


@dataclass(frozen=True)
class Case:
    """One failure to rehearse.

    Attributes:
        component: "llm", "stt", "tts", "realtime" or "tool".
        fault: A kind of failure, "hangs", "empty" or "dies".
        state: What the call is doing when it happens.
    """

    component: str
    fault: str
    state: State

    @property
    def name(self) -> str:
        """The case in one word."""
        return f"{self.component}:{self.fault}:{self.state}"


def cases_for(components: Iterable[str]) -> list[Case]:
    """List every kind of failure of every component in every state, silent ones too."""
    cases = []
    for component in [*components, "tool"]:
        kinds = [] if component == "tool" else kinds_of(cast("Part", component))
        faults = [*map(str, kinds), *_SILENT_WAYS[component]]
        states: tuple[State, ...] = ("tool",) if component == "tool" else STATES
        cases += [Case(component, fault, state) for fault in faults for state in states]
    return cases
