"""Decides which single words may be shown, and which names precede secrets."""

from __future__ import annotations

import re

from .providers import KNOWN_CODES
from .providers.identifiers import is_identifier, is_model
from .providers.names import provider_of_host
from .vocabulary import WORDS, parts_of

DIGITS = re.compile(r"\D+")
"""Anything but digits."""

_MAX_WORD_CHARS = 24
_MAX_COMPOUND_CHARS = 80
_MAX_HOST_CHARS = 100

_UNIT = (
    r"(?:%|ms|msec|millis(?:econds?)?|s|sec|secs|seconds?|m|min|mins|minutes?|h|hrs?|hours?|d|days?"
    r"|[kmg]i?b|bytes?|[kmg]?hz|kbps|k|x|st|nd|rd|th|px|rpm|tpm)"
)
_NUMBER = re.compile(rf"([+-]?\d{{1,6}})(?:([.,]\d{{1,3}})\d{{0,9}})?({_UNIT})?", re.IGNORECASE)
_TIME = r"\d{1,2}:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_NUMBERS = re.compile(
    rf"(?:19|20)\d\d[-/.]\d\d[-/.]\d\d(?:[T_]{_TIME})?"  # a date, a moment
    rf"|{_TIME}"
    r"|\d{1,2}[/.]\d{1,2}[/.](?:19|20)?\d\d"
    r"|(?:\d{1,4}(?:\.\d{1,3})?(?:ms|s|m|h|d)){2,4}"  # 6m38.304s
    r"|\d{1,4}/\d{1,4}|\d{1,3}-\d{1,3}"  # 3/10, 1-5
    r"|\d{1,2}\.\d{1,3}\.\d{1,3}"  # a version
)
_DATED = re.compile(r"(?:19|20)\d\d-\d\d-\d\d-(?=[a-z])")
_JOINTS = re.compile(r"[-_/.&+]+")
_ENDING = re.compile(r"'(?:[dmst]|ll|re|ve)$|n't$")

_SCHEMES_TEXT = """
amqp amqps ftp grpc grpcs http https mongodb mongodb+srv mysql mqtt nats postgres postgresql redis
rediss rtmp s3 sip sips sqlite stun tcp tls turn turns udp unix ws wss
"""
_SCHEMES = frozenset(_SCHEMES_TEXT.split())
_TOP_LEVEL_TEXT = """
ai app at au be biz br ca ch chat cloud cn co com cz de dev dk edu es eu example fi fr gov ht ie in
info internal io it jp kr lan live local localhost me mil net nl no nz org pl pt ru se sh studio
tech test tv tw ua uk us xyz
"""
_TOP_LEVEL = frozenset(_TOP_LEVEL_TEXT.split())
_LABEL = re.compile(r"[a-z][a-z0-9-]{0,30}", re.IGNORECASE)
_AUTHORITY = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]{0,24})://(?:[^\s/?#@]*@)?([A-Za-z0-9.-]+)(:\d{1,5})?"
)
_REGION = re.compile(r"\d{1,2}$")
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")

_NAMES_TEXT = """
auth authkey authorisation authorization bearer cookie cookies credential credentials creds dsn hmac
jwt key keys kennwort nonce otp pass passcode passphrase passwd password passwords passwort pat pin
private pw pwd sas secret secrets sid sig signature token
"""
_NAMES = frozenset(_NAMES_TEXT.split())
"""Words one of which is in every name of a secret, however it is spelled."""

_NAME_STEMS = ("accesskey", "apikey", "cookie", "credential", "passphrase", "passw", "privatekey",
               "secret", "sessionid")  # fmt: skip
_NAME_ENDINGS = ("auth", "authorization", "key", "keyid", "pass", "passwd", "pwd", "signature",
                 "token")  # fmt: skip
_LETTERS = re.compile(r"[A-Za-z]+")


def shown(word: str) -> str | None:
    """Return what may be shown of a word without the punctuation around it, or None.

    A word is shown if it is known: in the vocabulary, or made of its words ("rate-limit",
    "MaxGatewayCredits"); a code of the providers' tables; a short number with or without a unit, a
    date, a time; the name of a model, a format, or a provider's host.
    """
    number = _NUMBER.fullmatch(word)
    if number is not None:
        return "".join(part for part in number.groups() if part)
    lowered = word.lower()
    if (
        lowered in KNOWN_CODES
        or _is_known(word)
        or _NUMBERS.fullmatch(word)
        or is_identifier(word)
        or (len(word) <= _MAX_COMPOUND_CHARS and is_model(lowered, WORDS))
        or (provider_of_host(lowered) and _is_host(lowered))
    ):
        return word
    return None


def _is_known(word: str) -> bool:
    if word.isalpha():
        return _is_plain(word)
    if len(word) > _MAX_COMPOUND_CHARS or not word.isascii():
        return False
    parts = _JOINTS.split(_DATED.sub("", _ENDING.sub("", word)))
    return all(not part or _is_plain(part) or _is_version(part) for part in parts)


def _is_version(part: str) -> bool:
    return part != "v" and is_identifier(part)


def _is_plain(word: str) -> bool:
    """Return whether letters are a known word, or known words separated by capitals."""
    if len(word) <= _MAX_WORD_CHARS and word in {word.lower(), word.title(), word.upper()}:
        lowered = word.lower()
        if lowered in WORDS or lowered.removesuffix("s") in WORDS:
            return True
    parts = parts_of(word)
    return len(parts) > 1 and word.isalpha() and all(part.lower() in WORDS for part in parts)


def _is_host(host: str) -> bool:
    """Return whether all parts of a host are known, numbered regions ("us-east1") included."""
    parts = (part for label in host.split(".") for part in label.split("-"))
    return all(_is_known(_REGION.sub("", part)) or is_identifier(part) for part in parts)


def shown_url(url: str) -> str | None:
    """Return scheme and host of a URL, or None if no host can be told apart from a secret.

    Only known words of the host are shown, and its domain if that is known.
    """
    found = _AUTHORITY.match(url)
    if found is None or found[1].lower() not in _SCHEMES:
        return None
    rest = url[found.end() :]
    # Before an "@", or before what cannot follow a host, it was part of a user and password.
    if "@" in rest or (rest and rest[0] not in "/?#.,:;!)]}|&"):
        return None
    host = _shown_host(found[2].rstrip("."))
    path = "/…" if len(rest) > 1 else ""
    return f"{found[1]}://{host}{found[3] or ''}{path}" if host is not None else None


def _shown_host(host: str) -> str | None:
    if len(host) > _MAX_HOST_CHARS:
        return None
    if _IP.fullmatch(host):
        return host
    labels = host.split(".")
    if labels[-1].lower() not in _TOP_LEVEL:
        return host if len(labels) == 1 and _is_plain(host) else None
    told = [label if _is_known(label) else "…" for label in labels]
    if len(labels) > 1 and _LABEL.fullmatch(labels[-2]):
        told[-2] = labels[-2]
    return ".".join(told)


def is_secret_name(words: str) -> bool:
    """Return whether a name in any spelling denotes a secret: "xi-api-key", "clientSecret".

    A code of the providers' tables does not, though "invalid_api_key" mentions one.
    """
    letters = _LETTERS.findall(words)
    joined = "".join(letters).lower()
    if words.lower() in KNOWN_CODES:
        return False
    return (
        joined.endswith(_NAME_ENDINGS)
        or any(stem in joined for stem in _NAME_STEMS)
        or any(part.lower() in _NAMES for run in letters for part in parts_of(run))
        or not _NAMES.isdisjoint(run.lower() for run in letters)
    )
