"""Turns the recorded errors of real providers into exceptions again.

`provider_errors.json` holds what the plugins of livekit-agents 1.8.9 raised when a local server
answered with the providers' own bodies; each case names where its body was documented or observed.
"""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
from livekit.agents import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    llm,
    stt,
    tts,
)

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "provider_errors.json").read_text(encoding="utf-8")
)
BY_ID = {case["id"]: case for case in CASES}

_EVENTS: dict[str, Any] = {
    "llm": llm.LLMError,
    "realtime": llm.RealtimeModelError,
    "stt": stt.STTError,
    "tts": tts.TTSError,
}
_MODULES = {
    "livekit-inference": "livekit.agents.inference",
    "google-vertex": "livekit.plugins.google",
    "azure-openai": "livekit.plugins.openai",
}


def exception_of(recorded: dict[str, Any]) -> Exception:
    """Build the exception of a case, with its causes.

    Classes of SDKs that are not installed are recreated under their own names.
    """
    error = _one(recorded)
    cause = recorded.get("cause")
    if cause:
        setattr(error, cause["link"], exception_of(cause))
    return error


def _one(recorded: dict[str, Any]) -> Exception:
    name, message, body = recorded["class"], recorded["message"], recorded.get("body")
    status: int = recorded.get("status_code") or -1
    retryable: bool = recorded.get("retryable", True)
    module, _, short = name.rpartition(".")
    error: Any
    if name == "APIStatusError":
        return APIStatusError(message, status_code=status, body=body, retryable=retryable)
    if name == "APIError":
        return APIError(message, body=body, retryable=retryable)
    if name in {"APIConnectionError", "APITimeoutError"}:
        kind = APIConnectionError if name == "APIConnectionError" else APITimeoutError
        return kind(message, retryable=retryable)
    if module == "aiohttp":
        error = getattr(aiohttp, short)(None, (), status=status, message=message)
    elif module == "builtins":
        error = getattr(builtins, short)(message)
    else:
        error = type(short, (Exception,), {"__module__": module})(message)
        error.message, error.body = message, body
        if status != -1:
            error.status_code = status
    if "response_text" in recorded:
        text = recorded["response_text"]
        error.response = SimpleNamespace(status_code=status, text=text, headers={})
    built: Exception = error
    return built


def event_of(case: dict[str, Any]) -> Any:
    """Wrap a case's exception as the component's own error object, labelled as by its plugin."""
    provider = case["provider"]
    module = _MODULES.get(provider, f"livekit.plugins.{provider}")
    return _EVENTS[case["kind"]](
        timestamp=0.0,
        label=f"{module}.{case['kind']}.{case['kind'].upper()}",
        error=exception_of(case["exception"]),
        recoverable=False,
    )
