"""Redacts foreign text for logs: shows what is known to be harmless, and nothing else.

What a key looks like cannot be guessed, so this does not try: a word is shown if it is in the
vocabulary, a short number, a date, or a name in the providers' tables; anything else becomes "…".
What follows the name of a secret is hidden in any case.
"""

from __future__ import annotations

import re
from typing import overload

from .shown import DIGITS, is_secret_name, shown, shown_url

MAX_CHARS = 300
"""Length of a redacted text; a line needs only the beginning of what a provider says."""

HIDDEN = "…"

_READ_CHARS = 4 * MAX_CHARS
"""How much of a text is read at most: many characters may be hidden in a few."""

_FAR = 3
"""Distance in words beyond which a colon does not belong to a name ("key that you sent:" is 3)."""

_LONGEST_VALUE = 12
"""Words hidden after a name and a colon unless something ends the value sooner."""

_TOLD_DIGITS = 9
"""Digits shown in consecutive numbers: "4000 5678 1234 9010" has too many."""

_SECRET_DIGITS = 4
"""A number this long next to the name of a secret is a secret: a PIN, a one-time password."""

_SCHEMES = frozenset({"basic", "bearer", "digest", "key", "negotiate", "token"})
"""Words between "Authorization:" and the secret."""

_COUNTED = frozenset(
    {"bucket", "budget", "count", "length", "limit", "limits", "quota", "rate", "usage", "window"}
)
"""Words that show, after "token", that an LLM's tokens are counted: no secret follows."""

_MAX_PARTS = 8
"""Colons in a word that are examined: any more do not separate names from values."""

_QUOTES = "\"'`"
_EDGES = ".!?:=#$%&@/*~^+-_>…"
_ENDS_LINE = ("\n", "\r")

_TOKEN = re.compile(
    r"""
      (?P<pem>-----BEGIN[ ][A-Z ]{1,40}-----.*?(?:-----END[ ][A-Z ]{1,40}-----|\Z))
    | (?P<url>(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,24}://[^\s"'<>`]*)
    | (?P<tag></?[A-Za-z_][^<>\n]{0,200}>)
    | (?P<word>(?:[^\s"'`,;<>(){}\[\]|\\\u201c\u201d\u2018\u2019«»]
          |\\(?![nrt"'\\/])
          |(?<=[A-Za-z])'(?=(?:[dmst]|ll|re|ve)\b))+)
    | (?P<space>\s+)
    | (?P<mark>\\[nrt"'\\/]|.)
    """,
    re.VERBOSE | re.DOTALL,
)


@overload
def redact(text: str) -> str: ...
@overload
def redact(text: None) -> None: ...
def redact(text: str | None) -> str | None:
    """Return a text as one line of at most `MAX_CHARS` characters that shows only harmless words.

    Args:
        text: Anything a provider or a library says; None stays None.
    """
    if text is None:
        return None
    line = _Line()
    for token in _TOKEN.finditer(_beginning(text)):
        line.add(token.lastgroup or "", token[0])
        if line.length > MAX_CHARS:
            break
    told = "".join(line.parts).strip()
    return told if len(told) <= MAX_CHARS else told[: MAX_CHARS - 1] + HIDDEN


def _beginning(text: str) -> str:
    """Cut a text between words: half a secret may look harmless."""
    if len(text) <= _READ_CHARS:
        return text
    words = text[:_READ_CHARS].rsplit(None, 1)
    return words[0] if len(words) > 1 else HIDDEN


