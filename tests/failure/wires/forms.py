"""The forms in which providers put their refusals on the wire; owns `Wire` and these forms.

A recorded case holds what a plugin's library left of an answer. Where that is all of the answer, a
form puts it back on the wire; where it is not, the answer stands in `llm`, `stt`, `tts` and
`realtime` in the provider's documented words.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from failure.recorded import CASES
from lastword import FailureKind
from lastword.testing import gateway as gw

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastword.testing.gateway import Answer

BY_ID = {case["id"]: case for case in CASES}

PATIENCE_S = 5.0


@dataclass(frozen=True)
class Wire:
    """One failure.

    Attributes:
        plugin: The plugin that meets it, a key of `providers.PLUGINS`.
        answer: What it is answered.
        kind: What it means.
        terminal: Whether it ends the session.
        quota: Whether it is the gateway's, so that its error is typed.
        retry_after_s: What the answer says about waiting, as far as it was recorded.
        patience_s: How long the plugin waits for an answer.
        recoverable: Whether the plugin announces it as one that its connection outlives.
    """

    plugin: str
    answer: Answer
    kind: FailureKind
    terminal: bool
    quota: bool = False
    retry_after_s: float | None = None
    patience_s: float = PATIENCE_S
    recoverable: bool = False


def ends(plugin: str, answer: Answer, kind: FailureKind, *, quota: bool = False) -> Wire:
    """A failure for good."""
    return Wire(plugin, answer, kind, terminal=True, quota=quota)


def passes(plugin: str, answer: Answer, kind: FailureKind, *, quota: bool = False) -> Wire:
    """A failure that a later turn may not meet."""
    return Wire(plugin, answer, kind, terminal=False, quota=quota)


def recorded(plugin: str, form: Callable[[dict[str, Any]], Answer], *ids: str) -> dict[str, Wire]:
    """Put recorded cases back on the wire; each is to mean what was recorded."""
    return {
        case_id: Wire(
            plugin,
            form(BY_ID[case_id]["exception"]),
            FailureKind(BY_ID[case_id]["expected"]),
            BY_ID[case_id]["terminal"],
            quota="response_text" in (BY_ID[case_id]["exception"].get("cause") or {}),
            retry_after_s=BY_ID[case_id]["retry_after_s"],
        )
        for case_id in ids
    }


def answered(
    plugin: str, case_id: str, answer: Answer, *, patience_s: float = PATIENCE_S
) -> dict[str, Wire]:
    """Answer a recorded case with what its provider sends, of which the plugin kept less."""
    case = BY_ID[case_id]
    kind = FailureKind(case["expected"])
    return {case_id: Wire(plugin, answer, kind, case["terminal"], patience_s=patience_s)}


# --- what is left of an answer -> the answer -----------------------------------------------------


def whole(exception: dict[str, Any]) -> Answer:
    """The body as it was sent: Anthropic's, error pages, lists."""
    body = exception["body"]
    if isinstance(body, str):
        return gw.status(exception["status_code"], body, content_type="text/html")
    return gw.status(exception["status_code"], json.dumps(body))


def narrowed(exception: dict[str, Any]) -> Answer:
    """OpenAI's SDK keeps what stands under `error`."""
    return gw.status(exception["status_code"], {"error": exception["body"]})


def gateway_body(exception: dict[str, Any]) -> Answer:
    """LiveKit's gateway: the whole body is behind the SDK's exception."""
    said = exception["cause"].get("response_text") or json.dumps({"error": exception["body"]})
    return gw.status(exception["status_code"], said)


def google(exception: dict[str, Any]) -> Answer:
    """Google's SDK keeps the body in its exception, the plugin only words of it."""
    return gw.status(exception["status_code"], exception["cause"]["body"])


def aws(exception: dict[str, Any]) -> Answer:
    """AWS names the error in a header; botocore makes its `Code` and `Message` of both."""
    said = exception["cause"]["body"]
    return gw.status(
        exception["cause"]["status_code"],
        {"message": said["Message"]},
        headers={"x-amzn-errortype": said["Code"], "x-amzn-requestid": "1"},
    )


def closed(exception: dict[str, Any]) -> Answer:
    """A WebSocket that is greeted, then closed: code and reason are in the plugin's text."""
    reason = exception["body"].partition("msg.extra=")[2].strip("'")
    return socket(close=exception["status_code"], reason=reason)


def closed_live(exception: dict[str, Any]) -> Answer:
    """Gemini Live refuses by closing; the reason is the body."""
    return socket(close=exception["status_code"], reason=exception["body"])


# --- answers -------------------------------------------------------------------------------------


def socket(
    *frames: dict[str, Any] | str,
    greeting: dict[str, Any] | None = None,
    close: int | None = None,
    reason: str = "",
) -> Answer:
    """Accept a WebSocket, greet or wait for a message, send frames, then close or stay."""

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        if greeting is not None:
            await ws.send_json(greeting)
        else:
            await ws.receive()
        for frame in frames:
            await ws.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        if close is not None:
            await ws.close(code=close, message=reason.encode())
        async for _ in ws:
            pass
        return ws

    return answer


def in_context(error: str) -> Answer:
    """Accept ElevenLabs' multi-context WebSocket and answer the first context with an error."""

    async def answer(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        context = (await ws.receive_json())["context_id"]
        await ws.send_json({"contextId": context, "error": error})
        async for _ in ws:
            pass
        return ws

    return answer


def openai(code: int, message: str, type_: str, error_code: str | None) -> Answer:
    """The error object of OpenAI and of those that are compatible."""
    error = {"message": message, "type": type_, "param": None, "code": error_code}
    return gw.status(code, {"error": error})


def hangs_up() -> Answer:
    """Close the connection without an answer."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.close()
        return web.Response()

    return answer
