"""Makes the answers of a healthy scripted TTS or STT: a tone, or a transcript.

One answer serves all providers: the path of the request tells which form is wanted.

    OpenAI and compatible ones      /v1/audio/speech            /v1/audio/transcriptions
    LiveKit's inference gateway     /tts                        /stt
    Deepgram                        /v1/speak                   /v1/listen
    ElevenLabs                      /v1/text-to-speech/*        /v1/speech-to-text/*
    Cartesia                        /tts/websocket, /tts/bytes  /stt/*
    AssemblyAI                                                  /v3/ws
"""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import soundfile
from aiohttp import WSMsgType, web

from .sounds import tone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import numpy as np
    from numpy.typing import NDArray

    from .answers import Answer

_RATE = 24000
_HEARD_AFTER = 10  # messages with sound until an STT has understood


def speaks(seconds: float = 1.0) -> Answer:
    """Answer a request for speech with a tone: any TTS of the table above.

    Args:
        seconds: How long it sounds.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        if _is_socket(request):
            return await _speaks_on_socket(request, seconds)
        if request.path.endswith(("/speak", "/bytes")):
            asked = await request.json() if request.path.endswith("/bytes") else {}
            rate = asked.get("output_format", {}).get("sample_rate")
            pcm = tone(seconds, int(rate or request.query.get("sample_rate", _RATE)))
            return web.Response(body=pcm.tobytes(), content_type="audio/pcm")
        wanted = str((await request.json()).get("response_format", "mp3"))
        samples = tone(seconds, _RATE)
        body = samples.tobytes() if wanted == "pcm" else _encoded(samples, _RATE, wanted)
        return web.Response(body=body, content_type=f"audio/{wanted}")

    return answer


def hears(text: str) -> Answer:
    """Answer a recording, or sound that is streamed, with a transcript: any STT of the table above.

    Args:
        text: The transcript, sent once some sound has come.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        if not _is_socket(request):
            return web.json_response({"text": text})
        return await _hears_on_socket(request, text)

    return answer


def _is_socket(request: web.Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _encoded(samples: NDArray[np.int16], rate: int, wanted: str) -> bytes:
    """Encode mono samples in a format as OpenAI names it: wav, flac, opus or mp3."""
    file = io.BytesIO()
    kind, subtype = {"opus": ("OGG", "OPUS")}.get(wanted, (wanted.upper(), None))
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


async def _messages(ws: web.WebSocketResponse) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON messages of the other side; sound is an empty one."""
    async for message in ws:
        yield json.loads(message.data) if message.type == WSMsgType.TEXT else {}


async def _speaks_on_socket(request: web.Request, seconds: float) -> web.StreamResponse:
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in _messages(ws):
        kind = message.get("type")
        if kind == "session.create":  # LiveKit's gateway
            await ws.send_json({"type": "session.created", "session_id": "scripted"})
        elif kind == "session.flush":
            await ws.send_json({
                "type": "output_audio", "session_id": "scripted", "audio": _pcm(seconds, _RATE)
            })  # fmt: skip
            await ws.send_json({"type": "done", "session_id": "scripted"})
        elif kind == "Flush":  # Deepgram
            rate = int(request.query.get("sample_rate", _RATE))
            await ws.send_bytes(tone(seconds, rate).tobytes())
            await ws.send_json({"type": "Flushed"})
        elif message.get("continue") is False:  # Cartesia
            rate = message.get("output_format", {}).get("sample_rate", _RATE)
            context = {"context_id": message["context_id"]}
            await ws.send_json({**context, "type": "chunk", "data": _pcm(seconds, rate)})
            await ws.send_json({**context, "type": "done", "done": True})
        elif message.get("close_context"):  # ElevenLabs
            context = {"contextId": message["context_id"]}
            await ws.send_json({**context, "audio": _as_elevenlabs(request, seconds)})
            await ws.send_json({**context, "isFinal": True})
    return ws


def _pcm(seconds: float, rate: int) -> str:
    return base64.b64encode(tone(seconds, rate).tobytes()).decode()


def _as_elevenlabs(request: web.Request, seconds: float) -> str:
    """Encode as the parameter `output_format` says, such as "mp3_22050_32" or "pcm_24000"."""
    coding, _, more = request.query.get("output_format", "mp3_22050_32").partition("_")
    rate = int(more.partition("_")[0])
    if coding == "pcm":
        return _pcm(seconds, rate)
    return base64.b64encode(_encoded(tone(seconds, rate), rate, coding)).decode()


async def _hears_on_socket(request: web.Request, text: str) -> web.StreamResponse:
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    if request.path.startswith("/v3"):
        await ws.send_json({"type": "Begin", "id": "scripted", "expires_at": 0})
    heard = 0
    async for message in _messages(ws):
        if message.get("type") == "session.create":  # LiveKit's gateway
            await ws.send_json({"type": "session.created"})
        heard += not message or not message.keys().isdisjoint(("audio", "audio_base_64"))
        if heard == _HEARD_AFTER:
            heard += 1
            for one in _transcripts(request.path, text):
                await ws.send_json(one)
    return ws


def _transcripts(path: str, text: str) -> list[dict[str, Any]]:
    """Return a final transcript in the form of the provider at a path."""
    if path.startswith("/v3"):  # AssemblyAI
        turn = {"type": "Turn", "transcript": text, "end_of_turn": True, "turn_is_formatted": True}
        word = {"text": text, "start": 0, "end": 1000, "confidence": 1.0, "word_is_final": True}
        return [{**turn, "utterance": text, "words": [word], "end_of_turn_confidence": 1.0}]
    if "speech-to-text" in path:  # ElevenLabs
        kinds = ("committed_transcript", "committed_transcript_with_timestamps")  # always both
        return [{"message_type": kind, "text": text, "words": []} for kind in kinds]
    if path.endswith("/listen"):  # Deepgram
        heard = {"transcript": text, "confidence": 1.0, "words": []}
        return [{
            "type": "Results", "is_final": True, "speech_final": True, "start": 0.0,
            "duration": 1.0, "metadata": {"request_id": "scripted"},
            "channel": {"alternatives": [heard]},
        }]  # fmt: skip
    if "/turns/" in path:  # Cartesia's newer models
        return [{"type": "turn.start"}, {"type": "turn.end", "transcript": text}]
    if path.startswith("/stt/"):  # Cartesia
        return [{"type": "transcript", "is_final": True, "text": text, "language": "en"}]
    return [{"type": "final_transcript", "transcript": text, "session_id": "scripted"}]
