"""Keeps a caller from waiting in silence: does what each step of a `Debt` asks for.

Must not import attach or closing: giving up is left to its creator.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from .remarks import Remarks
from .steps import Deaf, Filler, GiveUp, Soon
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from livekit.agents import AgentSession

    from ..owner import SessionOwner
    from ..preparation import Preparation, RemarkName
    from .settings import Silence
    from .steps import Step

logger = logging.getLogger("lastword")


class Keeper:
    """What a session does about silence.

    Args:
        session: The session.
        silence: The bounds, or None to watch nothing; an apology is said all the same.
        preparation: Holds the remarks.
        owner: Knows which components are being asked.
        give_up: Called when the caller has waited too long.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        silence: Silence | None,
        preparation: Preparation,
        owner: SessionOwner,
        *,
        give_up: Callable[[GiveUp], None],
    ) -> None:
        self._session = session
        self._preparation = preparation
        self._give_up = give_up
        self._remarks = Remarks(session)
        self._watch = Watch(session, silence, owner, act=self._act) if silence is not None else None
        self._excused: Hashable = None
        self._owes_apology = False

    @property
    def waited_s(self) -> float:
        """How long the caller has been waiting for a sound, in this turn."""
        return self._watch.waited_s if self._watch is not None else 0.0

    @property
    def said(self) -> int:
        """How many remarks were said in this session."""
        return self._remarks.said

    def is_of_remark(self, event: str) -> bool:
        """Return whether an event is about lastword's own remark, and so not about health."""
        return self._remarks.is_of_remark(event)

    def note(self, event: str, *args: Any) -> None:
        """Note an event of the session, before its other listeners do."""
        if event == "agent_state_changed" and not self.is_of_remark(event):
            if args[0].new_state == "speaking":
                self._remarks.stop()
            elif self._owes_apology:
                self._apologise()
        elif event == "user_state_changed" and args[0].new_state == "speaking":
            self._owes_apology = False
            self._remarks.stop()
        if self._watch is not None:
            self._watch.note(event, *args)

    def turn_failed(self, turn: Hashable) -> None:
        """Say the apology for a failed turn that is tolerated, once for all of its errors.

        Args:
            turn: Identifies the turn; None for one that cannot be identified.
        """
        if turn is not None and turn == self._excused:
            return
        self._excused = turn
        if self._session.agent_state == "speaking":
            self._owes_apology = True  # after what is still to be heard of the turn
        elif self._session.user_state != "speaking":
            self._apologise()

    def restart(self) -> None:
        """Start waiting again: a handler has kept the session."""
        if self._watch is not None:
            self._watch.restart()

    def stop(self) -> None:
        """Stop speaking and waiting."""
        self._owes_apology = False
        self._remarks.stop()
        if self._watch is not None:
            self._watch.stop()

    def _act(self, step: Step) -> None:
        if isinstance(step, GiveUp):
            self._give_up(step)
        elif isinstance(step, Soon):
            self._remarks.make_ready(self._preparation.format)
        elif isinstance(step, Filler):
            self._say("filler")
        elif isinstance(step, Deaf):
            self._say("deaf_prompt")

    def _apologise(self) -> None:
        self._owes_apology = False
        if not self._say("apology"):
            utterance = self._preparation.remark("apology")
            if utterance is not None:
                self._remarks.say_by_session(utterance, self._preparation.format)

    def _say(self, name: RemarkName) -> bool:
        utterance = self._preparation.remark(name)
        if utterance is None:
            return False
        return self._remarks.say(utterance, self._preparation.format)
