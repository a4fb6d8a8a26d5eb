"""Tells whether a gateway, a provider or something in between sent an answer.

A gateway answers for itself or passes on what the model behind it said; a content network or an
ingress knows nothing of either. Does not interpret codes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..providers import provider_of_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARKUP = ("<!doctype html", "<html", "<head>", "<body")
_SENTENCES = (
    "404 page not found",  # net/http of Go: Traefik, Ollama, anything behind them
    "default backend - 404",  # ingress-nginx
    "no route matched with those values",  # Kong
    "no healthy upstream", "upstream connect error", "upstream request timeout",  # Envoy
    "rbac: access denied",  # Envoy, Istio
)  # fmt: skip

# https://docs.litellm.ai/docs/proxy/error_diagnosis: "<Provider>Exception" is in what it hands on.
_LITELLM = re.compile(r"\blitellm\.\w{1,60}:")
_BEHIND_LITELLM = re.compile(r"\b([a-z]\w{1,30}?)_?exception - ")
_LITELLM_NAMES = {"bedrock": "aws", "gemini": "google", "vertexai": "google", "vertex_ai": "google",
                  "azureopenai": "azure"}  # fmt: skip


def is_page(text: str, *, is_json: bool) -> bool:
    """Return whether an answer is an error page of something in between.

    Args:
        text: What was said, in lower case.
        is_json: Whether it came as JSON, which no page does; a message in it may quote markup.
    """
    if not is_json and "<" in text and any(mark in text for mark in _MARKUP):
        return True
    return any(sentence in text for sentence in _SENTENCES)


def who_answered(text: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return who answered, as far as a gateway says: the model behind it first, if it did.

    Args:
        text: What was said, in lower case.
        headers: The headers that were kept.
    """
    found: list[str] = []
    if "litellm" in text and _LITELLM.search(text):
        found += [_LITELLM_NAMES.get(name, name) for name in _BEHIND_LITELLM.findall(text)]
        found.append("litellm")
    elif "x-litellm-call-id" in headers:
        found.append("litellm")
    if "x-portkey-provider" in headers:
        found.append(provider_of_name(headers["x-portkey-provider"].lower()))
    if "x-portkey-trace-id" in headers:
        found.append("portkey")
    return tuple(found)
