"""A small agent that has the last word: run it with `python examples/agent.py dev`.

It needs LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET, as every LiveKit agent does. To hear
it fail, use up the credits, revoke a key or name a model that does not exist, and call it. In this
folder, `lastword check agent:make_session` tells what would be heard; `lastword drill` tries it.
"""

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli, inference

import lastword

server = AgentServer()


def make_session() -> AgentSession[None]:
    """Make the session of one call, with its last word attached; rehearsals call this too."""
    session: AgentSession[None] = AgentSession(
        llm=inference.LLM("openai/gpt-4o-mini"),
        stt=inference.STT("deepgram/nova-3"),
        tts=inference.TTS("cartesia/sonic-3"),
    )
    lastword.attach(
        session,
        {
            None: "Sorry, we have a technical problem and must end this call.",
            lastword.FailureKind.RATE_LIMITED: "Sorry, we are very busy. Please call again later.",
        },
        after=lastword.hang_up(),
        on_report=lambda report: print(report.played, report.failure.kind),
    )
    return session


@server.rtc_session()
@lastword.guard(after=lastword.hang_up())  # heard even if this function fails before its session
async def answer(job: JobContext) -> None:
    """Answer one call."""
    session = make_session()
    await session.start(Agent(instructions="You answer the phone."), room=job.room)
    await session.generate_reply(instructions="Greet the caller.")


if __name__ == "__main__":
    cli.run_app(server)
