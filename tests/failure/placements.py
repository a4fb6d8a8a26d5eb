"""Keys of many kinds and the places where they turn up in errors; each call draws new ones."""

from __future__ import annotations

import base64
import json
import string
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
BASE62 = LOWER + UPPER + DIGITS
BASE58 = "".join(sorted(set(BASE62) - set("0OIl")))
BASE32 = UPPER + "234567"
HEX = "0123456789abcdef"
URLSAFE = BASE62 + "-_"
WORDS = ("hunter", "dragon", "orange", "monkey", "correct", "horse", "battery", "staple", "summer",
         "winter", "purple", "tiger")  # fmt: skip


def _of(alphabet: str, *lengths: int, prefix: str = "") -> Callable[[random.Random], str]:
    def draw(rng: random.Random) -> str:
        return prefix + "".join(rng.choices(alphabet, k=rng.choice(lengths)))

    return draw


def _jwt(rng: random.Random) -> str:
    def part(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    header, claims = b'{"alg":"HS256","typ":"JWT"}', json.dumps({"sub": rng.randrange(10**9)})
    return f"{part(header)}.{part(claims.encode())}.{part(rng.randbytes(32))}"


def _words(rng: random.Random) -> str:
    word = rng.choice(WORDS)
    return f"{rng.choice((word, word.title()))}{rng.choice(WORDS)}{rng.randrange(100, 10000)}"


def _passphrase(rng: random.Random) -> str:
    return "-".join((*rng.sample(WORDS, 3), str(rng.randrange(10, 1000))))


def _password(rng: random.Random) -> str:
    return rng.choice(WORDS).title() + rng.choice("!$#*+.") + "".join(rng.choices(BASE62, k=6))


KINDS: dict[str, Callable[[random.Random], str]] = {
    "openai": _of(BASE62, 48, prefix="sk-"),
    "openai project": _of(URLSAFE, 40, 100, 156, prefix="sk-proj-"),
    "anthropic": _of(URLSAFE, 86, 95, prefix="sk-ant-api03-"),
    "groq": _of(BASE62, 52, prefix="gsk_"),
    "xai": _of(BASE62, 80, prefix="xai-"),
    "hf of letters": _of(LOWER + UPPER, 34, prefix="hf_"),
    "ghp of letters": _of(LOWER + UPPER, 36, prefix="ghp_"),
    "google": _of(URLSAFE, 35, prefix="AIza"),
    "aws id": _of(BASE32, 16, prefix="AKIA"),
    "aws secret": _of(BASE62 + "+/", 40),
    "base62": _of(BASE62, 12, 16, 20, 24, 32, 40, 64),
    "base58": _of(BASE58, 22, 44),
    "base32": _of(BASE32, 16, 26, 32),
    "base64": lambda rng: base64.b64encode(rng.randbytes(rng.choice((16, 24, 32)))).decode(),
    "hex": _of(HEX, 16, 32, 40, 64),
    "HEX": _of(HEX.upper(), 16, 32),
    "lower letters": _of(LOWER, 10, 12, 16, 20, 23, 24, 32),
    "UPPER LETTERS": _of(UPPER, 10, 12, 16, 20, 23, 24, 32),
    "Letters": _of(LOWER + UPPER, 10, 12, 16, 20, 23, 24, 32),
    "digits": _of(DIGITS, 10, 12, 16, 20),
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
    "jwt": _jwt,
    "words and digits": _words,
    "passphrase": _passphrase,
    "password": _password,
}
"""What keys look like."""

NAMES = (
    "key", "api_key", "apiKey", "api-key", "API KEY", "Api-Key", "xi-api-key", "x-goog-api-key",
    "X-Api-Key", "OPENAI_API_KEY", "token", "access_token", "accessToken", "AccessToken",
    "refreshToken", "x-auth-token", "secret", "clientSecret", "client_secret", "API_SECRET",
    "password", "Password", "passwd", "PGPASSWORD", "credentials", "privateKey", "private_key",
    "signature", "X-Amz-Signature", "sig", "sessionToken", "bearerToken", "authToken", "APIKEY",
)  # fmt: skip
"""Names that say that a secret follows."""

OTHERS = ("id", "user", "value", "data", "project", "x", "name", "input", "message", "text",
          "code", "reason", "request_id", "trace", "note", "detail", "param", "model",
          "status")  # fmt: skip
"""Names that say nothing of the kind."""

_HOSTS = ("api.openai.com", "api.example.com", "llm.acme.dev:8443", "10.0.0.7:8080", "localhost:80")


def _any(rng: random.Random) -> str:
    return rng.choice(NAMES + OTHERS)


def _header(rng: random.Random, key: str) -> str:
    scheme = rng.choice(("Bearer ", "Token ", "Basic ", "Key ", "", "bearer ", "token=", "AWS4 "))
    name = rng.choice(("Authorization", "authorization", "Proxy-Authorization", *NAMES))
    return rng.choice(
        (
            f"{name}: {scheme}{key}",
            f"{{'{name}': '{scheme}{key}', 'Accept': '*/*'}}",
            f'"{name}": "{scheme}{key}"',
            f"<CIMultiDictProxy('Host': 'h', '{name}': '{scheme}{key}')>",
            f"Headers([('{name.lower()}', '{scheme}{key}'), ('host', 'x')])",
            f"GET /v1 HTTP/1.1\r\nHost: x\r\n{name}: {scheme}{key}\r\n\r\n",
            f"curl -H '{name}: {scheme}{key}' https://api.example.com",
            f"[(b'{name}', b'{scheme}{key}')]",
        )
    )


def _cookie(rng: random.Random, key: str) -> str:
    crumbs = ["theme=dark", "lang=en", f"{_any(rng)}={key}", "seen=1"]
    rng.shuffle(crumbs)
    return rng.choice(("Cookie: ", "Set-Cookie: ", "cookie: ", "'Cookie': '")) + "; ".join(crumbs)


def _url(rng: random.Random, path: str) -> str:
    scheme = rng.choice(("https", "http", "wss", "ws", "HTTPS"))
    said = rng.choice(("", "Cannot connect to ", "url=", "for url: ", "see <", "POST ", '"', "("))
    return f"{said}{scheme}://{rng.choice(_HOSTS)}{path}"


def _url_path(rng: random.Random, key: str) -> str:
    return _url(rng, rng.choice((f"/{key}", f"/v1/{key}/listen", f"/hooks/{key}?x=1", f"//{key}")))


def _url_query(rng: random.Random, key: str) -> str:
    name = _any(rng)
    return _url(rng, rng.choice((f"/v1?{name}={key}", f"?a=1&{name}={key}&b=2", f"/?{key}")))


def _url_fragment(rng: random.Random, key: str) -> str:
    return _url(rng, rng.choice((f"/#{key}", f"#{_any(rng)}={key}", f"/a#x/{key}")))


def _url_user(rng: random.Random, key: str) -> str:
    user = rng.choice((f"{key}", f"user:{key}", f":{key}", f"{key}:x"))
    return f"proxy https://{user}@{rng.choice(_HOSTS)}/v1 refused"


def _json(rng: random.Random, key: str) -> str:
    text = json.dumps(body(rng, key), indent=rng.choice((None, None, 1)))
    return rng.choice((text, json.dumps({"body": text}), f"Error code: 400 - {text}", repr(text)))


def _repr(rng: random.Random, key: str) -> str:
    name = _any(rng)
    return rng.choice(
        (
            repr(body(rng, key)),
            f"Client({name}='{key}', timeout=10)",
            f"Config({name}={key!r})",
            f"{name}=SecretStr('{key}')",
            f"<Session {key} at 0x7f>",
            f"KeyError: '{key}'",
        )
    )


def _xml(rng: random.Random, key: str) -> str:
    name = _any(rng).replace(" ", "")
    return rng.choice(
        (
            f"<Error><Code>Denied</Code><{name}>{key}</{name}></Error>",
            f'<request {name}="{key}"><Message>Bad</Message></request>',
            f'<add key="{name}" value="{key}"/>',
            f'<entry key="{name}">{key}</entry>',
            f"<html><title>{key}</title><!-- {name}={key} --></html>",
            f"<s:Header><{name}><![CDATA[{key}]]></{name}></s:Header>",
        )
    )


def _pem(rng: random.Random, key: str) -> str:
    lines = [base64.b64encode(rng.randbytes(48)).decode() for _ in range(rng.randrange(1, 4))]
    end = rng.choice(("\n-----END PRIVATE KEY-----\n", "\n", ""))
    text = "-----BEGIN PRIVATE KEY-----\n" + "\n".join([*lines, key]) + end
    return rng.choice((text, repr(text), json.dumps({"key": text}), "could not load " + text))


def _bytes(rng: random.Random, key: str) -> str:
    before = rng.choice((b"", b"Bearer ", b"\x00\xff", b"key=", b"user:", b"\n"))
    return rng.choice(("", "got ", "sent: ")) + repr(before + key.encode() + b"\r\n")


def _database(rng: random.Random, key: str) -> str:
    scheme = rng.choice(("postgres", "postgresql", "mysql", "redis", "mongodb+srv", "amqp", "jdbc"))
    return rng.choice(
        (
            f"could not connect: {scheme}://app:{key}@db.example.com:5432/calls",
            f"DATABASE_URL={scheme}://app:{key}@10.1.2.3/calls?sslmode=require",
            f"host=db user=app password={key} dbname=calls",
            f"Server=db;Uid=app;Pwd={key};Database=calls",
            f"{scheme}://:{key}@cache:6379/0",
        )
    )


def _environment(rng: random.Random, key: str) -> str:
    rows = ["PATH=/usr/bin:/bin", "HOME=/home/agent", f"{_any(rng).upper()}={key}", "LANG=C"]
    rng.shuffle(rows)
    text = rng.choice(("\n", " ", "; ", "\0")).join(rows)
    return rng.choice(
        (text, f"environ({dict(row.split('=', 1) for row in rows)})", f"export {text}")
    )


def _sentence(rng: random.Random, key: str) -> str:
    name = _any(rng)
    return rng.choice(
        (
            f"Incorrect {name} provided: {key}. You can find yours at the dashboard.",
            f"Incorrect {name} provided {key}",
            f"The {name} {key} is not valid",
            f"{key} is not a valid {name}",
            f"invalid {name} '{key}'",
            f"your {name} that you sent: {key}",
            f"{name} = {key}",
            f"{name} is {key}",
            f"{name}->{key}",
            f"({key})",
            f"[{key}] permission denied",
            f"user:{key}",
            f"no such {name}, {key}; try again",
            f"{key}",
            f"…{key}…",
            f"access denied for*{key}*",
            f"failed:{key}:retry",
            f"the request was {key}{key}",
        )
    )


PLACES: dict[str, Callable[[random.Random, str], str]] = {
    "header": _header,
    "cookie": _cookie,
    "URL path": _url_path,
    "URL query": _url_query,
    "URL fragment": _url_fragment,
    "URL user": _url_user,
    "JSON": _json,
    "repr": _repr,
    "XML": _xml,
    "PEM": _pem,
    "bytes": _bytes,
    "database": _database,
    "environment": _environment,
    "sentence": _sentence,
}
"""Where a text has a key."""


def body(rng: random.Random, key: str) -> dict[str, Any]:
    """A JSON body with a key at some depth, under a name that says so or under any other."""
    value: Any = rng.choice(
        (key, [key], {"message": key}, {_any(rng): key}, f"bad: {key}", [[key]])
    )
    inner: dict[str, Any] = {_any(rng): value, "type": "error"}
    for _ in range(rng.randrange(5)):
        inner = {rng.choice(("error", "detail", "errors", *NAMES, *OTHERS)): inner, "code": 400}
    return inner


def fragments(key: str) -> set[str]:
    """What must not be told: a key, or eight of its characters in a row."""
    return {key[at : at + 8] for at in range(max(1, len(key) - 7))}
