"""Keeps what was found out about an error on the error itself.

An error passes several layers on its way out: the stream that raised it, a StreamAdapter or a
FallbackAdapter around that stream, the session. Each must come to the same verdict, and re-raising
replaces `__context__`, so the first layer's findings travel with the error. Must not import what
judges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .failure import Failure

_ATTRIBUTE = "lastword_verdict"


@dataclass
class Verdict:
    """What is known about an error.

    Attributes:
        failure: What the error means.
        context: Its `__context__` when it was first seen: for the OpenAI SDK's errors the way to
            the HTTP response.
        heard: Whether an agent was told about it.
        retried: Whether it is one of several attempts, which the code that retries counts.
    """

    failure: Failure
    context: BaseException | None = field(repr=False)  # aiohttp's show the request with its key
    heard: bool = False
    retried: bool = False


def verdict_of(error: object) -> Verdict | None:
    """Return what is known about an exception, or about the one in an event, if anything."""
    for _ in range(3):  # an ErrorEvent holds an LLMError or the like, and that the exception
        held = _held(error)
        if isinstance(error, BaseException):
            found = held.get(_ATTRIBUTE)
            return found if isinstance(found, Verdict) else None
        error = held.get("error")
    return None


def _held(value: object) -> dict[str, Any]:
    """Return an object's own attributes; reading one the usual way may run any code."""
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return held if isinstance(held, dict) else {}


def keep(verdict: Verdict, error: BaseException) -> None:
    """Store on an exception what is known about it."""
    setattr(error, _ATTRIBUTE, verdict)
