"""Judges the errors that realtime sessions and turn detectors announce.

They have no common retry loop: what can be wrapped is the event. Must not import the session.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from livekit.agents import APIError, llm

from ..._upstream import components, hooks
from ..verdict import verdict_of
from . import refusals
from .judge import judge
from .owners import log_trouble, owner_of

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from ..failure import Failure


_SERVER_EVENT = "openai_server_event_received"
"""What OpenAI's plugin, and those built on it, emit for each event as the server sent it."""

_SAYS_NOTHING = frozenset({"error", "metrics_collected"})
"""Events that a realtime session emits without being connected."""

# Sessions that have not been connected since their last error.
_retrying: WeakSet[Any] = WeakSet()
# What a session's server said before its plugin announced it.
_announced: MutableMapping[Any, Failure] = WeakKeyDictionary()


def judged_realtime_emit(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap a realtime session's `emit`; a terminal error ends its reconnecting."""

    @functools.wraps(original)
    def emit(self: Any, event: Any, *args: Any) -> None:
        if event != "error" or not args or not isinstance(args[0], llm.RealtimeModelError):
            if event not in _SAYS_NOTHING and self in _retrying:
                _retrying.discard(self)
            original(self, event, *args)
            if event == _SERVER_EVENT and args:
                _announce_early(self, args[0])
            return
        announced, asked_again = args[0], args[0].recoverable
        if _judge_event(self, announced):
            if components.is_realtime_fallback(self):
                announced.recoverable = asked_again  # it has another model to continue with
            if _was_announced(self, announced):
                return
            _note_retry(self, announced)
        original(self, event, *args)
        # A handler may have reset it to keep the session.
        if asked_again and not announced.recoverable and hooks.runs_realtime_loop(self):
            raise announced.error

    return emit


def _announce_early(session: Any, said: object) -> None:
    """Announce a server's error that ends the session as soon as the server sends it.

    Upstream first closes the connection, and waits 10 s for the server to close it too (1.5 to
    1.8.9).
    """
    try:
        body = _error_in(said)
        if body is None or owner_of(session) is None:
            return
        error = APIError("the realtime model's server reported an error", body=body)
        event = components.realtime_error(session, error, recoverable=True)
        if _judge_event(session, event) and not event.recoverable:
            session.emit("error", event)
            verdict = verdict_of(event)
            if verdict is not None and not event.recoverable:  # a handler may keep the session
                _announced[session] = verdict.failure
    except Exception as trouble:  # noqa: BLE001 - must not reach the plugin
        log_trouble(trouble)


def _error_in(said: object) -> dict[object, object] | None:
    """Return the error in an event of OpenAI's realtime protocol, if it has one."""
    match said:
        case {"type": "error", "error": {**body}}:
            return body
        case {"type": "response.done", "response": {"status_details": {"error": {**body}}}}:
            return body
    return None


def _was_announced(session: Any, event: llm.RealtimeModelError) -> bool:
    """Return whether an event repeats what was announced early."""
    known, verdict = _announced.get(session), verdict_of(event)
    return known is not None and verdict is not None and verdict.failure.kind is known.kind


def _note_retry(session: Any, event: llm.RealtimeModelError) -> None:
    """Note whether an error follows another one with no connection in between.

    The plugin counts such attempts and gives up, but each connection resets its count, however
    soon the server ends it.
    """
    verdict = verdict_of(event)
    if verdict is not None:
        verdict.retried = session in _retrying or components.is_realtime_fallback(session)
    if event.recoverable:
        _retrying.add(session)


def judged_detector(original: Callable[..., None]) -> Callable[..., None]:
    """Type the errors of a turn detector; the session goes on without one."""

    @functools.wraps(original)
    def _emit_error(self: Any, api_error: Exception, recoverable: bool) -> None:  # noqa: FBT001
        try:
            event = components.detector_error(self, api_error, recoverable=recoverable)
        except Exception as trouble:  # noqa: BLE001 - must not reach the plugin
            log_trouble(trouble)
            original(self, api_error, recoverable)
            return
        _judge_event(self, event)
        original(self, event.error, event.recoverable)

    return _emit_error


def _judge_event(component: object, event: Any) -> bool:
    """Judge and type the error in an event of a component that has no stream.

    Returns:
        Whether it was ours to judge.
    """
    try:
        if owner_of(component) is None:
            return False
        refusals.attach_refusal(event.error, None)
        event.error = judge(component, event)
        event.recoverable = event.recoverable and not event.error.terminal
    except Exception as trouble:  # noqa: BLE001 - must not reach the plugin
        log_trouble(trouble)
        return False
    return True
