"""Hands a call on to a fresh agent in the same room, and gives that agent what it is to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...failure.kinds import FailureKind
from ...room.dispatch import hand_over as hand_over_in
from ...room.dispatch import newest, note_in, without_note
from ..arguments import check_flag, check_seconds
from .actions import HandsOn

if TYPE_CHECKING:
    from livekit.agents import JobContext
    from livekit.agents.llm import ChatContext

    from ..words.message import AnyMessage
    from .actions import After, AfterContext

_SAME_AGAIN = frozenset({
    FailureKind.QUOTA_EXHAUSTED,
    FailureKind.AUTH,
    FailureKind.ACCOUNT_DISABLED,
    FailureKind.MODEL_UNAVAILABLE,
})  # fmt: skip
"""What the agent's account or set-up lacks, which a fresh process of the same agent lacks too."""


def hand_over(
    agent_name: str | None = None,
    *,
    metadata: str | None = None,
    history: bool = True,
    wait_s: float = 8.0,
    on_failure: AnyMessage | None = None,
) -> After:
    """Hand the call over to a fresh agent in the same room, and leave when it has joined.

    LiveKit's own dispatcher brings the agent. Its entrypoint calls `handed_over(job)` to know the
    conversation so far. A room is handed over twice at most; the third time, or if no agent joins,
    the caller hears `on_failure` and the call ends as with `hang_up()`.

    Without `agent_name` it is not done for failures that a fresh process of the same agent would
    meet again (credits used up, key or account refused, model not there): the call ends as with
    `hang_up()`, unless a mapping of `after` names that kind of failure.

    Args:
        agent_name: The agent to dispatch; None for another process of the present one.
        metadata: The metadata of its job; None for the present job's own.
        history: Whether the conversation goes along: its newest 32 KiB, in the job's metadata.
        wait_s: How long the agent may take to join, in seconds.
        on_failure: What the caller hears if nobody takes over, any form of `attach`'s message.

    Raises:
        TypeError: An argument has a wrong type.
        ValueError: `wait_s` is not positive, or not finite.
    """
    for name, value in (("agent_name", agent_name), ("metadata", metadata)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"expected {name} as a text or None, got {value!r}; pass a str")
    check_flag("history", history)
    check_seconds("wait_s", wait_s, zero=False)
    return _HandOver(agent_name, metadata, history, wait_s, on_failure)


@dataclass(frozen=True)
class _HandOver(HandsOn):
    agent_name: str | None = None
    metadata: str | None = None
    history: bool = True
    wait_s: float = 8.0
    on_failure: AnyMessage | None = None
    name = "hand_over"
    state = "handed_over"

    def helps(self, kind: FailureKind) -> bool:
        """Return whether another agent can do better."""
        return self.agent_name is not None or kind not in _SAME_AGAIN

    async def pass_on(self, call: AfterContext) -> str | None:
        if call.job is not None and call.job.is_fake_job():
            return "no server has the room: this is the console mode"
        if call.job is None and self.agent_name is None:
            return "there is no job whose agent could take over; pass agent_name to hand_over()"
        own = call.job.job.metadata if call.job is not None else ""
        name = call.job.job.agent_name if call.job is not None else ""
        before = note_in(own) or {}
        note: dict[str, Any] = {
            "number": before.get("number", 0),
            "kind": str(call.failure.kind),
            "history": newest(call.history()) if self.history else [],
        }
        return await hand_over_in(
            call.room,
            call.caller,
            agent_name=self.agent_name if self.agent_name is not None else name,
            metadata=self.metadata if self.metadata is not None else without_note(own),
            note=note,
            wait_s=self.wait_s,
        )


@dataclass(frozen=True)
class Handover:
    """What an agent that takes a call over knows of it.

    Attributes:
        number: 1 if it is the first agent to take this room over, 2 for the second.
        kind: Why the agent before it failed.
        metadata: The metadata of the job as they are without the hand-over.
        history: The items of the conversation as plain values, oldest first.
    """

    number: int
    kind: FailureKind
    metadata: str
    history: tuple[dict[str, Any], ...] = ()

    def chat_ctx(self) -> ChatContext:
        """Return the conversation for `Agent(chat_ctx=...)`; empty if it is not understood."""
        from livekit.agents.llm import ChatContext  # noqa: PLC0415 - this module works without it

        try:
            return ChatContext.from_dict({"items": list(self.history)})
        except (TypeError, ValueError):  # of another version of livekit-agents
            return ChatContext.empty()


def handed_over(job: JobContext) -> Handover | None:
    """Return what is known of the call that a job takes over, or None if it takes over none.

    Args:
        job: The job, in its entrypoint.
    """
    note = note_in(job.job.metadata)
    if note is None:
        return None
    kind, history = note.get("kind"), note.get("history")
    return Handover(
        number=note["number"],
        kind=FailureKind(kind) if kind in set(FailureKind) else FailureKind.UNKNOWN,
        metadata=without_note(job.job.metadata),
        history=tuple(history) if isinstance(history, list) else (),
    )
