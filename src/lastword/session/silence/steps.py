"""What a debt is told when its time is up, and the steps that it then asks for. No rule is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Hanging = Literal["llm", "tts", "realtime", "tool", "turn"]
"""Who keeps the caller waiting."""


@dataclass(frozen=True)
class Look:
    """What the session looks like when a time is up.

    Attributes:
        in_flight: Components that are being asked.
        turn_pending: livekit-agents, or the agent's own code, still works on the caller's turn; a
            turn that nobody works on is left unanswered on purpose.
        tools_run: A speech waits for its tools.
        covered: Something else sounds, for instance the thinking sounds of a background player.
        unheard: Nobody is there to hear the agent, or its output is switched off: nobody waits.
    """

    in_flight: frozenset[Hanging] = frozenset()
    turn_pending: bool = False
    tools_run: bool = False
    covered: bool = False
    unheard: bool = False


@dataclass(frozen=True)
class Soon:
    """Prepare to ask the caller to wait."""


@dataclass(frozen=True)
class Filler:
    """Ask the caller to wait."""

    waited_s: float


@dataclass(frozen=True)
class GiveUp:
    """Say the last words.

    Attributes:
        hanging: Who is waited for.
        waited_s: How long the caller has waited.
    """

    hanging: Hanging
    waited_s: float


@dataclass(frozen=True)
class Deaf:
    """Tell the caller that nothing is heard."""


Step = Soon | Filler | GiveUp | Deaf
