"""Decides from the beats of one call whether its process works, is frozen, or is merely starved."""

from __future__ import annotations

from enum import Enum

FILLER_AFTER_S = 2.0
"""Silence of the process, not explained by waiting for a CPU, after which the caller hears that
somebody is still there."""
TAKE_OVER_AFTER_S = 6.0
"""The same, after which the process is given up; it may come back at any time before."""
BEAT_S = 0.25
"""How often a process that works says so."""
BACK_AFTER_S = 0.5
"""A process that has been silent for less works."""
LOOK_EVERY_S = 0.05
"""How often one that is silent is looked at; no alarm comes later than that after its bound."""


class State(Enum):
    """Where one call is on its way from being watched to its end."""

    WATCHED = "watched"
    FILLER = "filler"
    SPEAKING = "speaking"
    FOLLOW_UP = "follow_up"
    DONE = "done"


class Vigil:
    """The watch over one call.

    Args:
        now_s: The time.
        filler_after_s: As `FILLER_AFTER_S`.
        take_over_after_s: As `TAKE_OVER_AFTER_S`.

    Attributes:
        state: Where the call is.
        silent_s: Seconds without a beat when the process was last looked at.
    """

    def __init__(
        self,
        now_s: float,
        *,
        filler_after_s: float = FILLER_AFTER_S,
        take_over_after_s: float = TAKE_OVER_AFTER_S,
    ) -> None:
        self.state = State.WATCHED
        self.silent_s = 0.0
        self._filler_after_s = filler_after_s
        self._take_over_after_s = take_over_after_s
        self._beat_at = now_s
        self._waited_s: float | None = None

    @property
    def watches(self) -> bool:
        """Whether the process is still the one that speaks to the caller."""
        return self.state in {State.WATCHED, State.FILLER}

    def beat(self, now_s: float) -> None:
        """Note that the process works."""
        self._beat_at, self._waited_s = now_s, None

    def is_well(self, now_s: float) -> bool:
        """Return whether a beat has come so lately that there is nothing to decide."""
        return self.state is State.WATCHED and now_s - self._beat_at < BACK_AFTER_S

    def rest_s(self, now_s: float) -> float:
        """Return how long there is nothing to look at, in seconds: beats come often enough."""
        if self.state is not State.WATCHED:
            return LOOK_EVERY_S
        return max(BACK_AFTER_S - (now_s - self._beat_at), LOOK_EVERY_S)

    def look(self, now_s: float, waited_s: float, *, late_s: float = 0.0) -> State:
        """Decide anew.

        Args:
            now_s: The time.
            waited_s: How long the process has waited for a CPU since its start, in seconds; 0.0
                where that is not known. Only differences count.
            late_s: How much later than planned this call comes: where the watcher itself did not
                get a CPU, the process did not either.
        """
        self._beat_at += late_s
        if self._waited_s is None:
            self._waited_s = waited_s
        self.silent_s = now_s - self._beat_at
        unexplained_s = self.silent_s - max(waited_s - self._waited_s, 0.0)
        if self.state is State.FILLER and self.silent_s < BACK_AFTER_S:
            self.state = State.WATCHED
        elif self.state is State.WATCHED and unexplained_s >= self._filler_after_s:
            self.state = State.FILLER
        elif self.state is State.FILLER and unexplained_s >= self._take_over_after_s:
            self.state = State.SPEAKING
        return self.state

    def died(self) -> None:
        """Note that the process has ended without saying goodbye."""
        if self.watches:
            self.state = State.SPEAKING

    def followed_up(self) -> None:
        """Note that the message is over and the after-action runs."""
        self.state = State.FOLLOW_UP

    def done(self) -> None:
        """Note that nothing is left to do: a planned end, or the end of ours."""
        self.state = State.DONE
