"""Reads an error body into codes, numbers and text, within fixed limits.

A body is JSON as text, bytes or objects, of any shape and size. Imports nothing of lastword.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEXT_CHARS = 4096
"""Total text kept; providers put the cause first."""

MAX_JSON_CHARS = 16 * 1024
"""A longer body is not an error object (error pages are HTML): its beginning is read as text."""

_MAX_STRING_CHARS = 1024
_MAX_CODE_CHARS = 80
_MAX_NODES = 256
_MAX_DEPTH = 8

_CODE_FIELDS = frozenset(
    {
        "__type", "category", "code", "err_code", "errorcode", "error_code", "error_id",
        "error_type", "finish_reason", "limit_source", "message_type", "name", "quotaid", "reason",
        "status", "status_code", "type",
    }
)  # fmt: skip
"""Fields whose values are codes, in lower case."""

_DELAY_FIELDS = frozenset(
    {"retry_after", "retryafter", "retry_after_s", "retry_after_seconds", "retrydelay"}
)
"""Fields that say after how many seconds to retry, in lower case."""

MAX_DELAY_S = 40 * 86400.0
"""A longer value is not a delay: no provider counts beyond a month, and a key may be a number."""

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|h|m|s)")
_UNIT_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}

_WAIT = re.compile(
    r"(?:again in|retry in|retry after|wait|retry_after\W{1,4})\s{0,2}"
    r"((?:\d{1,9}(?:\.\d{1,9})?\s?(?:milliseconds?|ms|seconds?|s|minutes?|m|hours?|h)\b\s?){1,3}"
    r"|\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h)[\dhms.]{1,24})"
)
_WAIT_WORDS = ("again in", "retry in", "retry after", "wait", "retry_after")
"""What `_WAIT` begins with."""
_UNIT = re.compile(r"\s?(milliseconds?|ms|seconds?|s|minutes?|m|hours?|h)")
_UNITS = {"milliseconds": "ms", "millisecond": "ms"}

_QUOTE = re.compile(r"""["']metadata["']:\s?\{[^{}]{0,200}["']raw["']:.*""", re.DOTALL)
"""Where a router's body, printed in a message, begins to quote, as in OpenRouter's errors."""

_FIRST_ERROR_STATUS = 400
_LAST_STATUS = 599


