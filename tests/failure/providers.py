"""Real plugins that ask a local server, and what each of them is made to do to fail."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import livekit.agents
import pytest
from livekit.agents import inference
from packaging.version import Version

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


def plugin_of(name: str) -> Any:
    """A plugin's module; without it, or where it fits no pre-release, the test is skipped."""
    is_ahead = Version(livekit.agents.__version__).is_prerelease
    return pytest.importorskip(
        f"livekit.plugins.{name}",
        reason="the extra `plugins` brings it; of a pre-release no release fits",
        exc_type=ImportError if is_ahead else ModuleNotFoundError,
    )


def _once(component: Any) -> Any:
    """A component that is asked for whole utterances, as one that cannot stream."""
    component.capabilities.streaming = False
    return component


def _speechmatics(**options: Any) -> Any:
    stt = plugin_of("speechmatics").STT
    if "vad" in inspect.signature(stt).parameters:
        options["vad"] = None  # else 1.5 .. 1.7 want one of their own
    return stt(**options)


def _google(gateway: Gateway, **where: Any) -> Any:
    from google.genai import types  # noqa: PLC0415 - 0.6 s that only its own tests pay

    options = types.HttpOptions(base_url=gateway.url)
    return plugin_of("google").LLM(model="gemini-2.5-flash", http_options=options, **where)


def _vertex(gateway: Gateway) -> Any:
    from google.auth import credentials  # noqa: PLC0415 - as above

    known = credentials.AnonymousCredentials()
    known.token = KEY
    return _google(gateway, vertexai=True, project="p", location="us-central1", credentials=known)


def _google_realtime(gateway: Gateway) -> Any:
    from google.genai import types  # noqa: PLC0415 - as above

    options = types.HttpOptions(base_url=gateway.url)
    return plugin_of("google").realtime.RealtimeModel(api_key=KEY, http_options=options)


_INFERENCE = {"api_key": "devkey", "api_secret": KEY}
_AWS = {"api_key": "AKIAMARKER", "api_secret": KEY, "region": "us-east-1"}
"""AWS's plugins take the address from the environment, `AWS_ENDPOINT_URL`."""

