"""When a last word can be attached, and what is left when it is taken away."""

from __future__ import annotations

import asyncio

import pytest

import lastword
from session.fakes import Call, clip_of
from session.scenario import CLIP_S, TAIL_S, Scenario, failing_llm
from session.virtual_time import run_virtual


def test_attach_after_start() -> None:
    """A session that runs already can be given its last word."""

    async def main() -> None:
        call = await Call.start(llm=failing_llm())
        last_word = lastword.attach(call.session, clip_of(CLIP_S))
        s = Scenario(call, last_word)
        s.fail()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)

    run_virtual(main())


def test_a_second_attach_is_refused() -> None:
    """One last word for one session."""

    async def main() -> None:
        s = await Scenario.start()
        with pytest.raises(lastword.AlreadyAttachedError, match="detach"):
            lastword.attach(s.session)
        s.last_word.detach()
        lastword.attach(s.session).detach()
        await s.session.aclose()

    run_virtual(main())


def test_detach_leaves_nothing_behind() -> None:
    """After `detach()` the session behaves as upstream made it."""

    async def main() -> None:
        s = await Scenario.start()
        s.last_word.detach()
        assert not {"_on_error", "emit", "_close_soon", "_aclose_impl"} & s.session.__dict__.keys()
        s.fail()
        await asyncio.sleep(6)
        assert s.call.sink is not None
        assert s.call.sink.segments == []
        assert s.call.closes == []
        await s.session.aclose()

    run_virtual(main())


def test_detach_during_the_message_finishes_it() -> None:
    """A message under way is finished, one close event, then nothing of ours is left."""

    async def main() -> None:
        s = await Scenario.start()
        s.fail()
        await asyncio.sleep(0.5)
        s.last_word.detach()
        await s.closed()
        s.check(close_s=CLIP_S + TAIL_S)
        assert "_on_error" not in s.session.__dict__

    run_virtual(main())