class _Line:
    """The line so far, and the context of the next word.

    Attributes:
        parts: Parts of the line.
        length: Their length in characters.
    """

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self._hiding = ""
        """What ends the hiding: "value", "line", "tag", or the closing quotation mark."""
        self._hidden_words = 0
        self._quoted = ""
        """The opening quotation mark without its closing one, if any."""
        self._since_name = _FAR
        self._name = ""
        self._digits = 0
        self._number_at = 0
        self._since_number = _FAR + 1

    def add(self, kind: str, text: str) -> None:
        """Append a token, or hide it."""
        if kind == "space":
            if self._hiding in {"value", "line"} and any(end in text for end in _ENDS_LINE):
                self._hiding = ""
            self._space()
        elif kind == "word":
            self._word(text)
        elif kind == "url":
            self._put(None if self._hiding else shown_url(text))
            self._over()
        elif kind == "tag":
            self._tag(text)
        elif kind == "pem":
            self._put(None)
            self._over()
        else:
            self._mark(text)

    def _mark(self, mark: str) -> None:
        if len(mark) > 1:
            if mark[1] not in _QUOTES:
                self._space()  # a line's end, in a text in a text
                return
            mark = mark[1]
        if mark == self._hiding:
            self._hiding = ""
        elif self._hiding == "value" and mark in _QUOTES and not self._hidden_words:
            self._quote(mark)
            return
        elif self._hiding == "value" and mark in ",;)}]":
            self._hiding = ""
        elif self._hiding:
            return
        elif mark in _QUOTES:
            self._quoted = "" if self._quoted else mark
        self._emit(_plain(mark))

    def _quote(self, mark: str) -> None:
        """Begin a secret's value, unless this mark closes the quotation around its name."""
        self._emit(mark)
        if mark == self._quoted:
            self._hiding = self._quoted = ""
        else:
            self._hiding = mark
            self._put(None)

    def _tag(self, tag: str) -> None:
        """Process an XML or HTML tag, whose name and attributes are not shown."""
        if self._hiding == "tag":
            self._hiding = ""
        if not self._hiding and tag[1] != "/" and is_secret_name(tag):
            self._hiding = "tag"
            self._put(None)
        self._space()

    def _word(self, word: str) -> None:
        core = word.strip(_EDGES)
        trail = word[len(word.rstrip(_EDGES)) :] if core else word
        if self._hiding:
            self._hide(core, trail)
            return
        if not core:
            self._separate(word)
            self._emit(_plain(word))
            return
        self._emit(_plain(word[: word.index(core[0])]))
        told = shown(core)
        if told is None and self._parted(core, trail):
            return
        if told is not None and self._is_secret_number(told):
            told = None
        self._put(told)
        self._note(core, "" if told is None else told)
        self._separate(trail)
        self._emit(_plain(trail) if told is not None else _plain(trail).strip("=:"))
        if trail.endswith((".", "!", "?")):
            self._since_name, self._since_number = _FAR, _FAR + 1

    def _parted(self, core: str, trail: str) -> bool:
        """Append both parts of "name=value" or "name:value"; return whether the word was one."""
        at = min((at for at in map(core.find, ":=") if at > 0), default=0)
        if not at or core.count(":") + core.count("=") > _MAX_PARTS:
            return False
        if "://" in core and core.find("://") == at:
            self._put(shown_url(core))
            self._over()
            return True
        name, rest = core[:at], core[at + 1 :].lstrip(":=>")
        if name.isdigit():
            return False
        self._word(name + core[at])
        if self._hiding == "value":
            self._put(None)
            if rest.lower() not in _SCHEMES:
                self._over()
        elif rest:
            self._word(rest + trail)
        return True

    def _hide(self, core: str, trail: str) -> None:
        self._put(None)
        self._hidden_words += bool(core)
        if self._hiding == "value" and core.lower() not in _SCHEMES:
            ended = trail.endswith((".", "!", "?"))
            if ended or self._hidden_words >= _LONGEST_VALUE:
                self._over()

    def _separate(self, marks: str) -> None:
        """Hide what follows a colon after the name of a secret."""
        if self._since_name < _FAR and any(mark in marks for mark in ":=>"):
            self._hiding = "line" if "cookie" in self._name else "value"
            self._hidden_words = 0
            self._since_name = _FAR

    def _is_secret_number(self, told: str) -> bool:
        if not told[0].isdigit():
            return False  # a name with digits in it
        digits = len(DIGITS.sub("", told))
        self._digits += digits
        near = self._since_name < _FAR and digits >= _SECRET_DIGITS
        return near or self._digits > _TOLD_DIGITS

    def _note(self, core: str, told: str) -> None:
        """Remember the context of the next word."""
        if core.isalpha():
            self._digits = 0
        if is_secret_name(core):
            if self._since_number <= _FAR:
                self.parts[self._number_at] = HIDDEN
            self._since_name, self._name = 0, core.lower()
        else:
            self._since_name += 1
            if self._name == "token" and core.lower() in _COUNTED:
                self._since_name = _FAR
        self._since_number += 1
        if told.isdigit() and len(told) >= _SECRET_DIGITS:
            self._number_at, self._since_number = len(self.parts) - 1, 0

    def _over(self) -> None:
        """End what followed a name."""
        self._hiding, self._since_name, self._since_number = "", _FAR, _FAR + 1

    def _put(self, told: str | None) -> None:
        if told is not None:
            self._emit(told)
        elif "".join(self.parts[-2:]).rstrip()[-1:] != HIDDEN:
            self._emit(HIDDEN)

    def _space(self) -> None:
        hidden = self._hiding and self.parts and self.parts[-1] == HIDDEN
        if self.parts and self.parts[-1] != " " and not hidden:
            self._emit(" ")

    def _emit(self, text: str) -> None:
        if text:
            self.parts.append(text)
            self.length += len(text)


def _plain(marks: str) -> str:
    """Return the part of punctuation that may be shown."""
    return "".join(mark for mark in marks if mark.isascii() and mark.isprintable() and mark != "_")
