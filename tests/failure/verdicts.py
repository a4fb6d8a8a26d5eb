"""Errors of some fifty providers and gateways, and how they are made into exceptions.

`verdicts_building.json` was there when the rules for them were written, `verdicts_unseen.json`, the
third with the highest hashes of its ids, was not looked at: it measures whether the rules hold for
new cases. Each says where the provider documents it or who has met it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import openai
from livekit.agents import APIConnectionError, APIError, APIStatusError, llm, stt, tts

from lastword.failure.evidence.model import attach_response

if TYPE_CHECKING:
    from collections.abc import Callable

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup

try:
    import httpx2 as httpx  # what openai 3 is built on
except ImportError:
    import httpx  # type: ignore[no-redef, import-not-found, unused-ignore]


def _cases(name: str) -> list[dict[str, Any]]:
    path = Path(__file__).parent / f"verdicts_{name}.json"
    cases: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return cases


BUILDING = _cases("building")
UNSEEN = _cases("unseen")

_EVENTS: dict[str, Any] = {
    "llm": llm.LLMError,
    "realtime": llm.RealtimeModelError,
    "stt": stt.STTError,
    "tts": tts.TTSError,
}


def event_of(case: dict[str, Any]) -> Any:
    """Wrap a case's exception as the component's own error object, labelled as by its plugin."""
    component = case["component"]
    return _EVENTS[component](
        timestamp=0.0,
        label=f"livekit.plugins.{case['plugin']}.{component}.{component.upper()}",
        error=exception_of(case),
        recoverable=False,
    )


def exception_of(case: dict[str, Any]) -> Exception:
    """Build what the plugin raises, by the way that the answer takes.

    - sdk: OpenAI's SDK read the response, the plugin raises its own error in its place.
    - trace: aiohttp's error lost the body, which the tap has put back.
    - handshake: the same for a refused WebSocket.
    - close: the WebSocket was closed with a code and a reason.
    - frame: the plugin hands on a message of the WebSocket or a chunk of the stream.
    - text: a text is all there is.
    - raise: a library's own exception, by name.
    - group: the exception of the SDK in an exception group, as a task group raises it.
    """
    way, _, name = case["via"].partition(":")
    if way == "raise":
        return _by_library(case, name)
    return _WAYS[way](case)


def _by_sdk(case: dict[str, Any]) -> openai.APIStatusError:
    host = case["host"] or "localhost"
    content = {"json": case["body"]} if not isinstance(case["body"], str) else {}
    response = httpx.Response(
        case["status"],
        headers=case["headers"],
        request=httpx.Request("POST", f"https://{host}/v1/chat/completions"),
        **(content or {"text": case["body"]}),
    )
    return openai.OpenAI(api_key="k")._make_status_error_from_response(response)


def _by_plugin(error: openai.APIStatusError) -> Exception:
    raised = APIStatusError(error.message, status_code=error.status_code, body=error.body)
    raised.__context__ = error
    return raised


def _by_aiohttp(case: dict[str, Any], *, handshake: bool) -> Exception:
    kind = aiohttp.WSServerHandshakeError if handshake else aiohttp.ClientResponseError
    lost: Any = kind(None, (), status=case["status"], message="refused")  # type: ignore[arg-type]
    body = case["body"]
    attach_response(
        lost,
        status=case["status"],
        headers=case["headers"],
        body=body if isinstance(body, str) else json.dumps(body),
        host=case["host"],
    )
    raised = APIStatusError("refused", status_code=case["status"])
    raised.__cause__ = lost
    return raised


def _by_library(case: dict[str, Any], name: str) -> Exception:
    module, _, short = name.rpartition(".")
    wrapper = APIConnectionError(f"{case['plugin']}: {short}")
    wrapper.__cause__ = type(short, (Exception,), {"__module__": module})(case["body"])
    return wrapper


_WAYS: dict[str, Callable[[dict[str, Any]], Exception]] = {
    "sdk": lambda case: _by_plugin(_by_sdk(case)),
    "trace": lambda case: _by_aiohttp(case, handshake=False),
    "handshake": lambda case: _by_aiohttp(case, handshake=True),
    "close": lambda case: APIStatusError(
        f"connection closed unexpectedly {case['body']}", status_code=case["status"]
    ),
    "frame": lambda case: APIError("the provider sent an error", body=case["body"]),
    "text": lambda case: APIError(case["body"]),
    "group": lambda case: ExceptionGroup("unhandled errors in a TaskGroup", [_by_sdk(case)]),
}
