"""Defines `Failure`: what went wrong and what it means for the session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .kinds import Component, FailureKind
    from .quota import InferenceQuotaExceededError

_DETAIL = "_make_detail"


@dataclass(frozen=True)
class Failure:
    """What went wrong, as far as the exception tells.

    Attributes:
        kind: Why it failed.
        terminal: No later turn of this session can succeed.
        retryable: The same request may succeed when sent again; never together with `terminal`.
        component: The part of the agent that failed.
        provider: The provider's short name ("openai", "livekit", ...), or None if unknown.
        status_code: The HTTP status or WebSocket close code, or None.
        retry_after_s: Seconds after which the provider asks for a retry, or None.
        quota: The typed quota error, or None.
        detail: One line for logs that shows only harmless words; never spoken. In what `classify`
            returns, it is built when it is first read.
        reason: For a bad request: a text that is the same whenever the reason is the same.
        mute: The error has no status, code or provider text: only repetition is evidence.
    """

    kind: FailureKind
    terminal: bool
    retryable: bool
    component: Component = "unknown"
    provider: str | None = None
    status_code: int | None = None
    retry_after_s: float | None = None
    quota: InferenceQuotaExceededError | None = None
    detail: str = field(default_factory=str)  # no attribute of the class: see `__getattr__`
    reason: str = ""
    mute: bool = False

    def __post_init__(self) -> None:
        if self.terminal and self.retryable:
            raise ValueError(
                "a terminal failure cannot be retryable: expected at most one of terminal and "
                "retryable to be True, got both; set retryable=False"
            )

    @classmethod
    def described_by(cls, detail: Callable[[], str], **fields: Any) -> Failure:
        """Build a failure whose `detail` is computed when it is first read.

        Args:
            detail: Computes it; must not raise. Called once, by copying and pickling too.
            fields: All other fields.
        """
        failure = cls(**fields)
        del failure.__dict__["detail"]
        failure.__dict__[_DETAIL] = detail
        return failure

    if not TYPE_CHECKING:  # else every misspelled field would have a type

        def __getattr__(self, name: str) -> str:
            """Compute `detail`, the only field that may be missing."""
            make = self.__dict__.get(_DETAIL) if name == "detail" else None
            if make is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            detail = self.__dict__["detail"] = make()
            self.__dict__.pop(_DETAIL, None)
            return detail

    def __getstate__(self) -> dict[str, Any]:
        """Copy and pickle the finished line, not what it is made from."""
        state = {**self.__dict__, "detail": self.detail}
        state.pop(_DETAIL, None)
        return state
