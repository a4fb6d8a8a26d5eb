"""Makes a foreign text fit for a log: one short line without secrets. Imports nothing of ours.

Hidden are: values behind names like key, token or authorization; user, password and query of URLs;
and words that look like a key by their beginning or by their length and mixture. What is hidden
too much costs a word of a log line, what is hidden too little costs a key.
"""

from __future__ import annotations

import re
from typing import overload

MAX_CHARS = 300
"""Length of a redacted text; a log line needs the beginning of what a provider says, no more."""

HIDDEN = "[hidden]"

_READ_CHARS = MAX_CHARS + 100
_SHORT_WORD = 12
"""A word below this is a secret only by what stands before it."""

_FAR = 3
"""Words after which a name has no more to do with a colon: "key that you sent:" is the longest."""

_NAMES = frozenset(
    {
        "apikey", "api-key", "api_key", "auth", "authorization", "bearer", "cookie", "credential",
        "credentials", "key", "passwd", "password", "secret", "sig", "signature", "token",
    }
)  # fmt: skip
_STEMS = ("key", "auth", "sig", "token", "cookie", "credential", "passw", "secret")
"""One of them is in every name."""
_ENDINGS = ("-key", "_key", "apikey", "-token", "_token", "-secret", "_secret", "password")
_SCHEMES = frozenset({"basic", "bearer", "token"})
_HIDING = frozenset({"basic", "bearer"})
_BEGINNINGS = ("sk_", "pk_", "rk_", "gsk_", "xai_", "aiza", "eyj", "akia", "asia")
_PUNCTUATION = "\"'`:=,;.!?()[]{}<>"

# Each part begins where a word does: asked first, this spares a look from every letter.
_PARTS = re.compile(
    r"""(?<!\w)(?:
      (?<![.+-])(?P<url>[a-z][a-z0-9+.-]{1,15}://)(?P<user>[^\s/@"'<>]{1,200}@)?
          (?P<path>[^\s?"'<>)\]}]*)(?P<query>\?[^\s"'<>)\]}]*)?
    | (?<!-)(?P<name>(?:[\w-]{0,32}[_-])?(?:api-?key|key|token|secret|passw(?:or)?d|credentials?
          |signature|sig|auth|authorization|cookie)["'`]{0,2}[:=]["'`]{0,2})[^\s"'`,;&)\]}]+
    | (?<![.-])(?:(?:sk|pk|rk|gsk|xai)[-_][\w.-]{8,}|aiza[\w-]{10,}|eyj[\w.-]{10,}
          |(?-i:AKIA|ASIA)(?-i:[A-Z0-9]{12,}))
    | (?<![~+/-])(?P<long>[\w~+/-]{20,}={0,2})
    )""",
    re.VERBOSE | re.IGNORECASE,
)


@overload
def redact(text: str) -> str: ...
@overload
def redact(text: None) -> None: ...
def redact(text: str | None) -> str | None:
    """Return a text as one line of at most `MAX_CHARS` characters with secrets replaced.

    Args:
        text: Anything a provider or a library says; None stays None.
    """
    if text is None:
        return None
    words = text[:_READ_CHARS].split()
    if len(text) > _READ_CHARS and words:
        words.pop()  # it may be the first half of a secret
    if _names_one(" ".join(words)):
        words = _without_named(words)
    # Most words are words of a sentence: a look at each would cost most of the time.
    for index in [i for i, w in enumerate(words) if len(w) >= _SHORT_WORD or ":" in w or "=" in w]:
        if not _is_plain(words[index]):
            words[index] = _PARTS.sub(_hide, words[index])
    line = " ".join(words)
    return line if len(line) <= MAX_CHARS else line[: MAX_CHARS - 1] + "…"


def _names_one(line: str) -> bool:
    """Tell quickly whether a word may have to be hidden for what stands before it."""
    lowered = line.lower()
    if any(map(lowered.__contains__, _HIDING)):
        return True
    if not any(map(lowered.__contains__, _STEMS)):
        return False
    parts = [part for named in lowered.split(": ") for part in named.split("= ")]
    return any(
        _is_name(word.strip(_PUNCTUATION))
        for part in parts[:-1]
        for word in part.rsplit(None, _FAR)[-_FAR:]
    )


def _without_named(words: list[str]) -> list[str]:
    """Hide what is named, as in `authorization: Bearer x` and `API key provided: x`."""
    shown: list[str] = []
    since_name = _FAR
    hide = False
    for word in words:
        bare = word.strip(_PUNCTUATION).lower()
        if hide and bare not in _SCHEMES:
            shown.append(HIDDEN)
            hide = False
            continue
        shown.append(word)
        since_name = 0 if _is_name(bare) else since_name + 1
        hide = hide or (since_name < _FAR and word[-1] in ":=") or bare in _HIDING
    return shown


def _is_plain(word: str) -> bool:
    """Tell quickly that `_PARTS` finds nothing in a word."""
    bare = word.strip(_PUNCTUATION)
    return bare.replace("_", "").isalpha() and not bare.lower().startswith(_BEGINNINGS)


def _is_name(bare: str) -> bool:
    """Tell whether a word names a secret; "{'x-api-key" does too."""
    name = bare if bare.isalnum() else re.split(r"[^\w-]", bare)[-1]
    return name in _NAMES or name.endswith(_ENDINGS)


def _hide(match: re.Match[str]) -> str:
    if match["url"]:
        user = f"{HIDDEN}@" if match["user"] else ""
        query = f"?{HIDDEN}" if match["query"] else ""
        return f"{match['url']}{user}{match['path']}{query}"
    if match["name"]:
        return match["name"] + HIDDEN
    if match["long"] and not _is_key(match["long"]):
        return match["long"]
    return HIDDEN


def _is_key(word: str) -> bool:
    """Tell a random word from a long one: keys mix digits and letters, identifiers use words."""
    digits = sum(char.isdigit() for char in word)
    return digits >= 4 and digits < len(word)  # noqa: PLR2004 - names of models have up to 3 in a row
