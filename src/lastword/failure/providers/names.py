"""Finds the provider that a host, a plugin or a word in a text belongs to. Imports nothing."""

from __future__ import annotations

_HOSTS = {
    "agent-gateway.livekit.cloud": "livekit",
    "ai-gateway.vercel.sh": "vercel",
    "ai.google.dev": "google",
    "aliyuncs.com": "dashscope",
    "amazonaws.com": "aws",
    "anthropic.com": "anthropic",
    "api.cloudflare.com": "cloudflare",
    "api.x.ai": "xai",
    "assemblyai.com": "assemblyai",
    "azure-api.net": "azure",
    "baseten.co": "baseten",
    "bigmodel.cn": "zhipu",
    "cartesia.ai": "cartesia",
    "cerebras.ai": "cerebras",
    "cognitiveservices.azure.com": "azure",
    "deepgram.com": "deepgram",
    "deepseek.com": "deepseek",
    "elevenlabs.io": "elevenlabs",
    "fal.ai": "fal",
    "fal.run": "fal",
    "fireworks.ai": "fireworks",
    "fish.audio": "fishaudio",
    "gateway.ai.cloudflare.com": "cloudflare",
    "gladia.io": "gladia",
    "googleapis.com": "google",
    "groq.com": "groq",
    "helicone.ai": "helicone",
    "huggingface.co": "huggingface",
    "hume.ai": "hume",
    "inworld.ai": "inworld",
    "livekit.cloud": "livekit",
    "lmnt.com": "lmnt",
    "microsoft.com": "azure",
    "minimax.chat": "minimax",
    "minimax.io": "minimax",
    "minimaxi.com": "minimax",
    "mistral.ai": "mistral",
    "moonshot.ai": "moonshot",
    "moonshot.cn": "moonshot",
    "murf.ai": "murf",
    "neuphonic.com": "neuphonic",
    "nvidia.com": "nvidia",
    "openai.azure.com": "azure",
    "openai.com": "openai",
    "openrouter.ai": "openrouter",
    "perplexity.ai": "perplexity",
    "play.ht": "playht",
    "portkey.ai": "portkey",
    "resemble.ai": "resemble",
    "rime.ai": "rime",
    "sarvam.ai": "sarvam",
    "services.ai.azure.com": "azure",
    "siliconflow.cn": "siliconflow",
    "siliconflow.com": "siliconflow",
    "smallest.ai": "smallestai",
    "soniox.com": "soniox",
    "speechify.ai": "speechify",
    "speechify.com": "speechify",
    "speechmatics.com": "speechmatics",
    "telnyx.com": "telnyx",
    "together.ai": "together",
    "together.xyz": "together",
    "ultravox.ai": "ultravox",
    "x.ai": "xai",
    "z.ai": "zhipu",
}

# Plugins and SDKs whose name is not the provider's.
_NAMES = {
    "aiobotocore": "aws",
    "aws_sdk_bedrock_runtime": "aws",
    "azure": "azure",
    "botocore": "aws",
    "fireworksai": "fireworks",
    "genai": "google",
    "inference": "livekit",
    "mistralai": "mistral",
    "smithy_core": "aws",
}

# Words in the texts that plugins write themselves; the order matters: the narrower word first.
_WORDS = (
    ("livekit", "livekit"),
    ("assemblyai", "assemblyai"),
    ("deepgram", "deepgram"),
    ("elevenlabs", "elevenlabs"),
    ("11labs", "elevenlabs"),
    ("cartesia", "cartesia"),
    ("minimax", "minimax"),
    ("speechmatics", "speechmatics"),
    ("soniox", "soniox"),
    ("gladia", "gladia"),
    ("inworld", "inworld"),
    ("ultravox", "ultravox"),
    ("hume", "hume"),
    ("rime", "rime"),
    ("groq", "groq"),
    ("cerebras", "cerebras"),
    ("openrouter", "openrouter"),
    ("litellm", "litellm"),
    ("portkey", "portkey"),
    ("sarvam", "sarvam"),
    ("deepseek", "deepseek"),
    ("bedrock", "aws"),
    ("aws", "aws"),
    ("azure", "azure"),
    ("gemini", "google"),
    ("google", "google"),
    ("anthropic", "anthropic"),
    ("xai", "xai"),
    ("openai", "openai"),
)


def provider_of_host(host: str) -> str | None:
    """Return the provider that a host belongs to, or None."""
    labels = host.lower().split(":")[0].split(".")
    for first in range(max(len(labels) - 4, 0), len(labels) - 1):
        provider = _HOSTS.get(".".join(labels[first:]))
        if provider is not None:
            return provider
    return None


def provider_of_name(name: str) -> str:
    """Return the provider's name for the name of a plugin, an SDK or a component."""
    return _NAMES.get(name, name)


def provider_of_text(text: str) -> str | None:
    """Return the provider that a text in lower case mentions, or None."""
    for word, provider in _WORDS:
        start = text.find(word)
        if start >= 0 and not text[max(start - 1, 0) : start].isalpha():
            return provider
    return None


NAME_WORDS = frozenset(
    (
        *(label for host in _HOSTS for label in host.split(".")),
        *_HOSTS.values(),
        *_NAMES.values(),
        *(word for word, _ in _WORDS if word.isalpha()),
    )
)
"""All words of hosts and names, in lower case."""
