"""Holds all that could be said and done in one call, ready for each kind of failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ending import Words
from .words.message import Message
from .words.utterance import OutputFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..failure.kinds import FailureKind
    from ..room.own_track import Standby
    from .after.plan import Plan
    from .words.message import AnyMessage


class Script:
    """What is said, what follows, and what is said if that fails.

    Args:
        message: What the caller hears.
        plan: What follows.
        languages: Languages of bundled words in the order of preference; None is skipped.
        max_message_s: Longest message accepted, in seconds.
        tell: Whether the others in the room are told of it.

    Attributes:
        messages: All messages, the likeliest first.
        plan: What follows.

    Raises:
        ClipError: A file is missing, broken or too long.
        MessageError: A message has a form that is not known.
    """

    def __init__(
        self,
        message: AnyMessage,
        plan: Plan,
        *,
        languages: Sequence[str | None],
        max_message_s: float,
        tell: bool = True,
    ) -> None:
        self.plan = plan
        self._tell = tell
        self._first = Message(
            message, languages=languages, max_message_s=max_message_s, handed_on=plan.handed_on()
        )
        # by identity: an action may carry a mapping and then has no hash
        self._second = {
            id(action): Message(action.on_failure, languages=languages, max_message_s=max_message_s)
            for action in plan.actions()
        }
        self.messages = [self._first, *self._second.values()]
        self._format: OutputFormat | None = None

    def prepare(self, to: OutputFormat) -> None:
        """Prepare all sounds for an output; do nothing if they are ready in its format."""
        if to != self._format:
            for message in self.messages:
                message.prepare(to)
            self._format = to

    def for_failure(self, kind: FailureKind, standby: Standby | None = None) -> Words:
        """Return what is said and done about a kind of failure; a look-up."""
        action = self.plan.for_kind(kind)
        second = self._second[id(action)].for_kind(kind) if action is not None else None
        to = self._format or OutputFormat()
        return Words(self._first.for_kind(kind), second, action, to, standby, self._tell)
