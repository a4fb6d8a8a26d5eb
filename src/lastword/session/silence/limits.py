"""How long each thing that is owed may take, and who is named when it takes longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from .settings import Silence
    from .steps import Hanging, Look

Owed: TypeAlias = Literal["reply", "turn", "sound", "answer"]
"""What the caller waits for; the table in `debt` says when."""

SOON = 0.5
"""The fraction of the time to a filler after which it is prepared: a track in the room costs 2 % of
a core while it waits, and most replies have come by then."""

CLOCK_S = 1e-6
"""How much too early a timer may fire."""

_ORDER: tuple[Hanging, ...] = ("llm", "realtime", "tts")
"""Who is waited for if several are asked: the first in here, as a streaming TTS waits for text."""

_IF_NOBODY_IS_ASKED: dict[Owed, Hanging] = {"reply": "tool", "sound": "tts", "answer": "llm"}


class Limits:
    """The limits of one session.

    Args:
        silence: What the user has set.
    """

    def __init__(self, silence: Silence) -> None:
        self._silence = silence
        self._wants_filler = silence.wants_filler
        reply = [silence.give_up_after_s, silence.tool_give_up_after_s]
        if self._wants_filler:
            for seconds in (silence.filler_after_s, silence.tool_filler_after_s):
                reply += [seconds * SOON, seconds]
        self._times: dict[Owed, tuple[float, ...]] = {
            "reply": tuple(sorted(reply)),
            "turn": tuple(sorted((silence.unanswered_after_s, silence.tool_give_up_after_s))),
            "sound": (silence.give_up_after_s,),
            "answer": (silence.give_up_after_s,),
        }

    def following(self, owed: Owed, since: float, now: float) -> float:
        """Return the next time at which a limit may be reached, whoever hangs by then."""
        for seconds in self._times[owed]:
            if since + seconds > now + CLOCK_S:
                return since + seconds
        return now

    def of(self, owed: Owed, look: Look, *, tools: bool) -> tuple[float | None, float]:
        """Return the seconds to a filler, or None, and to the last words."""
        silence = self._silence
        if owed == "turn":  # it is not ended while a tool of the reply before it runs
            return None, silence.tool_give_up_after_s if tools else silence.unanswered_after_s
        if owed != "reply":
            return None, silence.give_up_after_s
        if tools or not look.in_flight:
            filler_s, bound_s = silence.tool_filler_after_s, silence.tool_give_up_after_s
        else:
            filler_s, bound_s = silence.filler_after_s, silence.give_up_after_s
        return (filler_s if self._wants_filler else None), bound_s


def hanging(owed: Owed, look: Look, *, tools: bool) -> Hanging:
    """Return who is to be named for something owed that has not come."""
    if tools and owed in {"reply", "turn"}:
        return "tool"
    if owed == "turn":
        return "turn"
    asked = (who for who in _ORDER if who in look.in_flight)
    return next(asked, _IF_NOBODY_IS_ASKED[owed])
