"""Makes the first verdict as quick as later ones, by reaching some in advance."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

from livekit.agents import APIConnectionError, APIStatusError, llm

from .classify import classify
from .evidence.classes import ASKED, class_of
from .evidence.foreign import look_at

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOTS = (
    ("livekit.agents", "APIError"),
    ("aiohttp", "ClientError"),
    ("openai", "APIError"),
    ("anthropic", "APIError"),
    ("google.genai.errors", "APIError"),
    ("botocore.exceptions", "ClientError"),
    ("httpx", "TransportError"),
    ("httpx2", "TransportError"),
    ("websockets", "ConnectionClosed"),
)
"""Where the classes begin that plugins raise, and what stands behind them."""

_BUILTIN = (ConnectionResetError, KeyError, OSError, RuntimeError, TimeoutError, ValueError)

_MAX_CLASSES = 96
"""Fewer than are remembered at once."""

_ROUNDS = 8
"""From 3.11 on, CPython specialises code that has run eight times (PEP 659)."""


@functools.cache
def warm_up() -> None:
    """Reach some verdicts, once in a process; takes about 2 ms.

    The first verdict would take four times as long as a later one, at the moment of a failure.
    """
    kinds: list[type[BaseException]] = [*_BUILTIN, *_classes()]
    for kind in kinds[:_MAX_CLASSES]:
        class_of(kind)  # type: ignore[arg-type] # classes are hashable
        look_at(kind, ASKED)
    for _ in range(_ROUNDS):
        for error in _errors():
            classify(error)


def _classes() -> Iterator[type[BaseException]]:
    """Yield the classes of the libraries that are loaded."""
    for module, name in _ROOTS:
        waiting = [getattr(sys.modules.get(module), name, None)]
        while waiting:
            kind = waiting.pop()
            if isinstance(kind, type) and issubclass(kind, BaseException):
                yield kind
                waiting.extend(kind.__subclasses__())


def _errors() -> Iterator[object]:
    """Yield errors that take the ways that most errors take: by code, by phrase, by status."""
    said = {"message": "You exceeded your quota (per minute).", "type": "tokens", "code": "slow"}
    refused = APIStatusError("Error code: 429 - quota", status_code=429, body={"error": said})
    refused.__cause__ = APIStatusError("quota", status_code=429, body={"error": dict(said)})
    yield llm.LLMError(timestamp=0.0, label="livekit.plugins.openai.llm.LLM", error=refused,
                       recoverable=False)  # fmt: skip
    answered = APIStatusError("Too Many Requests, retry in 3s", status_code=429, body=None)
    for library in filter(None, map(sys.modules.get, ("httpx", "httpx2"))):
        request = library.Request("POST", "https://api.example.com/v1/chat")
        response = library.Response(429, json={"error": said}, request=request)
        answered.response = response  # type: ignore[attr-defined] # as exceptions of SDKs have it
    yield answered
    lost = APIConnectionError("Connection error.")
    lost.__context__ = ConnectionResetError(104, "reset")
    yield lost
