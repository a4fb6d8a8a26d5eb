"""The demo call in a real room: what a caller hears of an outage, with the last word and without.

A livekit-server runs on loopback (built once, see tests/room/rig.py), a caller joins and records,
and the agent's real `inference.LLM` gets a real 429. Writes demo/heard-in-room.wav and
demo/room.html, a page to see and hear it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import numpy as np
from page import Column, render
from timeline import Timeline

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))  # the rig is shared with the tests

import lastword
from room.outage import CHAT, QUESTION, Outage, outage
from room.rig import RigError, Server
from room.sweep import RATE, loud_span

OUT = Path("demo")
PATIENCE_S = 8.0
"""How long the caller waits for anything to happen; upstream reports its error after 4.2 s."""

ASKED = f"the caller asks: {QUESTION}"
ERROR = "error event"
ATTEMPT = "attempt failed, the plugin tries again"
FIRST, LAST = "first sound at the caller", "last sound at the caller"


async def let_it_fail(call: Outage, timeline: Timeline) -> Column:
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
    return Column(timeline, recording.since(start), RATE, heard_s, words, start)


async def main() -> None:
    """Show both calls, one after the other."""
    columns = []
    async with Server() as server:
        for number, (last_word, title) in enumerate(
            ((True, "With lastword"), (False, "The same call without it"))
        ):
            async with outage(
                server, f"demo-{number}", with_last_word=last_word, message=lastword.DEFAULT
            ) as call:
                column = await let_it_fail(call, Timeline(title))
                if last_word and call.caller is not None:
                    call.caller.recording().write_wav(OUT / "heard-in-room.wav")
            columns.append(column)
            print(f"\n{column.timeline.show(ERROR)}\n  heard: {column.heard_s:.2f} s of sound")
    page = OUT / "room.html"
    clip = np.concatenate([np.frombuffer(f.data, np.int16) for f in lastword.bundled().frames()])
    samples = (clip / 32768).astype(np.float32)
    page.write_text(render(columns, clip=samples, clip_rate=RATE, zero=ERROR))
    print(f"\nWhat was heard: {OUT / 'heard-in-room.wav'}\nA page to see it: {page}")


if __name__ == "__main__":
    # livekit-agents prints stack traces of the scripted outage; the timeline tells it all
    logging.getLogger("livekit.agents").setLevel(logging.CRITICAL)
    OUT.mkdir(exist_ok=True)
    try:
        asyncio.run(main())
    except RigError as error:
        sys.exit(str(error))
