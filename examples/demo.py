"""Shows a call whose LLM has run out of credits: once with the last word, once without.

Everything but the provider is real: a real AgentSession with the real `inference.LLM`, which asks
a local server that answers as LiveKit's gateway does when the credits are gone. What the output
played is written to demo/heard.wav, in real time, and drawn on a page, demo/demo.html.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from livekit.agents import Agent, AgentSession, inference
from timeline import Timeline

import lastword
from lastword.testing import Gateway, RecordingSink, quota_exceeded
from lastword.testing.page import Drawn, render

if TYPE_CHECKING:
    from lastword import Report

OUT = Path("demo")
PATIENCE_S = 12.0
"""How long the caller waits for anything to happen."""

PATH = "/v1/chat/completions"
ERROR = "error event"
ATTEMPT = "attempt failed, the plugin tries again"
CLOSE = "close event"
INTRO = (
    "The agent's LLM is out of credits: the same call twice, as the session's output played it. "
    "Times count from the error event."
)


async def call(title: str, *, last_word: bool) -> Drawn:
    """Run one call in which the caller says one thing and waits; print what happened."""
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
        session.on(
            "error", lambda event: timeline.mark(ATTEMPT if event.error.recoverable else ERROR)
        )
        session.on("close", lambda _: (timeline.mark(CLOSE), closed.set()))
        await session.start(Agent(instructions="You answer the phone."))

        begin = loop.time()
        timeline.mark("the caller says: hello?")
        session.generate_reply(user_input="hello?")
        try:
            await asyncio.wait_for(closed.wait(), PATIENCE_S)
        except asyncio.TimeoutError:
            timeline.mark("the caller has waited long enough, and hangs up")
        report = await attached.settled() if attached is not None else None
        end = loop.time()
        asked = [request for request in gateway.requests if request.path == PATH]
        for number, request in enumerate(asked, 1):
            timeline.mark(f"request {number} to the LLM, answered 429", request.at_s)
        for segment in sink.segments:
            timeline.mark("first sound at the output", segment.frame_times[0])
            timeline.mark("last sound at the output", segment.started_at + segment.played_s)
        if not closed.is_set():
            await session.aclose()
        await llm.aclose()
    if last_word:
        sink.write_wav(OUT / "heard.wav", since=begin, until=end)
    print(f"{timeline.show(ERROR)}\n  {told(sink.heard_s, end - begin, report)}\n")
    return Drawn(
        title,
        samples=sink.line(since=begin, until=end),
        sample_rate=sink.rate,
        heard_s=sink.heard_s,
        words=report.transcript if report is not None else "",
        moments=timeline.since(begin),
        zero_s=(timeline.at(ERROR) or begin) - begin,
    )


def told(heard_s: float, waited_s: float, report: Report | None) -> str:
    """Return a sentence about what the caller got."""
    if report is None or not heard_s:
        return f"Heard: nothing, in {waited_s:.1f} s of waiting."
    whole = "the whole message" if report.played == "full" else "a part of the message"
    return f'Heard: {heard_s:.2f} s of sound, {whole}: "{report.transcript}"'


async def main() -> None:
    """Run both calls, one after the other, and draw them."""
    print("One call, twice: its LLM has run out of credits.\n")
    titles = {True: "With lastword", False: "The same call without it"}
    calls = [await call(title, last_word=last_word) for last_word, title in titles.items()]
    page = OUT / "demo.html"
    page.write_text(render("What the caller heard", INTRO, calls), encoding="utf-8")
    print(f"What was heard: {OUT / 'heard.wav'}\nA page to see and hear it: {page}")


if __name__ == "__main__":
    # livekit-agents prints stack traces of the scripted outage, and lastword its report as one log
    # line; the timeline shows all of it
    logging.getLogger("livekit.agents").setLevel(logging.CRITICAL)
    logging.getLogger("lastword").setLevel(logging.CRITICAL)
    OUT.mkdir(exist_ok=True)
    asyncio.run(main())
