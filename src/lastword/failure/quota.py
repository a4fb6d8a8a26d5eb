"""Gives the quota error of LiveKit's gateway a type. Imports only `redact`.

LiveKit's inference gateway answers an exhausted project with status 429 and a JSON body whose
`type` is "inference_quota_exceeded". The same type is used for two very different conditions, and
only `category` tells them apart: credits that are used up until the next billing cycle, and rate
limits that are over within a minute.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from livekit.agents import APIStatusError, inference

from .redact import redact

QUOTA_BODY_TYPE = "inference_quota_exceeded"
"""What `type` says in the body of a gateway answer about quota."""

TERMINAL_CATEGORIES = frozenset({"MaxGatewayCredits", "MaxBargeInRequests", "MaxEotRequests"})
"""Categories that last until the next billing cycle; every other one passes within a minute.

Source: livekit/agents pull request 6152; its review settled that unknown categories are transient.
"""

# The pull request puts a class of this name into `livekit.agents.inference`. Once a release has it,
# `except` clauses that users wrote for it must catch ours too.
_Base: type[APIStatusError] = getattr(inference, "InferenceQuotaExceededError", APIStatusError)


_SAID = (
    *("status_code", "request_id", "body", "retryable", "terminal"),
    *("quota_type", "category", "hint", "remaining_limit"),
)


def _text(given: str | None, body: object, field: str) -> str | None:
    """Return an explicit argument, else a field of the body if it is text."""
    if given is not None:
        return given
    value = body.get(field) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) else None


class InferenceQuotaExceededError(_Base):  # type: ignore[misc, valid-type]
    """LiveKit's inference gateway refused a request because a quota or a rate limit is used up.

    `error` handlers of a session that has its last word attached find it in `ev.error.error`.

    Attributes:
        quota_type: What ran out: "llm", "stt", "tts", "bargein" or "eot"; None if not said.
        category: The gateway's category, for instance "MaxGatewayCredits"; None if not said.
        hint: The gateway's explanation for developers; never spoken.
        remaining_limit: What is left, as the gateway puts it ("0"); not always a number.
        terminal: No later turn of this session can succeed.
    """

    terminal: bool

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 429,
        request_id: str | None = None,
        body: object | None = None,
        retryable: bool | None = None,
        terminal: bool | None = None,
        quota_type: str | None = None,
        category: str | None = None,
        hint: str | None = None,
        remaining_limit: str | None = None,
    ) -> None:
        """Build the error; arguments left out are taken from the body.

        Args:
            message: What the plugin or the gateway says.
            status_code: The HTTP status.
            request_id: The gateway's id of the request.
            body: The decoded JSON body; fields in it that are not text are ignored.
            retryable: Whether the same request may succeed; by default True unless terminal.
            terminal: By default True for the categories in `TERMINAL_CATEGORIES`.
            quota_type: See the class.
            category: See the class.
            hint: See the class.
            remaining_limit: See the class.
        """
        category = _text(category, body, "category")
        if terminal is None:
            terminal = category in TERMINAL_CATEGORIES
        self.terminal = terminal
        super().__init__(
            message,
            status_code=status_code,
            request_id=request_id,
            body=body,
            retryable=not terminal if retryable is None else retryable,
        )
        # Again, for a base class of upstream's own that derives them from the body alone.
        self.terminal = terminal
        self.quota_type = _text(quota_type, body, "quota_type")
        self.category = category
        self.hint = _text(hint, body, "hint")
        self.remaining_limit = _text(remaining_limit, body, "remaining_limit")

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed when sent again; never while terminal."""
        return self._retryable and not self.terminal

    @retryable.setter
    def retryable(self, value: bool) -> None:
        self._retryable = bool(value)

    @classmethod
    def from_response(
        cls,
        message: str,
        *,
        status_code: int = 429,
        request_id: str | None = None,
        body: object | None = None,
    ) -> InferenceQuotaExceededError | None:
        """Build the error from a response; return None if its body is about something else.

        Args:
            message: What the plugin or the gateway says.
            status_code: The HTTP status.
            request_id: The gateway's id of the request.
            body: The decoded JSON body, of any shape.

        Returns:
            The error, or None unless `body` is a mapping whose `type` is `QUOTA_BODY_TYPE`.
        """
        if not isinstance(body, Mapping) or body.get("type") != QUOTA_BODY_TYPE:
            return None
        return cls(message, status_code=status_code, request_id=request_id, body=body)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle what was said, not the provider's own exceptions behind it.

        Those of OpenAI's SDK can be neither copied nor loaded again (2.x), and
        `dataclasses.asdict(report)` copies.
        """
        said = {name: getattr(self, name) for name in _SAID}
        return functools.partial(type(self), **said), (self.message,)

    def _fields(self) -> str:
        return (
            f"status_code={self.status_code}, terminal={self.terminal}, "
            f"retryable={self.retryable}, category={redact(self.category)!r}, "
            f"quota_type={redact(self.quota_type)!r}, "
            f"remaining_limit={redact(self.remaining_limit)!r}, "
            f"request_id={redact(self.request_id)!r}"
        )

    def __str__(self) -> str:
        return f"message={redact(self.message)!r}, {self._fields()}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({redact(self.message)!r}, {self._fields()})"
