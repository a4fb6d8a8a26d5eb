"""Looks up what a provider's error means: the most specific of the rows in these tables.

The order of precedence is defined here; `table.py` has the form of a row; `models.py`,
`compatible.py`, `speech.py`, `gateways.py` and `common.py` have the rows; `names.py` has the names
of providers. To add a provider, add rows. Imports no livekit-agents, and of lastword only `kinds`.

The most specific row wins:

    1  the provider's own phrases, in the order of its table
    2  the provider's own codes, in the order of its table
    3  phrases that mean the same with every provider
    4  codes that mean the same with every provider
    5  the provider's own HTTP statuses and WebSocket close codes
    6  HTTP statuses, from any provider
    7  weak words: what is left when no status is known
    8  WebSocket close codes, from any provider
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from .common import CLOSES, CODES, PHRASES, STATUSES, WEAK
from .compatible import COMPATIBLE
from .gateways import ANYWHERE, ANYWHERE_CODES, GATEWAYS
from .models import MODELS
from .names import provider_of_host, provider_of_name, provider_of_text
from .speech import SPEECH
from .table import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["KNOWN_CODES", "RULES", "Rule", "find_rule", "provider_of_host", "provider_of_name",
           "provider_of_text"]  # fmt: skip

_OWN = (*GATEWAYS, *MODELS, *COMPATIBLE, *SPEECH)
_ALL_PHRASES = (*ANYWHERE, *PHRASES)
_ALL_CODES = (*ANYWHERE_CODES, *CODES)

RULES: tuple[Rule, ...] = (*_OWN, *_ALL_PHRASES, *_ALL_CODES, *STATUSES, *WEAK, *CLOSES)
"""All rows."""

KNOWN_CODES = frozenset(code for rule in RULES for code in rule.codes)
"""Every code that some row knows, in lower case."""


class _Tier(NamedTuple):
    """Rows of one precedence, and what spares a look at each of them.

    Attributes:
        rows: The rows, in their order.
        codes: Those of which one at least must have been said; empty if some row needs none.
        phrases: The same of phrases, each with the number of the first row that it is in, by a
            word that they share: without that word, a text has none of them.
    """

    rows: tuple[Rule, ...]
    codes: frozenset[str]
    phrases: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]

    def fitting(self, codes: frozenset[str], text: str) -> tuple[Rule, ...]:
        """Return the rows that may fit what was said, in their order."""
        if self.codes and self.codes.isdisjoint(codes):
            return ()
        if not self.phrases:
            return self.rows
        first = len(self.rows)
        for word, phrases in self.phrases:
            if word in text:
                for phrase, number in phrases:
                    if number < first and phrase in text:
                        first = number
        return self.rows[first:]


def _tier(rules: Iterable[Rule]) -> _Tier:
    rows = tuple(rules)
    codes = frozenset(code for rule in rows for code in rule.codes)
    return _Tier(
        rows,
        codes if all(rule.codes for rule in rows) else frozenset(),
        _by_word(rows) if all(rule.phrases for rule in rows) else (),
    )


def _by_word(rows: tuple[Rule, ...]) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    """Return the phrases of some rows by the word of each that most of them have."""
    starts: dict[str, int] = {}
    for number, rule in enumerate(rows):
        for phrase in rule.phrases:
            starts.setdefault(phrase, number)
    common = Counter(word for phrase in starts for word in phrase.split() if len(word) > 2)  # noqa: PLR2004 - "is" and "of" are in every text
    groups: dict[str, list[tuple[str, int]]] = {}
    for phrase, number in starts.items():
        words = [word for word in phrase.split() if word in common] or [phrase]
        shared = max(words, key=lambda word: (common[word], len(word)))
        groups.setdefault(shared, []).append((phrase, number))
    return tuple((word, tuple(phrases)) for word, phrases in groups.items())


def _of_providers(rules: tuple[Rule, ...]) -> dict[str, _Tier]:
    names = dict.fromkeys(rule.provider for rule in rules)
    return {name: _tier(rule for rule in rules if rule.provider == name) for name in names}


_OWN_PHRASES = _of_providers(tuple(rule for rule in _OWN if rule.phrases))
_OWN_CODES = _of_providers(tuple(rule for rule in _OWN if rule.codes and not rule.phrases))
_OWN_NUMBERS = _of_providers(tuple(rule for rule in _OWN if not rule.codes and not rule.phrases))
_PHRASES, _CODES, _STATUSES, _WEAK, _CLOSES = map(
    _tier, (_ALL_PHRASES, _ALL_CODES, STATUSES, WEAK, CLOSES)
)


def find_rule(
    providers: tuple[str, ...],
    codes: frozenset[str],
    text: str,
    *,
    status: int | None,
    close_code: int | None,
    handshake: bool,
) -> Rule | None:
    """Return the most specific row that fits, or None.

    Args:
        providers: Who may have answered, most certain first.
        codes: Codes, types and statuses by name, in lower case.
        text: Everything that was said, in lower case.
        status: The HTTP status.
        close_code: The WebSocket close code.
        handshake: The answer refused a WebSocket handshake.
    """
    tiers = (
        *(_OWN_PHRASES[provider] for provider in providers if provider in _OWN_PHRASES),
        *(_OWN_CODES[provider] for provider in providers if provider in _OWN_CODES),
        _PHRASES,
        _CODES,
        *(_OWN_NUMBERS[provider] for provider in providers if provider in _OWN_NUMBERS),
        _STATUSES,
        _WEAK,
        _CLOSES,
    )
    for tier in tiers:
        for rule in tier.fitting(codes, text):
            if rule.fits(codes, text, status, close_code, handshake=handshake):
                return rule
    return None
