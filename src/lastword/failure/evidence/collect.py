"""Collects the evidence of an error: from the exception, its causes, and what its response holds.

Gathers numbers, codes and text without interpreting them. Does no I/O: of a response only what is
in memory is read. Any foreign value may be hostile: of the wrong type, enormous, deeply nested,
raising or blocking when it is read.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..providers import KNOWN_CODES, provider_of_host, provider_of_name, provider_of_text
from .between import is_page, who_answered
from .classes import CONTENTS, class_of
from .foreign import UnknownCodeError, ask, within_bound
from .model import ATTACHED, Attached, Evidence, chain, kept_headers
from .payload import Reading, wait_of

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from types import TracebackType

    from ..kinds import Component

_COMPONENTS: dict[str, Component] = {
    "llm_error": "llm",
    "stt_error": "stt",
    "tts_error": "tts",
    "realtime_model_error": "realtime",
    "interruption_detection_error": "interruption",
    "eot_error": "eot",
}
"""`type` of the error objects of livekit-agents."""

_MODULES: tuple[tuple[str, Component], ...] = (
    (".inference.interruption", "interruption"),
    (".inference.eot", "eot"),
    (".turn_detector", "eot"),
    (".realtime", "realtime"),
    (".stt", "stt"),
    (".tts", "tts"),
    (".llm", "llm"),
)
"""Parts of the module names of plugins; the narrower first."""

_MAX_FRAMES = 48
_STATUSES = range(400, 600)
_CLOSE_CODES = range(1000, 5000)

# A code inside a text counts only if no sentence can contain it by chance.
_TEXT_CODES = frozenset(code for code in KNOWN_CODES if "_" in code or len(code) >= 15)  # noqa: PLR2004 - "throttlingexception" and longer
_WORD = re.compile(r"[a-z0-9_]{4,64}")
_APART = "".join(c if c.isalnum() or c == "_" else " " for c in map(chr, range(128)))
_BRACKETED = re.compile(r"[\[(]([a-z0-9_]{1,64})[\])]")
_CLOSED_BY = re.compile(r"(?:close_code|\bdata)=([1-4]\d{3})\b")
_SHARED = "livekit.agents.inference.llm"
"""Its stream serves every plugin based on OpenAI's SDK, so in a traceback it names no provider."""


def collect_evidence(failed: object) -> Evidence:
    """Read an exception, an error object of livekit-agents or an `ErrorEvent`.

    An object that blocks or raises unexpectedly ends the reading; the evidence is what was found
    until then.
    """
    reader = _Reader()
    try:
        reader.read(failed)
    except UnknownCodeError:
        reader = _Reader()
        within_bound(functools.partial(reader.read, failed))
    return reader.evidence()


