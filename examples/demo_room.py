"""Runs the demo call in a real room: what a caller hears of an outage, with lastword and without.

A livekit-server runs on loopback (built once where there is Go), a caller joins and records, and
the agent's real `inference.LLM` gets a real 429. Writes demo/heard-in-room.wav and
demo/room.html, a page to see and hear it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import numpy as np
from timeline import Timeline

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))  # the call is shared with the tests

import lastword
from lastword.testing.page import Drawn, render
from lastword.testing.room.recording import RATE, loud_span
from lastword.testing.room.server import NoServerError, Server, ServerError, must_be_built
from room.outage import CHAT, QUESTION, Outage, outage

OUT = Path("demo")
TITLE = "What the caller heard"
INTRO = (
    "The agent's LLM is out of credits: the same call twice, in a real room, recorded at the "
    "caller's end. Times count from the error event."
)
WITHOUT_GO = (
    "This demo needs a LiveKit server, which is built from its source with Go 1.25 or later, and "
    "there is no Go here.\nGet it from https://go.dev/dl/, or run `make demo`: the same call "
    "without a room, which needs nothing."
)
PATIENCE_S = 8.0
"""How long the caller waits for anything to happen; upstream reports its error after 4.2 s."""

ASKED = f"the caller asks: {QUESTION}"
ERROR = "error event"
ATTEMPT = "attempt failed, the plugin tries again"
FIRST, LAST = "first sound at the caller", "last sound at the caller"


async def let_it_fail(call: Outage, timeline: Timeline) -> Drawn:
    """Run one call to its end, and note what the caller heard and when."""
    assert call.caller is not None
    timeline.mark(ASKED)
    await call.fail()
    try:
        await call.until_over(PATIENCE_S)
    except asyncio.TimeoutError:
        timeline.mark("the caller has waited long enough, and hangs up")
    recording = call.caller.recording()
    for request in call.gateway.requests:
        if request.path == CHAT:
            timeline.mark("request to the LLM, answered 429", request.at_s)
    for at, event in call.run.errors:
        timeline.mark(ATTEMPT if event.error.recoverable else ERROR, at)
    for at, _ in call.run.closes:
        timeline.mark("close event", at)
    heard = loud_span(recording.samples())
    if heard is not None:
        timeline.mark(FIRST, recording.at(heard[0]))
        timeline.mark(LAST, recording.at(heard[1]))
    words = call.reports[0].transcript if call.reports else ""
    start = timeline.at(ASKED) or 0.0
    heard_s = heard[1] - heard[0] if heard is not None else 0.0
    return Drawn(
        timeline.title,
        samples=recording.since(start),
        sample_rate=RATE,
        heard_s=heard_s,
        words=words,
        moments=timeline.since(start),
        zero_s=(timeline.at(ERROR) or start) - start,
    )


async def main() -> None:
    """Run both calls, one after the other, and draw them."""
    print("One call in a real room, twice: its LLM has run out of credits.\n")
    if must_be_built():
        print("Building livekit-server once, about 2 min on two cores ...", flush=True)
    calls = []
    async with Server() as server:
        for last_word, title in ((True, "With lastword"), (False, "The same call without it")):
            async with outage(
                server, f"demo-{last_word}", with_last_word=last_word, message=lastword.DEFAULT
            ) as call:
                timeline = Timeline(title)
                calls.append(await let_it_fail(call, timeline))
                if last_word and call.caller is not None:
                    call.caller.recording().write_wav(OUT / "heard-in-room.wav")
            heard = f"{calls[-1].heard_s:.2f} s of sound" if calls[-1].heard_s else "nothing"
            print(f"{timeline.show(ERROR)}\n  Heard at the caller: {heard}.\n")
    page = OUT / "room.html"
    page.write_text(render(TITLE, INTRO, calls, clip=stored_clip()), encoding="utf-8")
    print(f"What was heard: {OUT / 'heard-in-room.wav'}\nA page to see and hear it: {page}")


def stored_clip() -> Drawn:
    """Return the message as it is stored."""
    clip = np.concatenate([np.frombuffer(f.data, np.int16) for f in lastword.bundled().frames()])
    return Drawn("The clip", clip, RATE, len(clip) / RATE, "", [])


if __name__ == "__main__":
    # livekit-agents prints stack traces of the scripted outage; the timeline shows all of it
    logging.getLogger("livekit.agents").setLevel(logging.CRITICAL)
    logging.getLogger("lastword").setLevel(logging.CRITICAL)
    OUT.mkdir(exist_ok=True)
    try:
        asyncio.run(main())
    except NoServerError:
        sys.exit(WITHOUT_GO)
    except ServerError as error:
        sys.exit(str(error))
