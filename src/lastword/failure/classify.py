"""Classifies failures. Never raises, does no I/O, knows no session."""

from __future__ import annotations

import hashlib
import logging
import re
from typing import TYPE_CHECKING

from livekit.agents import APIError

from .detail import Detail
from .evidence.collect import collect_evidence
from .failure import Failure
from .kinds import Component, FailureKind
from .network import is_network, kind_of_class
from .providers import find_rule
from .quota import QUOTA_BODY_TYPE, InferenceQuotaExceededError
from .verdict import verdict_of

if TYPE_CHECKING:
    from .evidence.model import Evidence
    from .providers import Rule

logger = logging.getLogger("lastword")

LASTING_WAIT_S = 3600.0
"""A provider that wants to be asked again in an hour or later will not answer in this call."""

_TRANSIENT = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.OVERLOADED,
        FailureKind.CONNECTION,
        FailureKind.TIMEOUT,
        FailureKind.UNKNOWN,
    }
)

_QUOTA_COMPONENTS: dict[str, Component] = {
    "llm": "llm",
    "stt": "stt",
    "tts": "tts",
    "bargein": "interruption",
    "eot": "eot",
}
"""`quota_type` of the gateway -> component."""

# What is left of the gateway's body where the SDK keeps its `error` text alone.
_QUOTA_TEXT = re.compile(
    r"(?:(?P<quota_type>LLM|STT|TTS|BargeIn|EOT)\b[^\n]{0,80}?)?"
    r"\bcategory: (?P<category>Max\w{1,64})"
    r"(?:, remaining_limit: (?P<remaining_limit>[\w.-]{1,32}))?",
    re.IGNORECASE,
)

# https://console.groq.com/docs/rate-limits, OpenAI's alike: "Limit 30000, Requested 46520."
_OVER_LIMIT = re.compile(
    r"\blimit:? (\d{1,12}),(?: used:? ~?\d{1,12},)? requested:? ~?(\d{1,12})\b"
)

_ANYBODYS_STATUSES = frozenset({400, 403, 404, 405, 410, 412})
"""Statuses that anything between the agent and a provider may answer by itself."""

_OF_THE_REQUEST = frozenset({FailureKind.CONTEXT_OVERFLOW, FailureKind.CONTENT_FILTERED})
"""What a provider says about the request itself, whichever account it came from."""

_PLUGIN_WORDS = (
    "attempts", "closed", "connect", "no audio frames", "non-audio data", "session stopped",
    "synthesize", "timed out", "unexpected", "connection error",
)  # fmt: skip
"""Texts of plugins and of livekit-agents that contain nothing the provider said."""


def classify(error: object) -> Failure:
    """Classify a failure.

    Args:
        error: An exception, an `LLMError`, `STTError`, `TTSError` or `RealtimeModelError`, or an
            `ErrorEvent`. It holds most inside an error handler: the SDKs' responses are reached by
            `__context__`, which a later `raise` overwrites. For an error that the tap has seen, the
            tap's verdict is returned, which also considers the other children of an adapter.

    Returns:
        The verdict. Whatever cannot be understood is `UNKNOWN` and transient.
    """
    try:
        known = verdict_of(error)
        return known.failure if known is not None else _classify(collect_evidence(error))
    except BaseException as unreadable:  # noqa: BLE001 - hostile objects raise anything, anywhere
        # Without a traceback: the objects that it would show are the provider's.
        logger.warning("an error could not be read", extra={"kind": type(unreadable).__name__})
        return Failure(FailureKind.UNKNOWN, terminal=False, retryable=True)


def _classify(evidence: Evidence) -> Failure:
    quota = _quota(evidence)
    rule = _rule(evidence)
    component = evidence.component
    if quota is not None and component == "unknown":
        component = _QUOTA_COMPONENTS.get((quota.quota_type or "").lower(), component)
    kind, terminal = _verdict(evidence, rule, quota, component)
    return Failure.described_by(
        Detail(evidence),
        kind=kind,
        terminal=terminal,
        retryable=not terminal and kind in _TRANSIENT,
        component=component,
        provider="livekit" if quota is not None else next(iter(evidence.providers), None),
        status_code=evidence.status or evidence.close_code,
        retry_after_s=evidence.retry_after_s,
        quota=quota,
        reason=_reason(evidence) if kind is FailureKind.BAD_REQUEST else "",
        mute=_is_mute(evidence, rule, kind),
    )


