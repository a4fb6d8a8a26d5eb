"""A call whose LLM has run out of credits: once with the last word, once without.

Everything is real but the provider: a real AgentSession with the real `inference.LLM`, which asks
a local server that answers as LiveKit's gateway does when the credits are gone. What the output
played is written to demo/heard.wav, in real time.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from livekit.agents import Agent, AgentSession, inference
from timeline import Timeline

import lastword
from lastword.testing.gateway import Gateway, quota_exceeded
from lastword.testing.sink import RecordingSink

OUT = Path("demo")
PATIENCE_S = 12.0
"""How long the caller waits for anything to happen."""

PATH = "/v1/chat/completions"
ERROR = "error event"
CLOSE = "close event"


async def call(title: str, *, last_word: bool) -> tuple[Timeline, RecordingSink, float]:
    """Runs one call in which the caller says one thing and waits."""
    timeline = Timeline(title)
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()
    async with Gateway() as gateway:
        gateway.script(PATH, quota_exceeded())
        llm = inference.LLM(
            "openai/gpt-4o-mini",
            base_url=f"{gateway.url}/v1",
            api_key="devkey",
            api_secret="a-secret-that-signs-nothing-of-value",  # noqa: S106 - a local server's
        )
        session: AgentSession[None] = AgentSession(llm=llm)
        session.output.audio = sink = RecordingSink()
        attached = lastword.attach(session) if last_word else None
        session.on("error", lambda _: timeline.mark(ERROR))
        session.on("close", lambda _: (timeline.mark(CLOSE), closed.set()))
        await session.start(Agent(instructions="You answer the phone."))

        begin = loop.time()
        timeline.mark("the caller says: hello?")
        session.generate_reply(user_input="hello?")
        try:
            await asyncio.wait_for(closed.wait(), PATIENCE_S)
        except asyncio.TimeoutError:
            timeline.mark("the caller has waited long enough, and hangs up")
        end = loop.time()
        asked = [request for request in gateway.requests if request.path == PATH]
        for number, request in enumerate(asked, 1):
            timeline.mark(f"request {number} to the LLM, answered 429", request.at_s)
        for segment in sink.segments:
            timeline.mark("first frame at the sink", segment.frame_times[0])
            timeline.mark("last frame played", segment.started_at + segment.played_s)
        if not closed.is_set():
            await session.aclose()
    if attached is not None:
        sink.write_wav(OUT / "heard.wav", since=begin, until=end)
        print(f"\n{await attached.settled()}\n")
    return timeline, sink, end - begin


async def main() -> None:
    """Shows both calls, one after the other."""
    for last_word, title in ((True, "With lastword"), (False, "The same call without it")):
        timeline, sink, waited_s = await call(title, last_word=last_word)
        print(timeline.show(ERROR))
        print(f"  heard: {sink.heard_s:.2f} s of sound in {waited_s:.1f} s of waiting\n")
    print(f"What was heard: {OUT / 'heard.wav'}")


if __name__ == "__main__":
    # livekit-agents prints stack traces of the scripted outage; the timeline tells it all
    logging.getLogger("livekit.agents").setLevel(logging.CRITICAL)
    OUT.mkdir(exist_ok=True)
    asyncio.run(main())
