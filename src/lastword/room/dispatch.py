"""Asks LiveKit's dispatcher for a fresh agent in a room, and waits until it has joined.

What the fresh agent is to know goes along in the metadata of the dispatch, as a note.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from livekit import api, rtc

from ..bounded import Signal, finished, first_of, within
from .callers import Presence
from .server import API_TIMEOUT_S, describe, server_api

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

logger = logging.getLogger("lastword")

NOTE = "lastword"
"""The key of the note in the metadata of a dispatch."""
MAX_HANDOVERS = 2
"""How often one room may be handed over: a provider that fails every agent would pass the caller
round for ever."""
MAX_HISTORY_BYTES = 32 * 1024
"""Size limit of the history that goes along; livekit-server takes 64 kB of metadata by default."""
_ON_BEHALF = "lk.publish_on_behalf"
"""The attribute of a participant, such as an avatar, that speaks for an agent."""


async def hand_over(
    room: rtc.Room,
    caller: str | None,
    *,
    agent_name: str,
    metadata: str,
    note: Mapping[str, Any],
    wait_s: float,
) -> str | None:
    """Bring a fresh agent into a room; never raise.

    Takes at most `wait_s` plus three times `API_TIMEOUT_S`.

    Args:
        room: The room, connected.
        caller: Identity of the caller, or None if nobody is linked.
        agent_name: The agent; empty for the one that joins every room.
        metadata: What the metadata of its job is to be, apart from the note.
        note: What it is told about the hand-over. "number", counted here, is added.
        wait_s: How long it may take to join, in seconds.

    Returns:
        One line that says why it failed, or None once the agent has joined.
    """
    changes = _Changes(room, caller)
    try:
        number = 1 + await _handovers(room, note)
        if number > MAX_HANDOVERS:
            return f"the room has been handed over {MAX_HANDOVERS} times, which is the limit"
        request = api.CreateAgentDispatchRequest(
            agent_name=agent_name,
            room=room.name,
            metadata=with_note(metadata, {**note, "number": number}),
        )
        return await _dispatch(request, changes, wait_s)
    except Exception as raised:  # noqa: BLE001 - reported, whatever it is
        error = describe(raised)
        logger.warning("the call could not be handed over", extra={"error": error})
        return error
    finally:
        changes.stop()


async def _handovers(room: rtc.Room, note: Mapping[str, Any]) -> int:
    """Return how often a room has been handed over."""
    async with server_api(API_TIMEOUT_S) as server:
        dispatches = await within(server.agent_dispatch.list_dispatch(room.name), API_TIMEOUT_S)
    notes = [note_in(dispatch.metadata) for dispatch in dispatches]
    # a server may forget those that are over; the note of the agent's own dispatch does not
    return max(sum(known is not None for known in notes), int(note.get("number", 0)))


async def _dispatch(
    request: api.CreateAgentDispatchRequest, changes: _Changes, wait_s: float
) -> str | None:
    """Request an agent and wait for it; return why that failed, or None."""
    async with server_api(API_TIMEOUT_S) as server:
        dispatch = await within(server.agent_dispatch.create_dispatch(request), API_TIMEOUT_S)
        await first_of(changes.joined, changes.left, timeout_s=wait_s)
        if changes.joined.is_set():
            return None
        # so that nobody joins a call that is being ended
        withdrawal = server.agent_dispatch.delete_dispatch(dispatch.id, request.room)
        await finished(withdrawal, name="lastword_withdraw", timeout_s=API_TIMEOUT_S)
    if changes.left.is_set():
        return "the caller has hung up"
    return f"no agent has joined within {wait_s:g} s"


class _Changes:
    """Watches for an agent to join a room and for the caller to leave it, until `stop()`."""

    def __init__(self, room: rtc.Room, caller: str | None) -> None:
        self.joined, self.left = Signal(), Signal()
        self._room = room
        self._presence = Presence(room, caller, self.left.set)
        room.on("participant_connected", self._on_connected)

    def stop(self) -> None:
        """Stop watching."""
        self._presence.stop()
        self._room.off("participant_connected", self._on_connected)

    def _on_connected(self, participant: rtc.RemoteParticipant) -> None:
        is_agent = participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        if is_agent and _ON_BEHALF not in participant.attributes:
            self.joined.set()


# --- the note ------------------------------------------------------------------------------------


def with_note(metadata: str, note: Mapping[str, Any]) -> str:
    """Return metadata with a note in it.

    A JSON object keeps its own keys, so that code which reads them need not know of the note.

    Args:
        metadata: Any text.
        note: What JSON can express.
    """
    given = _json_object(metadata)
    if given is None:
        given, note = {}, {**note, "metadata": metadata}
    return json.dumps({**given, NOTE: note}, separators=(",", ":"), ensure_ascii=False)


def note_in(metadata: str) -> dict[str, Any] | None:
    """Return the note in some metadata, or None if there is none."""
    note = (_json_object(metadata) or {}).get(NOTE)
    return note if isinstance(note, dict) and isinstance(note.get("number"), int) else None


def without_note(metadata: str) -> str:
    """Return metadata as it was before `with_note`."""
    note = note_in(metadata)
    if note is None:
        return metadata
    if isinstance(note.get("metadata"), str):
        return str(note["metadata"])
    given = {key: value for key, value in (_json_object(metadata) or {}).items() if key != NOTE}
    return json.dumps(given, ensure_ascii=False) if given else ""


def _json_object(text: str) -> dict[str, Any] | None:
    """Return a JSON object, an empty one for no text, or None if the text is something else."""
    if not text:
        return {}
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


# --- the history ---------------------------------------------------------------------------------


def newest(
    items: Sequence[Mapping[str, Any]], limit: int = MAX_HISTORY_BYTES
) -> list[Mapping[str, Any]]:
    """Return as many of the newest items of a history as fit, oldest first.

    A call of a tool without its result, or a result without its call, is left out: providers refuse
    a history with half of them.

    Args:
        items: Items of a chat history as plain values, oldest first.
        limit: Size limit in bytes of UTF-8.
    """
    taken: list[Mapping[str, Any]] = []
    for item in reversed(items):
        limit -= len(json.dumps(item, ensure_ascii=False).encode()) + 1
        if limit < 0:
            break
        taken.append(item)
    calls, results = _tool_calls(taken, "function_call"), _tool_calls(taken, "function_call_output")
    whole = calls & results
    return [item for item in reversed(taken) if "call_id" not in item or item["call_id"] in whole]


def _tool_calls(items: Iterable[Mapping[str, Any]], kind: str) -> set[str]:
    return {item["call_id"] for item in items if item.get("type") == kind}
