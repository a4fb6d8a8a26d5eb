"""Makes a foreign text fit for a log: one short line without secrets. Imports nothing of ours."""

from __future__ import annotations

import re
from typing import overload

MAX_CHARS = 400
"""Length of a redacted text; a log line needs the beginning of what a provider says, no more."""

_READ_CHARS = 4 * MAX_CHARS
"""How much of a text is looked at; what stands behind can neither be printed nor cost time."""

HIDDEN = "[hidden]"

_SECRETS = re.compile(
    r"""
      (?P<name>\b[\w-]*(?:api[_-]?key|key|token|secret|password|passwd|credential|signature|sig
          |authorization|cookie)["']?\s*[:=]\s*["']?(?:(?:bearer|basic|token)\s+)?)[^\s"',;&}\])]+
    | (?P<scheme>\b(?:bearer|basic|token)\s+)[\w.~+/=-]{8,}
    | (?P<user>\b[a-z][a-z0-9+.-]{1,15}://)[^\s/@]+@
    | (?P<query>\b(?:https?|wss?)://[^\s?"'<>]+\?)[^\s"'<>)]+
    | \b(?:sk|pk|rk|gsk|xai|key|api|AIza|AKIA|ASIA|eyJ)[-_]?[\w.-]{12,}
    | \b[A-Fa-f0-9]{24,}\b
    | \b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{28,}\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


def _hide(match: re.Match[str]) -> str:
    kept = next((text for text in match.groups() if text), "")
    return kept + HIDDEN


@overload
def redact(text: str) -> str: ...
@overload
def redact(text: None) -> None: ...
def redact(text: str | None) -> str | None:
    """Return a text as one line of at most `MAX_CHARS` characters with secrets replaced.

    Hidden are: values behind names like key, token, secret or authorization; credentials and query
    strings of URLs; and words that look like a key by their prefix or by their length and mixture.

    Args:
        text: Anything a provider or a library says; None stays None.
    """
    if text is None:
        return None
    line = " ".join(text[:_READ_CHARS].split())
    line = _SECRETS.sub(_hide, line)
    return line if len(line) <= MAX_CHARS else line[: MAX_CHARS - 1] + "…"
