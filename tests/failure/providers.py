"""Real plugins that ask a local server, and what each of them is made to do to fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livekit.agents import inference, stt
from livekit.plugins import (
    anthropic,
    assemblyai,
    cartesia,
    deepgram,
    elevenlabs,
    google,
    openai,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastword.testing.gateway import Gateway

KEY = "sk-marker-0123456789abcdef0123456789abcdef"
"""The key that every plugin is given; it may be nowhere but on the wire."""


@dataclass(frozen=True)
class Plugin:
    """A component of a plugin.

    Attributes:
        make: Builds it for a gateway.
        path: Where it asks, as the gateway's scripts name it.
    """

    make: Callable[[Gateway], Any]
    path: str


def _google(gateway: Gateway) -> Any:
    from google.genai import types  # noqa: PLC0415 - 0.6 s that only its own tests pay

    options = types.HttpOptions(base_url=gateway.url)
    return google.LLM(model="gemini-2.5-flash", api_key=KEY, http_options=options)


def _once(ear: stt.STT) -> stt.STT:
    """An STT that is asked for whole utterances, as one that cannot stream."""
    ear.capabilities.streaming = False
    return ear


_INFERENCE = {"api_key": "devkey", "api_secret": KEY}

PLUGINS: dict[str, Plugin] = {
    "livekit llm": Plugin(
        lambda g: inference.LLM("openai/gpt-4.1-mini", base_url=g.url + "/v1", **_INFERENCE),
        "/v1/chat/completions",
    ),
    "livekit stt": Plugin(
        lambda g: inference.STT("deepgram/nova-3", base_url=g.url, **_INFERENCE), "/stt"
    ),
    "livekit tts": Plugin(
        lambda g: inference.TTS("cartesia/sonic-2", base_url=g.url, **_INFERENCE), "/tts"
    ),
    "openai llm": Plugin(
        lambda g: openai.LLM(base_url=g.url + "/v1", api_key=KEY), "/v1/chat/completions"
    ),
    "openai tts": Plugin(
        lambda g: openai.TTS(base_url=g.url + "/v1", api_key=KEY), "/v1/audio/speech"
    ),
    "openai stt": Plugin(
        lambda g: openai.STT(base_url=g.url + "/v1", api_key=KEY), "/v1/audio/transcriptions"
    ),
    "openai realtime": Plugin(
        lambda g: openai.realtime.RealtimeModel(base_url=g.url + "/v1", api_key=KEY),
        "/v1/realtime",
    ),
    "anthropic llm": Plugin(lambda g: anthropic.LLM(base_url=g.url, api_key=KEY), "/v1/messages"),
    "google llm": Plugin(_google, "/v1*"),
    "deepgram stt": Plugin(
        lambda g: deepgram.STT(base_url=g.url + "/v1/listen", api_key=KEY), "/v1/listen"
    ),
    "deepgram stt once": Plugin(
        lambda g: _once(deepgram.STT(base_url=g.url + "/v1/listen", api_key=KEY)), "/v1/listen"
    ),
    "deepgram tts": Plugin(
        lambda g: deepgram.TTS(base_url=g.url + "/v1/speak", api_key=KEY), "/v1/speak"
    ),
    "elevenlabs tts": Plugin(
        lambda g: elevenlabs.TTS(base_url=g.url + "/v1", api_key=KEY), "/v1/text-to-speech/*"
    ),
    "elevenlabs stt": Plugin(
        lambda g: elevenlabs.STT(
            base_url=g.url + "/v1", api_key=KEY, model_id="scribe_v2_realtime"
        ),
        "/v1/speech-to-text/*",
    ),
    "cartesia tts": Plugin(lambda g: cartesia.TTS(base_url=g.url, api_key=KEY), "/tts/*"),
    "cartesia stt": Plugin(lambda g: cartesia.STT(base_url=g.url, api_key=KEY), "/stt/*"),
    "assemblyai stt": Plugin(lambda g: assemblyai.STT(base_url=g.ws_url, api_key=KEY), "/v3/*"),
}
