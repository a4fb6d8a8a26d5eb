"""Makes a foreign text fit for a line of ours: what is known to be harmless is shown, nothing else.

What a key looks like cannot be guessed, so nothing here tries: a word is shown if it is one of the
vocabulary, a short number, a date, or a name that the tables of the providers know; whatever else
becomes "…". What stands next to the name of a secret is hidden even then.
"""

from __future__ import annotations

import re
from typing import overload

from .shown import DIGITS, is_secret_name, shown, shown_url

MAX_CHARS = 300
"""Length of a redacted text; a line needs the beginning of what a provider says, no more."""

HIDDEN = "…"

_READ_CHARS = 4 * MAX_CHARS
"""Read of a text at most: much of it may be hidden in a few characters."""

_FAR = 3
"""Words after which a name has no more to do with a colon: "key that you sent:" is the longest."""

_LONGEST_VALUE = 12
"""Words that are hidden behind a name and a colon if nothing ends them before."""

_TOLD_DIGITS = 9
"""Digits in a row of numbers that are shown: "4000 5678 1234 9010" is none."""

_SECRET_DIGITS = 4
"""A number this long next to the name of a secret is one: a PIN, a one-time password."""

_SCHEMES = frozenset({"basic", "bearer", "digest", "key", "negotiate", "token"})
"""What stands between "Authorization:" and the secret."""

_COUNTED = frozenset(
    {"bucket", "budget", "count", "length", "limit", "limits", "quota", "rate", "usage", "window"}
)
"""After "token" they say that language models' tokens are counted: no secret follows."""

_MAX_PARTS = 8
"""Colons in a word that are looked at: more of them part no names from values."""

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
    """Cut a text before a word: half a secret may look like something else."""
    if len(text) <= _READ_CHARS:
        return text
    words = text[:_READ_CHARS].rsplit(None, 1)
    return words[0] if len(words) > 1 else HIDDEN


class _Line:
    """The line as far as it is told, and what the next word stands next to.

    Attributes:
        parts: What is told.
        length: Its characters.
    """

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self._hiding = ""
        """Until when all is hidden: "value", "line", "tag", or the quotation mark that closes."""
        self._hidden_words = 0
        self._quoted = ""
        """The quotation mark that is open."""
        self._since_name = _FAR
        self._name = ""
        self._digits = 0
        self._number_at = 0
        self._since_number = _FAR + 1

    def add(self, kind: str, text: str) -> None:
        """Tell a token, or hide it."""
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
        """The value of a secret begins, unless this ends what its name was quoted in."""
        self._emit(mark)
        if mark == self._quoted:
            self._hiding = self._quoted = ""
        else:
            self._hiding = mark
            self._put(None)

    def _tag(self, tag: str) -> None:
        """An element of XML or HTML: its name and attributes are not told."""
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
        """Tell "name=value" and "name:value", each by itself; whether the word was one of these."""
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
        """Hide what comes after a colon that comes after the name of a secret."""
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
        """Remember what the next word stands next to."""
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
        """What followed a name is over."""
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
    """Take from punctuation what is told."""
    return "".join(mark for mark in marks if mark.isascii() and mark.isprintable() and mark != "_")
