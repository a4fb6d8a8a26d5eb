"""Makes the first verdict as quick as later ones, by reaching some in advance."""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, Any

from livekit.agents import APIConnectionError, APIStatusError, llm, tts

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
    """Reach some verdicts, once in a process; takes 2 to 7 ms.

    The first verdict would take four times as long as a later one, at the moment of a failure.
    """
    kinds: list[type[BaseException]] = [*_BUILTIN, *_classes()]
    for kind in kinds[:_MAX_CLASSES]:
        class_of(kind)  # type: ignore[arg-type] # classes are hashable
        look_at(kind, ASKED)
    for _ in range(_ROUNDS):
        for error in (*_errors(), *_of_sdks()):
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
    lost = APIConnectionError("Connection error.")
    lost.__context__ = ConnectionResetError(104, "reset")
    yield lost


def _of_sdks() -> Iterator[object]:
    """Yield errors as plugins make them of those of the SDKs that are loaded, with responses."""
    for raised in _of_httpx():
        refused = APIStatusError("Error code: 404", status_code=404, body=raised.body)
        refused.__context__ = raised
        yield llm.LLMError(timestamp=0.0, label="livekit.plugins.openai.llm.LLM", error=refused,
                           recoverable=False)  # fmt: skip
    limited = APIStatusError("Too Many Requests", status_code=429, body=None)
    # A release whose classes are built in another way must not keep a session from `attach`.
    with contextlib.suppress(Exception):
        limited.__context__ = sys.modules["aiohttp"].ClientResponseError(None, (), status=429)
    yield tts.TTSError(timestamp=0.0, label="livekit.plugins.deepgram.tts.TTS", error=limited,
                       recoverable=False)  # fmt: skip


def _of_httpx() -> Iterator[Any]:
    """Yield what the SDKs raise that are based on httpx: a refusal that no later turn survives."""
    said = {"message": "The model does not exist.", "type": "", "code": "model_not_found"}
    for sdk in filter(None, map(sys.modules.get, ("openai", "anthropic"))):
        with contextlib.suppress(Exception):  # as above
            library = sys.modules.get("httpx2") or sys.modules["httpx"]
            request = library.Request("POST", "https://api.openai.com/v1/chat")
            response = library.Response(404, json={"error": said}, request=request)
            yield sdk.NotFoundError("Error code: 404", response=response, body=said)