@dataclass
class Reading:
    """What was found; grows with every value read.

    Attributes:
        codes: Codes by name and numbers as text, in lower case.
        said: The texts, unchanged, one per line.
        texts: Those texts that were not fields of a body.
        status: The first number in a code field that is an HTTP error status.
        retry_after_s: The first delay found, in seconds.
        objects: Every top-level JSON object, for code that knows its form.
        quoted: What a router quotes from the provider behind it, one text per line.
    """

    codes: set[str] = field(default_factory=set)
    said: str = ""
    texts: list[str] = field(default_factory=list)
    status: int | None = None
    retry_after_s: float | None = None
    objects: list[dict[str, Any]] = field(default_factory=list)
    quoted: str = ""
    _nodes: int = 0

    def add_text(self, text: str) -> None:
        """Keep the beginning of a new text, while there is room."""
        if said := self._say(text):
            self.texts.append(said)

    def _say(self, text: str) -> str:
        text = text[:MAX_TEXT_CHARS]
        if text in self.said:
            return ""
        if "raw" in text and (quote := _QUOTE.search(text)):
            self._add_quote(quote[0])
            text = text[: quote.start()]
        text = text[: max(0, min(_MAX_STRING_CHARS, MAX_TEXT_CHARS - len(self.said)))]
        if not text or text in self.said:
            return ""
        self.said = f"{self.said}\n{text}" if self.said else text
        return text

    def _add_quote(self, text: str) -> None:
        self.quoted += text[: max(0, MAX_TEXT_CHARS - len(self.quoted))] + "\n"

    def add_code(self, code: object) -> None:
        """Keep a code if it is a short word or a number."""
        if isinstance(code, str):
            if 0 < len(code) <= _MAX_CODE_CHARS:
                self.codes.add(code.lower())
        elif isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1_000_000:  # noqa: PLR2004 - no code has more digits; str() of a huge one raises
            self.codes.add(str(int(code)))
            if self.status is None and _FIRST_ERROR_STATUS <= code <= _LAST_STATUS:
                self.status = int(code)

    def add_body(self, body: object) -> None:
        """Read a body: JSON text is parsed, any other text kept, objects are walked."""
        if isinstance(body, bytes | bytearray):
            body = bytes(body[: MAX_JSON_CHARS + 1]).decode("utf-8", "replace")
        if isinstance(body, str):
            body = _parse(body)
        if isinstance(body, dict):
            self.objects.append(body)
        elif isinstance(body, list):
            self.objects.extend(item for item in body[:4] if isinstance(item, dict))
        if isinstance(body, str):
            self.add_text(body)
        else:
            self._walk(body, "", _MAX_DEPTH)

    def _walk(self, value: object, name: str, depth: int) -> None:
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            return
        if name in _DELAY_FIELDS and self.retry_after_s is None:
            self.retry_after_s = seconds(value)
        if name in _CODE_FIELDS:
            self.add_code(value)
        if isinstance(value, str):
            self._say(value)
        elif depth and isinstance(value, dict):
            self._walk_fields(value, depth - 1)
        elif depth and isinstance(value, list | tuple):
            for inner in value[: _MAX_NODES - self._nodes + 1]:
                self._walk(inner, "", depth - 1)  # a list of codes is no code

    def _walk_fields(self, fields: dict[Any, Any], depth: int) -> None:
        routed = "raw" in fields and "provider_name" in fields
        for key, inner in dict.items(fields):  # not a subclass' own
            if self._nodes > _MAX_NODES:
                return
            if routed and key == "raw":
                self._add_quote(str(inner) if isinstance(inner, str) else "")
            elif isinstance(key, str):
                self._walk(inner, key[:_MAX_CODE_CHARS].lower(), depth)


def _parse(text: str) -> object:
    stripped = text[: MAX_JSON_CHARS + 1].lstrip()
    if not stripped.startswith(("{", "[")) or len(text) > MAX_JSON_CHARS:
        return text
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
        return text


def wait_of(headers: Mapping[str, str], told_s: float | None, text: str) -> float | None:
    """Return the seconds to wait from the headers, a field of the body, or the text.

    Args:
        headers: Those that were kept, names in lower case.
        told_s: The delay in a field of the body.
        text: What was said, in lower case.
    """
    milliseconds = seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if value is None:
        return told_s if told_s is not None else _seconds_in(text)
    if (found := seconds(value)) is not None and not value.endswith("GMT"):
        return found
    if value.endswith("GMT") and "date" in headers:
        # An HTTP date: compared with the server's own clock, so ours need not be right.
        try:
            wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers["date"])
            return max(wait.total_seconds(), 0.0)
        except (TypeError, ValueError):
            return None
    return told_s if told_s is not None else _seconds_in(text)


def seconds(value: object) -> float | None:
    """Return a delay in seconds: a number, "20", "37s", "6m38.3s" or "740ms"; else None."""
    found: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            found = float(value)
        except OverflowError:
            return None
    elif isinstance(value, str):
        found = _seconds_of_text(value[:40].strip().lower())
    return found if found is not None and 0 <= found <= MAX_DELAY_S else None


def _seconds_of_text(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        parts = _DURATION.findall(text)
    return sum(float(number) * _UNIT_S[unit] for number, unit in parts) if parts else None


def _seconds_in(text: str) -> float | None:
    """Return the delay that a sentence in lower case asks for, in seconds; else None."""
    starts = [start for start in map(text.find, _WAIT_WORDS) if start >= 0]
    said = _WAIT.search(text, min(starts)) if starts else None
    return seconds(_UNIT.sub(_short_unit, said[1])) if said else None


def _short_unit(unit: re.Match[str]) -> str:
    return _UNITS.get(unit[1], unit[1][0] if unit[1] != "ms" else "ms")
