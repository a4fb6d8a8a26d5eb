"""Holds what a user sets about silence: `Silence`."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..words.message import OneMessage


@dataclass(frozen=True)
class Silence:
    """How long the agent may owe its caller a sound, and what is said meanwhile.

    The agent owes a sound from the moment that a turn is its own until something of it is heard.

    Attributes:
        give_up_after_s: Seconds of owed silence until the session gets its last words.
        tool_give_up_after_s: The same while a tool runs and neither LLM nor TTS is asked.
        unanswered_after_s: The same for a turn of the caller that livekit-agents has not ended, or
            that hangs in the agent's `on_user_turn_completed`.
        filler: What is said once per turn while the caller waits: any form of message, `True` for
            the bundled "One moment, please", None for nothing.
        filler_after_s: Seconds until then.
        tool_filler_after_s: The same while a tool runs.
        deaf_prompt: What is said once per session when the caller has spoken three times and no
            final word of it arrived: any form of message, `True` for the bundled "I can't hear
            you", None for nothing.

    Raises:
        ValueError: A time is not a positive, finite number, a filler would come after the last
            words, or a tool would get less time than a reply.
    """

    give_up_after_s: float = 30.0
    tool_give_up_after_s: float = 120.0
    unanswered_after_s: float = 12.0
    filler: OneMessage | bool = None
    filler_after_s: float = 4.0
    tool_filler_after_s: float = 8.0
    deaf_prompt: OneMessage | bool = None

    def __post_init__(self) -> None:
        for field in fields(self):
            if not field.name.endswith("_s"):
                continue
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(  # noqa: TRY004 - one error for all wrong times
                    f"expected {field.name} as a number of seconds, got {value!r}"
                )
            if not (math.isfinite(value) and value > 0):
                raise ValueError(
                    f"expected {field.name} as positive, finite seconds, got {value!r}; to switch "
                    "the watch off, pass silence=None to attach()"
                )
        order = [("give_up_after_s", "tool_give_up_after_s")]
        if self.wants_filler:
            order += [
                ("filler_after_s", "give_up_after_s"),
                ("tool_filler_after_s", "tool_give_up_after_s"),
            ]
        for first, then in order:
            if getattr(self, first) > getattr(self, then):
                raise ValueError(
                    f"expected {first} up to {then}, got {getattr(self, first)} and "
                    f"{getattr(self, then)} s; raise {then}: a filler comes before the last words, "
                    "and a tool may take longer than an answer"
                )

    @property
    def wants_filler(self) -> bool:
        """Whether something is said while the caller waits."""
        return not (self.filler is None or self.filler is False or self.filler == "")


DEFAULT_SILENCE: Final = Silence()
"""On by default: last words after 30 s of owed silence, 120 s while a tool runs."""


def check_silence(value: object) -> None:
    """Make sure that the argument `silence` is a `Silence` or None.

    Raises:
        TypeError: It is something else.
    """
    if value is not None and not isinstance(value, Silence):
        raise TypeError(
            f"expected silence as a lastword.Silence or None, got {value!r}; pass "
            "Silence(give_up_after_s=...), or None to switch the watch off"
        )
