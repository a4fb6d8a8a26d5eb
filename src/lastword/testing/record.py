"""Keeps on one clock what happens in a rehearsed call: its events, its failure, what is heard."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..bounded import Signal
from ..failure.classify import classify
from .ends import RecordingText
from .heard import Heard, heard_between
from .sink import RecordingSink

if TYPE_CHECKING:
    from ..failure.failure import Failure


@dataclass(frozen=True)
class Event:
    """Something that happened in a call.

    Attributes:
        name: "caller", "error", "agent" (its state), "close" or "broken".
        at_s: When, in seconds since the call began.
        detail: What was said, raised, changed or broken, in a few words.
    """

    name: str
    at_s: float
    detail: str


class Record:
    """The record of one call; its times are those of the event loop, in seconds.

    Attributes:
        sink: The session's output.
        words: The session's transcript.
        events: What has happened, in order.
        began_at: When it was made.
        asked_at: When the caller spoke last, or a component was broken last.
        failure: What the first error without a retry means, or None.
        failed_at: When that error came, or None.
        has_failed: Set by that error.
        has_closed: Set when the session has closed.
        happened: Set by each event.
    """

    def __init__(self) -> None:
        self.sink, self.words = RecordingSink(), RecordingText()
        self.events: list[Event] = []
        self._ended_at: float | None = None
        self.began_at = self.asked_at = self.now()
        self.failure: Failure | None = None
        self.failed_at: float | None = None
        self.has_failed, self.has_closed, self.happened = Signal(), Signal(), Signal()

    def now(self) -> float:
        """Return the loop's time; once the call is over, the time of its end."""
        return asyncio.get_running_loop().time() if self._ended_at is None else self._ended_at

    def end(self) -> None:
        """Stop the clock: the call is over."""
        self._ended_at = self.now()

    def note(self, name: str, detail: str) -> None:
        """Add an event."""
        self.events.append(Event(name, self.now() - self.began_at, detail))
        self.happened.set()

    def ask(self, name: str, detail: str) -> None:
        """Add an event from which silence counts, until something fails."""
        self.note(name, detail)
        self.asked_at = self.now()

    def on_error(self, event: Any) -> None:
        """Add an `error` event of the session; the first one without a retry is the failure."""
        failure = classify(event)
        self.note("error", f"{failure.component}: {failure.kind}")
        if not getattr(event.error, "recoverable", False) and not self.has_failed.is_set():
            self.failure, self.failed_at = failure, self.now()
            self.has_failed.set()

    def on_close(self, event: Any) -> None:
        """Add the `close` event of the session."""
        self.note("close", event.reason.value)
        self.has_closed.set()

    def heard_since(self, at: float) -> Heard:
        """Return what was heard since a time; times count from there."""
        return heard_between(self.sink, self.words, at, self.now())

    @property
    def silent_since(self) -> float:
        """When silence began to count: at the failure, else when the caller spoke last."""
        return self.asked_at if self.failed_at is None else self.failed_at
