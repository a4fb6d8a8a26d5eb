"""Describes a provider's documented failure: what it sends, what it means, what a plugin raises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from lastword.failure.kinds import FailureKind

from ..exceptions import exception_of_kind
from .recorded import BY_ID, exception_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..answers import Answer
    from ..exceptions import Part

PATIENCE_S = 5.0


@dataclass(frozen=True)
class ProviderFailure:
    """One documented failure of a provider.

    Attributes:
        plugin: Who asks: the provider, the component and, where it has several, the form of its
            interface, such as "openai llm responses".
        answer: What a `Gateway` answers.
        kind: What it means.
        terminal: Whether no later turn of the session can succeed.
        quota: Whether its error is typed as `InferenceQuotaExceededError`.
        retry_after_s: The wait that the answer asks for, in seconds, or None.
        patience_s: How long a plugin may wait for an answer before it fails, in seconds.
        recoverable: Whether the plugin announces it as one that its connection survives.
        source: Where the provider documents it, or who has observed it; empty if only the form of
            the answer is documented.
    """

    plugin: str
    answer: Answer = field(repr=False)
    kind: FailureKind
    terminal: bool
    quota: bool = False
    retry_after_s: float | None = None
    patience_s: float = PATIENCE_S
    recoverable: bool = False
    source: str = ""
    case: dict[str, Any] | None = field(default=None, repr=False)
    """The recorded case that it comes from, or None."""

    @property
    def component(self) -> Part:
        """The component that fails: "llm", "stt", "tts" or "realtime"."""
        return cast("Part", self.plugin.split()[1])

    def exception(self) -> Exception:
        """Return the exception that the provider's plugin raises, a new one each time."""
        if self.case is not None:
            return exception_of(self.case["exception"])
        return exception_of_kind(self.kind, self.component)


def ends(plugin: str, answer: Answer, kind: FailureKind, *, quota: bool = False) -> ProviderFailure:
    """Describe a permanent failure."""
    return ProviderFailure(plugin, answer, kind, terminal=True, quota=quota)


def passes(
    plugin: str, answer: Answer, kind: FailureKind, *, quota: bool = False
) -> ProviderFailure:
    """Describe a temporary failure."""
    return ProviderFailure(plugin, answer, kind, terminal=False, quota=quota)


def recorded(
    plugin: str, form: Callable[[dict[str, Any]], Answer], *ids: str
) -> dict[str, ProviderFailure]:
    """Put recorded cases back on the wire; each keeps its recorded meaning."""
    return {
        case_id: _of_case(
            plugin,
            form(BY_ID[case_id]["exception"]),
            case_id,
            quota="response_text" in (BY_ID[case_id]["exception"].get("cause") or {}),
            retry_after_s=BY_ID[case_id]["retry_after_s"],
        )
        for case_id in ids
    }


def answered(
    plugin: str, case_id: str, answer: Answer, *, patience_s: float = PATIENCE_S
) -> dict[str, ProviderFailure]:
    """Answer a recorded case with what its provider sends, of which the plugin kept less."""
    return {case_id: _of_case(plugin, answer, case_id, patience_s=patience_s)}


def _of_case(plugin: str, answer: Answer, case_id: str, **more: Any) -> ProviderFailure:
    case = BY_ID[case_id]
    return ProviderFailure(
        plugin,
        answer,
        FailureKind(case["expected"]),
        case["terminal"],
        source=case["source"],
        case=case,
        **more,
    )
