"""Finds the HTTP clients below a stream that retry by themselves, and switches that off and on."""

from __future__ import annotations

import functools
from typing import Any

from livekit.agents import inference, llm

_SDK_RETRIES = 2


def inner_client(component: object) -> Any:
    """Return what retries by itself below the stream of an LLM, unless the user set its retries.

    The clients of OpenAI's and Anthropic's SDKs retry twice by default; `inference.LLM` sets 0
    since 1.6, Anthropic's plugin since some version after 1.4. The sessions of AWS's SDK retry
    four times, in all versions.

    Returns:
        The HTTP client, or AWS's session; None if nothing retries.
    """
    attribute = _asks_again_by(type(component))  # type: ignore[arg-type] # they are hashable
    client = getattr(component, attribute, None) if attribute else None
    if attribute == "_client":
        return client if getattr(client, "max_retries", 0) == _SDK_RETRIES else None
    session = getattr(client, "_session", client)  # aioboto3, in 1.4, wraps it
    asked = getattr(session, "get_config_variable", None)
    return session if asked is not None and asked("max_attempts") is None else None


@functools.lru_cache(maxsize=256)  # asked for each call
def _asks_again_by(kind: type) -> str | None:
    if issubclass(kind, inference.LLM) or kind.__module__.startswith("livekit.plugins.anthropic."):
        return "_client"
    is_aws = issubclass(kind, llm.LLM) and kind.__module__.startswith("livekit.plugins.aws.")
    return "_session" if is_aws else None


def quieten(client: Any) -> Any:
    """Switch off an inner client's own retries; return what `restore_retries` needs."""
    if hasattr(client, "set_config_variable"):
        client.set_config_variable("max_attempts", 1)
        return None
    retries, client.max_retries = client.max_retries, 0
    return retries


def restore_retries(client: Any, retries: Any) -> None:
    """Switch an inner client's own retries on again."""
    if hasattr(client, "set_config_variable"):
        client.set_config_variable("max_attempts", retries)
    else:
        client.max_retries = retries
