"""Tells when the caller speaks and no final word arrives. Knows no session, no clock, no sound."""

from __future__ import annotations

UTTERANCES = 3
"""How many utterances in a row without a transcript make an agent count as deaf."""

UTTERANCE_S = 0.7
"""Anything shorter is a cough or a door."""

WAIT_S = 3.0
"""How long the transcript of an utterance may take."""


class Deafness:
    """What an agent has heard of its caller; noise sounds the same, so this is told only once.

    Attributes:
        due_at: When `is_deaf` is to be asked, or None.
    """

    def __init__(self) -> None:
        self.due_at: float | None = None
        self._began: float | None = None
        self._is_heard = False
        self._unheard = 0
        self._was_told = False

    def began(self, now: float) -> None:
        """Note that the caller begins to speak."""
        self._began, self.due_at, self._is_heard = now, None, False

    def ended(self, now: float) -> None:
        """Note that the caller has stopped speaking; the final words may be still to come."""
        if not self._is_heard and self._began is not None and now - self._began >= UTTERANCE_S:
            self.due_at = now + WAIT_S

    def words(self) -> None:
        """Note words of the caller that are final."""
        self._unheard, self.due_at, self._is_heard = 0, None, True

    def answered(self) -> None:
        """Note that the agent speaks: whatever it has heard, it is not deaf."""
        self._unheard = 0

    def close(self) -> None:
        """Wait for no more words."""
        self.due_at = None

    def is_deaf(self) -> bool:
        """Note that no word of an utterance has come in time; tell whether to say so, once."""
        self.due_at = None
        self._unheard += 1
        tells = self._unheard == UTTERANCES and not self._was_told
        self._was_told |= tells
        return tells
