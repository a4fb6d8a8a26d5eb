"""Lists the documented failures of providers by name, for rehearsals.

gateway.script("/v1/text-to-speech/*", failures("elevenlabs")["tts-quota"].answer)
break_component(session, "tts", with_=failures("elevenlabs")["tts-quota"])
"""

from __future__ import annotations

from . import llm, realtime, stt, tts
from .failure import PATIENCE_S, ProviderFailure

__all__ = ["ALL", "PATIENCE_S", "ProviderFailure", "failures"]

ALL = {**llm.FAILURES, **realtime.FAILURES, **stt.FAILURES, **tts.FAILURES}
"""Name -> failure; a recorded case has its id as name."""

_BEGINNINGS = {"google": ("gemini-",), "livekit": ("livekit-inference-", "livekit-")}
"""The first part of failure names, where it is not the provider's own name."""


def failures(provider: str) -> dict[str, ProviderFailure]:
    """List the documented failures of a provider.

    Args:
        provider: "anthropic", "assemblyai", "aws", "azure", "cartesia", "cerebras", "deepgram",
            "deepseek", "elevenlabs", "google", "groq", "livekit", "minimax", "openai", "soniox" or
            "speechmatics"; "livekit" is LiveKit's inference gateway.

    Returns:
        Name -> failure; most names begin with the component: "tts-quota", "stt-ws-auth-error".

    Raises:
        ValueError: No failure of this provider is known.
    """
    known = sorted({failure.plugin.split()[0] for failure in ALL.values()})
    if provider not in known:
        raise ValueError(
            f"expected a provider whose failures are known, got {provider!r}; known are "
            f"{', '.join(known)}"
        )
    beginnings = (*_BEGINNINGS.get(provider, ()), f"{provider}-")
    found = {}
    for name, failure in ALL.items():
        if failure.plugin.split()[0] == provider:
            beginning = next((b for b in beginnings if name.startswith(b)), "")
            found[name.removeprefix(beginning)] = failure
    return found
