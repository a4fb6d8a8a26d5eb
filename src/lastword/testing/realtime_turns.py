"""Answers as a healthy realtime model does, with words and a tone, a tool call, or nothing.

    OpenAI and compatible ones      /v1/realtime
    Gemini Live                     /ws/*

One connection serves a whole call: it answers each time that the agent asks for a reply. A tool is
called once; asked again, the model says what the tool returned.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import WSMsgType, web

from .sounds import tone

if TYPE_CHECKING:
    from collections.abc import Iterator

_RATE = 24000  # of both providers, for the sound that they send
_SECONDS_PER_WORD = 0.35


@dataclass(frozen=True)
class Turn:
    """What a model answers.

    Attributes:
        pieces: The words, as they are streamed.
        tool: Name of the tool that is called, or None.
        arguments: Its arguments, as JSON.
    """

    pieces: tuple[str, ...] = ()
    tool: str | None = None
    arguments: str = "{}"


class Answerer(Protocol):
    """One connection of a realtime model, on the server's side."""

    def answers(self, message: dict[str, Any], /) -> Iterator[dict[str, Any]]:
        """Return what the server sends after a message of the client."""
        ...


def is_realtime(request: web.Request) -> bool:
    """Return whether a request is one for a realtime model."""
    return request.path.endswith(("/realtime", "GenerateContent")) and (
        request.headers.get("Upgrade", "").lower() == "websocket"
    )


async def serve(request: web.Request, turn: Turn) -> web.StreamResponse:
    """Serve one connection of a realtime model, which gives the same answer each time."""
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    model = answerer(request, turn)
    async for message in ws:
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            for event in model.answers(json.loads(message.data)):
                await ws.send_json(event)
    return ws


def answerer(request: web.Request, turn: Turn) -> Answerer:
    """Return what answers the messages of one connection, in the protocol of its path."""
    return _OpenAI(turn) if request.path.endswith("/realtime") else _Gemini(turn)


def _sound(piece: str) -> str:
    return base64.b64encode(tone(_SECONDS_PER_WORD * len(piece.split()), _RATE).tobytes()).decode()


class _OpenAI:
    """One connection in OpenAI's protocol."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._num_replies = 0

    def answers(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Return what the server sends after an event of the client."""
        if event["type"] == "conversation.item.create":
            item = event["item"]
            if item["type"] == "function_call_output":
                self._turn = Turn((item["output"],))
            previous = event.get("previous_item_id")
            previous = None if previous == "root" else previous
            yield _event("conversation.item.added", item=item, previous_item_id=previous)
        elif event["type"] == "conversation.item.delete":
            yield _event("conversation.item.deleted", item_id=event["item_id"])
        elif event["type"] == "response.create":
            metadata = (event.get("response") or {}).get("metadata")
            yield from self._reply(metadata)

    def _reply(self, metadata: Any) -> Iterator[dict[str, Any]]:
        self._num_replies += 1
        name = f"resp_{self._num_replies}"
        response = {"id": name, "object": "realtime.response", "output": [], "metadata": metadata}
        yield _event("response.created", response={**response, "status": "in_progress"})
        turn = self._turn
        if turn.tool is not None:
            yield from self._call(turn, name)
        elif turn.pieces:
            yield from self._message(turn, name)
        yield _event("response.done", response={**response, "status": "completed"})

    def _call(self, turn: Turn, response_id: str) -> Iterator[dict[str, Any]]:
        item = {
            "id": f"fc_{self._num_replies}",
            "type": "function_call",
            "call_id": f"call_{self._num_replies}",
            "name": turn.tool,
            "arguments": turn.arguments,
        }
        where = {"response_id": response_id, "output_index": 0, "item": item}
        yield _event("response.output_item.added", **where)
        yield _event("conversation.item.added", item=item, previous_item_id=None)
        yield _event("response.output_item.done", **where)

    def _message(self, turn: Turn, response_id: str) -> Iterator[dict[str, Any]]:
        item_id = f"msg_{self._num_replies}"
        item = {"id": item_id, "type": "message", "role": "assistant", "content": []}
        where = {"response_id": response_id, "output_index": 0, "item": item}
        part = {"response_id": response_id, "output_index": 0, "item_id": item_id}
        part["content_index"] = 0
        yield _event("response.output_item.added", **where)
        yield _event("conversation.item.added", item=item, previous_item_id=None)
        yield _event("response.content_part.added", **part, part={"type": "audio"})
        for piece in turn.pieces:
            yield _event("response.output_audio_transcript.delta", **part, delta=piece)
            yield _event("response.output_audio.delta", **part, delta=_sound(piece))
        yield _event("response.output_audio.done", **part)
        yield _event("response.output_item.done", **where)


def _event(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "event_id": "event_scripted", **more}


class _Gemini:
    """One connection in the protocol of Gemini Live."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def answers(self, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Return what the server sends after a message of the client."""
        said = {key.replace("_", "").lower(): value for key, value in message.items()}
        if "setup" in said:
            yield {"setupComplete": {}}
        elif "toolresponse" in said:
            (answer,) = (value for value in said["toolresponse"].values() if value)
            self._turn = Turn((json.dumps(answer[0].get("response")),))
            yield from self._reply()
        elif _ends_turn(said.get("clientcontent")):
            yield from self._reply()

    def _reply(self) -> Iterator[dict[str, Any]]:
        if self._turn.tool is not None:
            arguments = json.loads(self._turn.arguments)
            call = {"id": "call_1", "name": self._turn.tool, "args": arguments}
            yield {"toolCall": {"functionCalls": [call]}}
            return
        for piece in self._turn.pieces or ("",):
            sound = {"mimeType": f"audio/pcm;rate={_RATE}", "data": _sound(piece)}
            parts = [{"inlineData": sound}] if piece else []
            yield {"serverContent": {"modelTurn": {"parts": parts}}}
            yield {"serverContent": {"outputTranscription": {"text": piece}}}
        yield {"serverContent": {"generationComplete": True}}
        yield {"serverContent": {"turnComplete": True}}


def _ends_turn(content: Any) -> bool:
    return bool(content and (content.get("turnComplete") or content.get("turn_complete")))
