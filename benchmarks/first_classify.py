"""The first verdict of a fresh process: prints its microseconds; run by bench_classify."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from typing import Any

import aiohttp
import openai
from livekit.agents import AgentSession, APIStatusError, llm, tts

import lastword

SAID = "The model `gpt-5.1-codex-max` does not exist or you do not have access to it."
BODY = {"message": SAID, "type": "invalid_request_error", "param": None, "code": "model_not_found"}


def of_openai() -> Any:
    """What the plugin makes of a refusal that OpenAI's SDK raises, with its response."""
    library = sys.modules.get("httpx2") or sys.modules["httpx"]
    request = library.Request("POST", "https://api.openai.com/v1/chat/completions")
    response = library.Response(404, json={"error": BODY}, request=request)
    try:
        try:
            raise openai.NotFoundError(f"Error code: 404 - {SAID}", response=response, body=BODY)
        except openai.APIStatusError as error:
            raise APIStatusError(error.message, status_code=404, body=error.body) from None
    except APIStatusError as error:
        label = "livekit.plugins.openai.llm.LLM"
        return llm.LLMError(timestamp=0.0, label=label, error=error, recoverable=False)


def of_aiohttp() -> Any:
    """What a plugin makes of a refusal that aiohttp raises, without a body."""
    raised = aiohttp.ClientResponseError(None, (), status=429, message="Too Many Requests")  # type: ignore[arg-type] # no request
    error = APIStatusError(raised.message, status_code=raised.status, body=None)
    error.__context__ = raised
    label = "livekit.plugins.deepgram.tts.TTS"
    return tts.TTSError(timestamp=0.0, label=label, error=error, recoverable=False)


ERRORS = {"openai": of_openai, "aiohttp": of_aiohttp}


async def main(name: str, *, attached: bool) -> None:
    """Classify one error, once a session has its last word or without any."""
    classify = lastword.classify
    if attached:
        lastword.attach(AgentSession(), None)
    event = ERRORS[name]()
    gc.disable()
    begun_ns = time.perf_counter_ns()
    classify(event)
    print((time.perf_counter_ns() - begun_ns) / 1e3)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], attached=sys.argv[2] == "attached"))
