"""Real plugins understand what a scripted LLM answers when it is well, each in its own form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import function_tool, llm

from failure.providers import PLUGINS
from failure.rehearsal import job_http
from lastword.testing import Gateway, calls_tool, says, says_nothing

if TYPE_CHECKING:
    from lastword.testing import Answer

LLMS = ["livekit llm", "openai llm", "openai llm responses", "openai llm responses socket",
        "anthropic llm", "google llm", "groq llm"]  # fmt: skip


@function_tool
async def look_up(city: str) -> str:
    """Look something up."""
    return city


async def answered(name: str, answer: Answer) -> tuple[str, list[tuple[str, str]]]:
    """The words and the tool calls that a plugin makes of an answer."""
    plugin = PLUGINS[name]
    async with job_http(), Gateway() as gateway:
        gateway.script(plugin.path, answer)
        component: llm.LLM = plugin.make(gateway)
        context = llm.ChatContext.empty()
        context.add_message(role="user", content="Hello?")
        words, calls = "", []
        async with component.chat(chat_ctx=context, tools=[look_up]) as stream:
            async for chunk in stream:
                delta: Any = chunk.delta or llm.ChoiceDelta()
                words += delta.content or ""
                calls += [(call.name, call.arguments) for call in delta.tool_calls]
        await component.aclose()
    return words.strip(), calls


@pytest.mark.parametrize("name", LLMS)
async def test_words_are_heard(name: str) -> None:
    """As they were scripted."""
    assert await answered(name, says("Good morning to you.")) == ("Good morning to you.", [])


@pytest.mark.parametrize("name", LLMS)
async def test_a_tool_is_called(name: str) -> None:
    """With its arguments."""
    words, calls = await answered(name, calls_tool("look_up", {"city": "Rome"}))
    assert (words, [name for name, _ in calls]) == ("", ["look_up"])
    assert '"city": "Rome"' in calls[0][1]


@pytest.mark.parametrize("name", [name for name in LLMS if name != "google llm"])
async def test_nothing_is_said(name: str) -> None:
    """An answer without a word is no error."""
    assert await answered(name, says_nothing()) == ("", [])