PLUGINS: dict[str, Plugin] = {
    # LLMs
    "livekit llm": Plugin(
        lambda g: inference.LLM("openai/gpt-4.1-mini", base_url=g.url + "/v1", **_INFERENCE),
        "/v1/chat/completions",
    ),
    "openai llm": Plugin(
        lambda g: plugin_of("openai").LLM(base_url=g.url + "/v1", api_key=KEY),
        "/v1/chat/completions",
    ),
    "openai llm responses": Plugin(
        lambda g: plugin_of("openai").responses.LLM(
            base_url=g.url + "/v1", api_key=KEY, use_websocket=False
        ),
        "/v1/responses",
    ),
    "openai llm responses socket": Plugin(
        lambda g: plugin_of("openai").responses.LLM(
            base_url=g.ws_url + "/v1/responses", api_key=KEY
        ),
        "/v1/responses",
    ),
    "azure llm": Plugin(
        lambda g: plugin_of("openai").LLM.with_azure(
            azure_endpoint=g.url, azure_deployment="d", api_version="2024-10-21", api_key=KEY
        ),
        "/openai/*",
    ),
    "groq llm": Plugin(
        lambda g: plugin_of("groq").LLM(base_url=g.url + "/v1", api_key=KEY), "/v1/chat/completions"
    ),
    "cerebras llm": Plugin(
        lambda g: plugin_of("openai").LLM.with_cerebras(base_url=g.url + "/v1", api_key=KEY),
        "/v1/chat/completions",
    ),
    "deepseek llm": Plugin(
        lambda g: plugin_of("openai").LLM.with_deepseek(base_url=g.url + "/v1", api_key=KEY),
        "/v1/chat/completions",
    ),
    "anthropic llm": Plugin(
        lambda g: plugin_of("anthropic").LLM(base_url=g.url, api_key=KEY), "/v1/messages"
    ),
    "google llm": Plugin(lambda g: _google(g, api_key=KEY), "/v1*"),
    "google llm vertex": Plugin(_vertex, "/v1*"),
    "aws llm": Plugin(lambda _: plugin_of("aws").LLM(**_AWS), "/model/*"),
    # realtime models
    "openai realtime": Plugin(
        lambda g: plugin_of("openai").realtime.RealtimeModel(base_url=g.url + "/v1", api_key=KEY),
        "/v1/realtime",
    ),
    "google realtime": Plugin(_google_realtime, "/ws/*"),
    # STTs
    "livekit stt": Plugin(
        lambda g: inference.STT("deepgram/nova-3", base_url=g.url, **_INFERENCE), "/stt"
    ),
    "openai stt": Plugin(
        lambda g: plugin_of("openai").STT(base_url=g.url + "/v1", api_key=KEY),
        "/v1/audio/transcriptions",
    ),
    "openai stt realtime": Plugin(
        lambda g: plugin_of("openai").STT(base_url=g.url + "/v1", api_key=KEY, use_realtime=True),
        "/v1/realtime",
    ),
    "deepgram stt": Plugin(
        lambda g: plugin_of("deepgram").STT(base_url=g.url + "/v1/listen", api_key=KEY),
        "/v1/listen",
    ),
    "deepgram stt once": Plugin(
        lambda g: _once(plugin_of("deepgram").STT(base_url=g.url + "/v1/listen", api_key=KEY)),
        "/v1/listen",
    ),
    "deepgram stt flux": Plugin(
        lambda g: plugin_of("deepgram").STTv2(base_url=g.ws_url + "/v2/listen", api_key=KEY),
        "/v2/listen",
    ),
    "elevenlabs stt": Plugin(
        lambda g: plugin_of("elevenlabs").STT(
            base_url=g.url + "/v1", api_key=KEY, model_id="scribe_v2_realtime"
        ),
        "/v1/speech-to-text/*",
    ),
    "elevenlabs stt once": Plugin(
        lambda g: _once(plugin_of("elevenlabs").STT(base_url=g.url + "/v1", api_key=KEY)),
        "/v1/speech-to-text*",
    ),
    "cartesia stt": Plugin(
        lambda g: plugin_of("cartesia").STT(base_url=g.url, api_key=KEY), "/stt/*"
    ),
    "assemblyai stt": Plugin(
        lambda g: plugin_of("assemblyai").STT(base_url=g.ws_url, api_key=KEY), "/v3/*"
    ),
    "soniox stt": Plugin(
        lambda g: plugin_of("soniox").STT(base_url=g.ws_url + "/soniox", api_key=KEY), "/soniox"
    ),
    "speechmatics stt": Plugin(
        lambda g: _speechmatics(base_url=g.ws_url + "/v2/agent", api_key=KEY), "/v2*"
    ),
    "azure stt": Plugin(lambda g: plugin_of("azure").STT(speech_host=g.ws_url), "/speech/*"),
    # TTSs
    "livekit tts": Plugin(
        lambda g: inference.TTS("cartesia/sonic-2", base_url=g.url, **_INFERENCE), "/tts"
    ),
    "openai tts": Plugin(
        lambda g: plugin_of("openai").TTS(base_url=g.url + "/v1", api_key=KEY), "/v1/audio/speech"
    ),
    "groq tts": Plugin(
        lambda g: plugin_of("groq").TTS(base_url=g.url + "/v1", api_key=KEY), "/v1/audio/speech"
    ),
    "aws tts": Plugin(lambda _: plugin_of("aws").TTS(**_AWS), "/v1/speech"),
    "deepgram tts": Plugin(
        lambda g: plugin_of("deepgram").TTS(base_url=g.url + "/v1/speak", api_key=KEY), "/v1/speak"
    ),
    "deepgram tts once": Plugin(
        lambda g: _once(plugin_of("deepgram").TTS(base_url=g.url + "/v1/speak", api_key=KEY)),
        "/v1/speak",
    ),
    "elevenlabs tts": Plugin(
        lambda g: plugin_of("elevenlabs").TTS(base_url=g.url + "/v1", api_key=KEY),
        "/v1/text-to-speech/*",
    ),
    "cartesia tts": Plugin(
        lambda g: plugin_of("cartesia").TTS(base_url=g.url, api_key=KEY), "/tts/websocket"
    ),
    "cartesia tts once": Plugin(
        lambda g: _once(plugin_of("cartesia").TTS(base_url=g.url, api_key=KEY)), "/tts/bytes"
    ),
    "minimax tts": Plugin(
        lambda g: plugin_of("minimax").TTS(base_url=g.url, api_key=KEY), "/ws/v1/t2a_v2"
    ),
    "minimax tts once": Plugin(
        lambda g: _once(plugin_of("minimax").TTS(base_url=g.url, api_key=KEY)), "/v1/t2a_v2"
    ),
}
