"""Tracks one run of a stream or one recognition across its tasks.

The tap opens a call; anything inside it, in any task that was started there, finds it in
`current`: the errors of children, and the answers to refused requests. Imports nothing of lastword.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping


@dataclass(frozen=True)
class RefusedResponse:
    """A server's answer to a request that it refused.

    Attributes:
        status: The HTTP status, 400 or above.
        headers: The response's headers.
        body: The body, or its beginning.
        host: The host that answered.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    host: str


@dataclass(slots=True, eq=False)
class Call:
    """The whole life of a stream with all its retries, or one recognition.

    Attributes:
        worker: The stream, or the STT that recognizes.
        component: The LLM, STT or TTS that it works for.
        parent: The call of the adapter around it.
        task: Where its retry loop runs.
        over: Whether its unrecoverable error was announced.
        refused: The last refused response of the running attempt.
        cut: Whether a call inside it was refused new work because its owner is closing.
        answered: Whether the stream of an LLM has put out a word or a call of a tool.
    """

    worker: object
    component: object
    parent: Call | None
    task: asyncio.Task[Any] | None
    over: bool = False
    refused: RefusedResponse | None = None
    cut: bool = False
    answered: bool = False

    def note_answer(self) -> None:
        """Note that there is an answer."""
        self.answered = True

    @property
    def outermost(self) -> Call:
        """The outermost call around this one, inside no adapter."""
        call = self
        while call.parent is not None:
            call = call.parent
        return call


current: ContextVar[Call | None] = ContextVar("lastword_call", default=None)

failing: ContextVar[object] = ContextVar("lastword_failing", default=None)
"""The LLM, STT or TTS whose error is being announced, for the handlers of its events."""

in_flight: set[Call] = set()
"""Outermost calls that are not over: everything in this process that is waiting for an answer."""