@dataclass
class _Reader:
    """Gathers evidence from one exception after another, outermost first."""

    reading: Reading = field(default_factory=Reading)
    component: Component = "unknown"
    sure: list[str] = field(default_factory=list)
    likely: list[str] = field(default_factory=list)
    status: int | None = None
    close_code: int | None = None
    handshake: bool = False
    has_body: bool = False
    classes: set[str] = field(default_factory=set)
    errnos: set[int] = field(default_factory=set)
    headers: dict[str, str] = field(default_factory=dict)
    plain: bool = False
    errors: list[BaseException] = field(default_factory=list)

    def read(self, failed: object) -> None:
        """Read whatever failed, and everything that caused it.

        Raises:
            UnknownCodeError: As `ask`.
        """
        outer = self.unwrap(failed)
        for error in chain(outer) if isinstance(outer, BaseException) else ():
            self.errors.append(error)
            self.exception(error)

    def unwrap(self, error: object) -> object:
        """Return the exception inside an event or error object, and note which component failed."""
        for _ in range(3):
            if isinstance(error, BaseException):
                break
            kind = ask(error, "type")
            # Read only attributes that exist: a miss costs 3 us with pydantic's models.
            if kind == "error":
                self._source(ask(error, "source"))
            elif isinstance(kind, str):
                self.component = _COMPONENTS.get(kind, self.component)
                self._label(ask(error, "label"))
            error = ask(error, "error")
        return error

    def _source(self, source: object) -> None:
        provider = ask(source, "provider")
        if isinstance(provider, str) and (known := provider_of_host(provider[:200])):
            self.sure.append(known)
        self._label(ask(source, "label"))

    def _label(self, label: object) -> None:
        if isinstance(label, str):
            self._module(label[:200].rpartition(".")[0])

    def _module(self, module: str) -> None:
        """Note the provider and component of a module such as "livekit.plugins.deepgram.stt"."""
        parts = module.split(".")
        if parts[:2] == ["livekit", "plugins"] and len(parts) > 2:  # noqa: PLR2004 - the plugin's name
            self.likely.append(provider_of_name(parts[2]))
        elif parts[:3] == ["livekit", "agents", "inference"]:
            self.likely.append("livekit")
        else:
            return
        if self.component == "unknown":
            for part, component in _MODULES:
                if part in module:
                    self.component = component
                    return

    def exception(self, error: BaseException) -> None:
        """Read one exception of the chain."""
        kind = class_of(type(error))  # type: ignore[arg-type] # classes are hashable
        self.classes.update(kind.names)
        self.handshake |= kind.handshake
        if kind.provider is not None:
            self.likely.append(kind.provider)
        if isinstance(error, OSError) and isinstance(error.errno, int):
            self.errnos.add(error.errno)
        self._traceback(error.__traceback__)
        there = kind.attributes | error.__dict__.keys()
        self._message(error, there)
        for name in kind.numbers:
            if name in there:
                self._number_or_code(ask(error, name))
        hosts = len(self.sure)
        for name in CONTENTS:
            if name in there:
                self._content(ask(error, name))
        self._connection(error, there, has_host=len(self.sure) > hosts)

    def _message(self, error: BaseException, there: AbstractSet[str]) -> None:
        message = ask(error, "message") if "message" in there else None
        # str() of a foreign exception may print a whole body, or the request with its key.
        for text in (message,) if isinstance(message, str) else error.args[:3]:
            self._text(text)
        if "strerror" in there:
            self._text(ask(error, "strerror"))

    def _connection(self, error: BaseException, there: AbstractSet[str], *, has_host: bool) -> None:
        """Read what an exception holds about the connection that it came over."""
        if "rcvd" in there and (closed := ask(error, "rcvd")) is not None:
            self._number_or_code(ask(closed, "code"))  # websockets.ConnectionClosed
            self._text(ask(closed, "reason"))
        for name in ("request", "request_info"):
            if name in there and not has_host:  # a response knows the host of its own request
                self._host(ask(error, name))
        if ATTACHED in there:
            self._attached(ask(error, ATTACHED))

    def _text(self, text: object) -> None:
        if isinstance(text, str):
            self.reading.add_text(text)

    def _number_or_code(self, value: object) -> None:
        if isinstance(value, str):
            self.reading.add_code(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            if value in _STATUSES:
                self.status = self.status or int(value)
            elif value in _CLOSE_CODES:
                # Not among the codes: a body's 1008 is no balance, a WebSocket's 1008 a policy.
                self.close_code = self.close_code or int(value)
        elif callable(value) and type(ask(value, "__self__")).__module__.startswith("grpc"):
            self.reading.add_code(ask(value(), "name"))  # error.code() is an enum

    def _content(self, content: object) -> None:
        if isinstance(content, str | bytes | bytearray | dict | list):
            if isinstance(content, dict) and "ResponseMetadata" in content:  # botocore
                metadata = content["ResponseMetadata"]
                content = {key: content[key] for key in content if key != "ResponseMetadata"}
                if isinstance(metadata, dict):
                    self._number_or_code(metadata.get("HTTPStatusCode"))
                    self._headers(metadata.get("HTTPHeaders"))
            self._body(content)
        elif content is not None and not callable(content):
            self._response(content)

    def _response(self, response: object) -> None:
        self._headers(ask(response, "headers"))
        self._number_or_code(ask(response, "status_code"))
        self._host(response)
        if self.reading.objects:
            return  # SDKs and plugins hand on what they read of it
        if type(response).__module__.split(".", 1)[0] in {"requests", "urllib3"}:
            return  # these read from the network when their content is accessed
        for name in ("content", "body", "text"):
            content = ask(response, name)
            if isinstance(content, str | bytes | bytearray) and content:
                self._body(content)
                return
        # Not a response but an SDK's error object, for instance of a realtime event.
        for name in ("code", "type"):
            self._number_or_code(ask(response, name))
        self._text(ask(response, "message"))

    def _body(self, body: object) -> None:
        if any(body is known for known in self.reading.objects):
            return  # plugins pass the SDK's body on
        self.has_body |= bool(body)
        objects = len(self.reading.objects)
        self.reading.add_body(body)
        self.plain |= (
            isinstance(body, str | bytes | bytearray)
            and bool(body)
            and (len(self.reading.objects) == objects)
        )

    def _headers(self, headers: object) -> None:
        for name, value in kept_headers(headers).items():
            self.headers.setdefault(name, value)

    def _attached(self, attached: object) -> None:
        if isinstance(attached, Attached):
            self._number_or_code(attached.status)
            self.headers.update(attached.headers)
            self._body(attached.body)
            if known := provider_of_host(attached.host):
                self.sure.append(known)

    def _host(self, holder: object) -> None:
        host = ask(ask(holder, "url"), "host") if holder is not None else None
        if isinstance(host, str) and (known := provider_of_host(host[:200])):
            self.sure.append(known)

    def _traceback(self, traceback: TracebackType | None) -> None:
        for _ in range(_MAX_FRAMES):
            if traceback is None:
                return
            module = traceback.tb_frame.f_globals.get("__name__")
            if isinstance(module, str) and module.startswith("livekit.") and module != _SHARED:
                self._module(module)
            traceback = traceback.tb_next

    def evidence(self) -> Evidence:
        """Return the evidence collected so far."""
        reading = self.reading
        text = reading.said.lower()
        codes = reading.codes
        codes.update(_TEXT_CODES.intersection(_words(text)))
        if "[" in text or "(" in text:
            codes.update(word for word in _BRACKETED.findall(text) if word != str(self.close_code))
        if self.close_code is None and "=" in text and (closed := _CLOSED_BY.search(text)):
            self.close_code = int(closed[1])
        behind = who_answered(text, self.headers)
        providers = tuple(dict.fromkeys([*behind, *self.sure, *self.likely]))
        if not providers and (spoken_of := provider_of_text(text)):
            providers = (spoken_of,)
        return Evidence(
            component=self.component,
            providers=providers,
            status=self.status or reading.status,
            close_code=self.close_code,
            handshake=self.handshake,
            codes=frozenset(codes),
            said=reading.said,
            text=text,
            texts=tuple(reading.texts),
            quoted=reading.quoted.lower(),
            page="cf-mitigated" in self.headers or is_page(text, is_json=bool(reading.objects)),
            plain=self.plain,
            has_body=self.has_body,
            classes=frozenset(self.classes),
            errnos=frozenset(self.errnos),
            headers=self.headers,
            objects=tuple(reading.objects),
            retry_after_s=wait_of(self.headers, reading.retry_after_s, text),
            errors=tuple(self.errors),
        )


def _words(text: str) -> list[str]:
    """Split a lower-case text into words that may be codes."""
    if text.isascii():
        return text.translate(_APART).split()  # a third of the time
    return _WORD.findall(text)
