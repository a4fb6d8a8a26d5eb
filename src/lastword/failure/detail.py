"""Describes a failure in one line, for an engineer and without secrets.

The line holds the class and text of an exception, and those fields of a body that carry meaning,
selected by name: nothing of any other field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .redact import MAX_CHARS, redact
from .shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .evidence.model import Evidence

_USAGE = "x-livekit-inference-"
"""Headers of the gateway that state how much of which limit was used."""

_CODES = frozenset(
    {
        "__type", "category", "code", "domain", "err_code", "error_code", "error_id",
        "error_type", "errorcode", "errortype", "event", "finish_reason", "limit_source",
        "message_type", "metric", "model", "name", "param", "quota_type", "quotaid", "quotametric",
        "quotavalue", "reason", "remaining_limit", "request_id", "requestid", "retry_after",
        "retrydelay", "status", "status_code", "statuscode", "type",
    }
)  # fmt: skip
"""Fields of bodies that hold a code, a number or an identifier, in lower case."""

_TEXTS = frozenset(
    {
        "body", "cause", "causes", "description", "detail", "details", "err_msg", "errmsg", "error",
        "error_description", "error_message", "errormessage", "errors", "explanation", "hint",
        "message", "messages", "msg", "status_msg", "statustext", "title",
    }
)  # fmt: skip
"""Fields of bodies that hold sentences, in lower case."""

_AROUND = frozenset(
    {
        "base_resp",
        "data",
        "error_data",
        "fault",
        "innererror",
        "metadata",
        "response",
        "result",
        "violations",
    }
)
"""Fields that hold other fields, apart from those that also hold sentences."""

_NO_CODES = frozenset({"error", "unknown"})
"""Values that mean nothing as a type or a status."""

_MAX_NODES = 64
_MAX_DEPTH = 8
_MAX_CODES = 6
_MAX_NUMBER = 10**6


class Detail:
    """Builds the line when it is called; its own `repr` reveals nothing.

    Args:
        evidence: The evidence read from the error.
    """

    def __init__(self, evidence: Evidence) -> None:
        # Not the evidence itself: it holds the exceptions, which hold all frames on their way.
        self._class = type(evidence.error).__name__ if evidence.error is not None else ""
        self._headers = evidence.headers
        self._texts = evidence.texts
        self._bodies = evidence.objects

    def __call__(self) -> str:
        """Return the line, at most `MAX_CHARS` long; never raise."""
        try:
            told = " ".join(self._parts())
        except Exception as hostile:  # noqa: BLE001 - a body's own types may raise anything
            told = f"{self._class or 'no exception'}: {type(hostile).__name__} when it was read"
        return told if len(told) <= MAX_CHARS else told[: MAX_CHARS - 1] + "…"

    def _parts(self) -> Iterator[str]:
        yield f"{self._class or 'no exception'}:"
        for header, value in self._headers.items():
            if header.startswith(_USAGE):
                yield f"{header.removeprefix(_USAGE)}={shown(value) or '…'}"
        fields = [one for body in self._bodies for one in _fields(body, "", _MAX_DEPTH)]
        texts = list(self._texts)
        texts += [value for name, value in fields[:_MAX_NODES] if name in _TEXTS]
        if fields:  # a repetition: an SDK prints the body after its sentence
            texts = [text.partition("{")[0].rstrip(" -:") for text in texts]
        yield from _codes(fields[:_MAX_NODES], texts)
        yield from _sentences(texts)


def _codes(fields: list[tuple[str, str]], texts: list[str]) -> Iterator[str]:
    told: set[str] = set()
    for name, value in fields:
        if name not in _CODES or value in told or value.lower() in _NO_CODES:
            continue
        told.add(value)
        if len(told) > _MAX_CODES:
            return
        if not any(value in text for text in texts):
            yield f"{name}={redact(value)}"


def _sentences(texts: list[str]) -> Iterator[str]:
    said = ""
    for text in texts:
        if text and text not in said:
            if said and (line := redact(text)):
                yield "|"
                yield line
            elif line := redact(text):
                yield line
            said += f"\n{text}"


def _fields(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield names and values of the fields that carry meaning, in their order."""
    if isinstance(value, str):
        yield name, str.__str__(value)  # not a subclass
    elif type(value) is int and abs(value) < _MAX_NUMBER:
        yield name, str(value)
    elif depth and isinstance(value, dict):
        for key, inner in list(dict.items(value))[:_MAX_NODES]:  # not a subclass' own
            field = str.lower(key) if isinstance(key, str) else ""
            if field in _CODES or field in _TEXTS or field in _AROUND:
                yield from _fields(inner, field, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for inner in value[:4]:
            yield from _fields(inner, name, depth - 1)
