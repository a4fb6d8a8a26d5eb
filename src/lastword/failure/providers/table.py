"""Defines the form of a row: what an error must say for it to match, and what it then means."""

from __future__ import annotations

from dataclasses import dataclass

from lastword.failure.kinds import FailureKind

ANY = ""
"""The provider of rows that apply to every provider."""

TERMINAL_KINDS = frozenset(
    {
        FailureKind.QUOTA_EXHAUSTED,
        FailureKind.AUTH,
        FailureKind.MODEL_UNAVAILABLE,
        FailureKind.ACCOUNT_DISABLED,
        FailureKind.CONTEXT_OVERFLOW,
    }
)
"""Kinds from which no later turn of a session can recover."""


@dataclass(frozen=True)
class Rule:
    """A row: each condition that is not empty must be met, by any one of its values.

    Attributes:
        kind: What it means.
        source: Where the provider says so.
        why: The reason in a few words.
        provider: Whose words these are, or `ANY`.
        codes: Machine-readable codes, in lower case.
        phrases: Parts of the text, in lower case.
        statuses: HTTP statuses.
        closes: WebSocket close codes.
        handshake: True if it applies only to a refused WebSocket handshake.
        lasting: The failure repeats on every turn though its kind does not say so.
    """

    kind: FailureKind
    source: str
    why: str
    provider: str = ANY
    codes: frozenset[str] = frozenset()
    phrases: tuple[str, ...] = ()
    statuses: frozenset[int] = frozenset()
    closes: frozenset[int] = frozenset()
    handshake: bool = False
    lasting: bool = False

    @property
    def terminal(self) -> bool:
        """No later turn of the session can succeed."""
        return self.lasting or self.kind in TERMINAL_KINDS

    def fits(
        self,
        codes: frozenset[str],
        text: str,
        status: int | None,
        close_code: int | None,
        *,
        handshake: bool,
    ) -> bool:
        """Return whether an error meets all conditions of this row."""
        if self.codes and self.codes.isdisjoint(codes):
            return False
        if self.statuses and status not in self.statuses:
            return False
        if self.closes and close_code not in self.closes:
            return False
        if self.handshake and not handshake:
            return False
        return not self.phrases or any(map(text.__contains__, self.phrases))


def row(
    kind: FailureKind,
    why: str,
    source: str,
    *,
    provider: str = ANY,
    codes: str = "",
    phrases: tuple[str, ...] = (),
    statuses: tuple[int, ...] = (),
    closes: tuple[int, ...] = (),
    handshake: bool = False,
    lasting: bool = False,
) -> Rule:
    """Build a row from a short form: codes are separated by spaces."""
    return Rule(
        kind,
        source,
        why,
        provider=provider,
        codes=frozenset(codes.split()),
        phrases=phrases,
        statuses=frozenset(statuses),
        closes=frozenset(closes),
        handshake=handshake,
        lasting=lasting,
    )
