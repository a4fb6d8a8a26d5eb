"""Three agents as strangers write them: words; a mapping with a transfer; tools and a hand-over."""

from __future__ import annotations

from typing import Any

from livekit.agents import Agent, AgentSession, function_tool, inference

import lastword

WORDS = "Sorry, we have to end this call. Please try again later."
BUSY = "Sorry, we are busy. Please call again in a minute."


def _session() -> AgentSession[Any]:
    return AgentSession(
        llm=inference.LLM("openai/gpt-4o-mini"),
        stt=inference.STT("deepgram/nova-3"),
        tts=inference.TTS("cartesia/sonic-3"),
    )


def words() -> AgentSession[Any]:
    """One message for everything."""
    session = _session()
    lastword.attach(session, WORDS)
    return session


async def mapping() -> AgentSession[Any]:
    """Words by reason, and somebody to go on with where it is for good."""
    session = _session()
    kind = lastword.FailureKind
    lastword.attach(
        session,
        {None: WORDS, kind.RATE_LIMITED: BUSY, kind.AUTH: lastword.DEFAULT},
        after={
            None: lastword.hang_up(),
            kind.QUOTA_EXHAUSTED: lastword.transfer_to("tel:+4930123456", on_failure=WORDS),
        },
    )
    print("a stranger prints what he likes")  # noqa: T201 - so does his code
    return session


class Second(Agent):
    """Takes over, with a voice of its own."""

    def __init__(self) -> None:
        super().__init__(instructions="Second.", tts=inference.TTS("cartesia/sonic-3"))


class First(Agent):
    """Has tools that must not be called in a drill."""

    def __init__(self) -> None:
        super().__init__(instructions="First.", llm=inference.LLM("openai/gpt-4o"))

    async def on_enter(self) -> None:
        """Greet."""
        await self.session.generate_reply(instructions="Greet the caller.")

    @function_tool
    async def book(self) -> str:
        """Book a table."""
        raise AssertionError("a drill booked a table")

    @function_tool
    async def hand_over(self) -> Agent:
        """Hand the caller over."""
        return Second()


def tools() -> tuple[AgentSession[Any], Agent]:
    """A session whose agent brings most of it along."""
    session: AgentSession[Any] = AgentSession(
        stt=inference.STT("deepgram/nova-3"), tts=inference.TTS("cartesia/sonic-3")
    )
    lastword.attach(session, WORDS, after=lastword.leave())
    return session, First()


def silent() -> AgentSession[Any]:
    """Says nothing where a key is refused."""
    session = _session()
    lastword.attach(session, {None: WORDS, lastword.FailureKind.AUTH: None})
    return session
