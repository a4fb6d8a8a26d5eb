"""Judges what realtime sessions and turn detectors announce; owns the wrappers for them.

They have no common retry loop: what can be wrapped is the event. Must not import the session.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from livekit.agents import llm

from ..._upstream import components, hooks
from . import refusals
from .judge import judge
from .owners import log_trouble, owner_of

if TYPE_CHECKING:
    from collections.abc import Callable


def judged_realtime_emit(original: Callable[..., None]) -> Callable[..., None]:
    """Wraps how a realtime session announces anything; a terminal error ends its reconnecting."""

    @functools.wraps(original)
    def emit(self: Any, event: Any, *args: Any) -> None:
        if event != "error" or not args or not isinstance(args[0], llm.RealtimeModelError):
            original(self, event, *args)
            return
        announced, asked_again = args[0], args[0].recoverable
        if _judge_event(self, announced) and components.is_realtime_fallback(self):
            announced.recoverable = asked_again  # it has another model to go on with
        final = asked_again and not announced.recoverable
        original(self, event, *args)
        # A handler may have set it back, to keep the session.
        if final and not announced.recoverable and hooks.runs_realtime_loop(self):
            raise announced.error

    return emit


def judged_detector(original: Callable[..., None]) -> Callable[..., None]:
    """Types the errors of a turn detector; livekit-agents goes on without it, and so do we."""

    @functools.wraps(original)
    def _emit_error(self: Any, api_error: Exception, recoverable: bool) -> None:  # noqa: FBT001
        try:
            event = components.detector_error(self, api_error, recoverable=recoverable)
        except Exception as trouble:  # noqa: BLE001 - never the plugin's trouble
            log_trouble(trouble)
            original(self, api_error, recoverable)
            return
        _judge_event(self, event)
        original(self, event.error, event.recoverable)

    return _emit_error


def _judge_event(component: object, event: Any) -> bool:
    """Judges and types the error in the event of a component that is no stream's.

    Returns:
        Whether it was ours to judge.
    """
    try:
        if owner_of(component) is None:
            return False
        refusals.attach_refusal(event.error, None)
        event.error = judge(component, event)
        event.recoverable = event.recoverable and not event.error.terminal
    except Exception as trouble:  # noqa: BLE001 - never the plugin's trouble
        log_trouble(trouble)
        return False
    return True
