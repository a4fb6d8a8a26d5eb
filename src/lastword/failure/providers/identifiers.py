"""Recognizes names of models, versions, formats and requests by their patterns."""

from __future__ import annotations

import re

_FAMILIES = """
aura aya babbage bulbul chatgpt claude codestral command davinci deepseek devstral dolphin eleven
fable flux gemini gemma glm gpt granite grok haiku hermes imagen ink jamba kimi kokoro llama llava
magistral ministral mistral mixtral moonshot nemotron nova o olmo omni opus orpheus palm parakeet
phi pixtral playai polly qwen qwq saarika scribe solar sonar sonic sonnet speech text titan tts
universal veo voxtral wizardlm whisper yi
"""
FAMILIES = frozenset(_FAMILIES.split())
"""First words of names of models, without their digits."""

_VERSION = re.compile(
    r"v?\d{1,3}|\d{1,3}[bkmo]|\d{1,2}x\d{1,3}b|[ae]\d{1,2}b|0\d{2,3}|1[0-2][0-3]\d|20\d\d|20\d{6}"
)
_FIRST = re.compile(r"([a-z]{1,12}?)(?:v?\d{1,2}[a-z]?)?")
_APART = re.compile(r"[-_./:@]")
_MAX_PARTS = 10
_MAX_DIGITS = 12

_REQUEST = re.compile(r"req_[0-9A-Za-z]{20,36}|chatcmpl-[0-9A-Za-z]{20,36}|resp_[0-9a-f]{32,64}")
"""Anthropic's (https://platform.claude.com/docs/en/api/errors) and OpenAI's
(https://platform.openai.com/docs/api-reference)."""

_TERMS_TEXT = """
base64 e.g g711 g722 h264 http/1.0 http/1.1 http/2 http/3 http2 http3 i.e ipv4 ipv6 iso-8859-1
l16 latin-1 mp3 mp4 oauth2 pcm16 s0 s3 sha1 sha256 sha-256 sigv4 socks5 tls1.2 tls1.3
utf-8 utf8 utf-16 vp8 vp9 x509
"""
_TERMS = frozenset(_TERMS_TEXT.split())
_API_VERSION = re.compile(r"v\d{1,2}(?:(?:alpha|beta)\d{0,2}|p\d(?:beta\d)?|\.\d{1,2})?")


def is_model(name: str, known: frozenset[str]) -> bool:
    """Return whether a word in lower case is the name of a model, such as "openai/gpt-oss-20b".

    Args:
        name: The word.
        known: Plain words that may be part of a name.
    """
    parts = _APART.split(name)
    while parts[0] in known and parts[0] not in FAMILIES and len(parts) > 1:
        del parts[0]  # "models", or whose it is
    first = _FIRST.fullmatch(parts[0])
    return (
        first is not None
        and first[1] in FAMILIES
        and len(parts) <= _MAX_PARTS
        and sum(map(str.isdigit, name)) <= _MAX_DIGITS
        and all(part in known or part in FAMILIES or _VERSION.fullmatch(part) for part in parts[1:])
    )


def is_identifier(word: str) -> bool:
    """Return whether a word is a provider's request id, an API version or a format."""
    lowered = word.lower()
    return bool(lowered in _TERMS or _API_VERSION.fullmatch(lowered) or _REQUEST.fullmatch(word))
