"""Decides what an error means for the layer it has reached, adapters included.

Must not import the session.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from ..._upstream import components
from ..classify import classify
from ..kinds import FailureKind
from ..verdict import Verdict, keep, verdict_of

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ..failure import Failure

# The last failure of each component that runs behind an adapter, until it works again.
_behind_adapters: MutableMapping[Any, Failure] = WeakKeyDictionary()


def judge(component: object, event: Any) -> APIError:
    """Decide what an error means and give it the type that handlers should find.

    Args:
        component: The LLM, STT, TTS or realtime session that failed, or an adapter around them.
        event: The `LLMError` or similar event that announces the error.

    Returns:
        The error itself, an `InferenceQuotaExceededError` in its place, or an `APIError` around any
        other exception; with `terminal` and a verdict set on it.
    """
    error = event.error
    known = verdict_of(error)
    failure = known.failure if known else classify(event)
    if components.is_fallback(component):
        failure = _failure_behind(component, failure)
    typed = _typed(error, failure)
    known = verdict_of(typed)
    if known is None:
        known = Verdict(failure, typed.__context__)
        keep(known, typed)
    known.failure = failure
    typed.__context__ = known.context
    typed.terminal = failure.terminal  # type: ignore[attr-defined]
    if failure.terminal:
        typed.retryable = False
    return typed


def remember(component: object, failure: Failure | None) -> None:
    """Record the last outcome of a component behind an adapter; None means success."""
    with contextlib.suppress(TypeError):  # a component that cannot be hashed or referred to weakly
        if failure is not None:
            _behind_adapters[component] = failure
        else:
            _behind_adapters.pop(component, None)


def _failure_behind(adapter: object, failure: Failure) -> Failure:
    """Return what the failure of a FallbackAdapter means: final only if every child's was.

    Its own exception says only that all failed; their own errors tell which of them may work again
    in a later turn.
    """
    children = [_behind_adapters.get(child) for child in components.children_of(adapter)]
    last = children[-1] if children else None
    if last is not None and all(child is not None and child.terminal for child in children):
        return last
    return replace(failure, terminal=False, retryable=True) if failure.terminal else failure


def _typed(error: Exception, failure: Failure) -> APIError:
    """Find or make the exception that stands for an error from here on."""
    if failure.quota is not None and failure.terminal == failure.quota.terminal:
        typed: APIError = failure.quota
    elif isinstance(error, APIError):
        return error
    else:
        typed = _api_error(error, failure)
    if typed is not error and verdict_of(typed) is None:
        typed.__cause__ = error
        # Handlers go from here to the SDK's exception, and from there to the response.
        typed.__context__ = error.__context__ if isinstance(error, APIError) else error
    return typed


def _api_error(error: Exception, failure: Failure) -> APIError:
    """Wrap an exception in an `APIError`, the only kind that livekit-agents handles well."""
    message = failure.detail or type(error).__name__
    if failure.kind is FailureKind.TIMEOUT:
        return APITimeoutError(message, retryable=failure.retryable)
    if failure.kind is FailureKind.CONNECTION:
        return APIConnectionError(message, retryable=failure.retryable)
    if failure.status_code is not None:
        return APIStatusError(message, status_code=failure.status_code, retryable=failure.retryable)
    return APIError(message, retryable=failure.retryable)