def _rule(evidence: Evidence) -> Rule | None:
    if evidence.page:
        # The sender is unknown: even "this account has been suspended" may not be about ours.
        return find_rule((), frozenset(), "", status=evidence.status, close_code=None,
                         handshake=False)  # fmt: skip
    rule = find_rule(
        evidence.providers,
        evidence.codes,
        evidence.text,
        status=evidence.status,
        close_code=evidence.close_code,
        handshake=evidence.handshake,
    )
    if evidence.quoted:
        # A router's quotation may be about this request, never about our account: the provider
        # behind it refuses the router's own account, and the next request goes elsewhere.
        quoted = find_rule((), frozenset(), evidence.quoted, status=None, close_code=None,
                           handshake=False)  # fmt: skip
        if quoted is not None and quoted.kind in _OF_THE_REQUEST:
            return quoted
    return rule


def _verdict(
    evidence: Evidence,
    rule: Rule | None,
    quota: InferenceQuotaExceededError | None,
    component: Component,
) -> tuple[FailureKind, bool]:
    if quota is not None:
        terminal = quota.terminal
        return (FailureKind.QUOTA_EXHAUSTED if terminal else FailureKind.RATE_LIMITED), terminal
    if rule is None:
        return kind_of_class(evidence), False
    if rule.terminal and not _is_the_providers(evidence, rule):
        return FailureKind.CONNECTION, False
    kind, terminal = rule.kind, rule.terminal
    if kind is FailureKind.RATE_LIMITED and _is_larger_than_limit(evidence.text):
        kind, terminal = FailureKind.CONTEXT_OVERFLOW, True
    if kind is FailureKind.CONTEXT_OVERFLOW and component in {"stt", "tts"}:
        # One sentence or one recording was too long; no history repeats it.
        return FailureKind.BAD_REQUEST, False
    if kind is FailureKind.RATE_LIMITED and (evidence.retry_after_s or 0) >= LASTING_WAIT_S:
        return FailureKind.QUOTA_EXHAUSTED, True
    return kind, terminal


def _is_the_providers(evidence: Evidence, rule: Rule) -> bool:
    """Return whether the provider itself answered, not something in between.

    JSON, known codes or known phrases prove it. A status alone is taken as the provider's, unless
    it came with an unknown text: content networks and ingresses answer 403 and 404 that way.
    """
    if evidence.page:
        return False
    by_status = not rule.codes and not rule.phrases and not rule.closes
    is_unknown_text = evidence.plain and not evidence.objects
    return not (by_status and is_unknown_text and evidence.status in _ANYBODYS_STATUSES)


def _is_larger_than_limit(text: str) -> bool:
    """Return whether one request alone exceeds a limit per minute: later ones will be larger."""
    found = _OVER_LIMIT.search(text) if "requested" in text else None
    return found is not None and int(found[2]) > int(found[1])


def _is_mute(evidence: Evidence, rule: Rule | None, kind: FailureKind) -> bool:
    """Return whether nothing that the provider said is left: only repetition is evidence then."""
    if rule is not None or evidence.status is not None or evidence.has_body:
        return False
    if kind is FailureKind.CONNECTION and is_network(evidence):
        return False
    return not isinstance(evidence.error, APIError) or any(
        word in evidence.text for word in _PLUGIN_WORDS
    )


def _quota(evidence: Evidence) -> InferenceQuotaExceededError | None:
    for error in evidence.errors:
        if isinstance(error, InferenceQuotaExceededError):
            return error
    status = evidence.status or 429
    request_id = evidence.headers.get("x-request-id")
    nested = (body.get("error") for body in evidence.objects)  # as frames of WebSockets have it
    for body in (*evidence.objects, *(inner for inner in nested if isinstance(inner, dict))):
        said = body.get("error")
        message = said if isinstance(said, str) else evidence.said or QUOTA_BODY_TYPE
        quota = InferenceQuotaExceededError.from_response(
            message, status_code=status, request_id=request_id, body=body
        )
        if quota is not None:
            return quota
    return _quota_of_text(evidence, status, request_id)


def _quota_of_text(
    evidence: Evidence, status: int, request_id: str | None
) -> InferenceQuotaExceededError | None:
    found = _QUOTA_TEXT.search(evidence.said) if "category: max" in evidence.text else None
    if found is None:
        return None
    quota_type = found["quota_type"]
    return InferenceQuotaExceededError(
        evidence.said.partition("\n")[0],
        status_code=status,
        request_id=request_id,
        quota_type=quota_type.lower() if quota_type else None,
        category=found["category"],
        remaining_limit=found["remaining_limit"],
    )


def _reason(evidence: Evidence) -> str:
    """Return what distinguishes one refusal from another, without numbers and ids that vary."""
    words = [word for word in evidence.text.split() if word.isalpha()]
    said = " ".join((*sorted(code for code in evidence.codes if not code.isdigit()), *words))
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=8).hexdigest()
