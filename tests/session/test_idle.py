"""While nothing fails, a last word costs nothing: no task, no timer, no memory, no time."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import lastword
from lastword._upstream import versions
from session.fakes import Call, FakeLLM, FakeTTS, clip_of
from session.virtual_time import VirtualLoop, run_virtual


def tasks_of_ours() -> list[str]:
    """Names of all tasks that lastword has begun and that are not over."""
    return [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("lastword")]


def timers() -> int:
    """How many timers wait in the running loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return len([t for t in loop._scheduled if not t.cancelled()])  # type: ignore[attr-defined]


def test_a_healthy_session_has_no_task_and_no_timer_of_ours() -> None:
    """Attached, started, spoken with: as many timers as without us, and no task."""

    async def timers_of_a_call(*, attached: bool) -> int:
        def attach(call: Call) -> None:
            if attached:
                lastword.attach(call.session, clip_of())

        call = await Call.start(
            llm=FakeLLM(lambda: "Hello there."), tts=FakeTTS(0.2), before_start=attach
        )
        speech = call.session.generate_reply(user_input="hello?")
        await speech.wait_for_playout()
        await asyncio.sleep(1.0)
        assert tasks_of_ours() == []
        found = timers()
        await call.session.aclose()
        assert tasks_of_ours() == []
        return found

    async def main() -> None:
        assert await timers_of_a_call(attached=True) == await timers_of_a_call(attached=False)

    run_virtual(main())


async def test_attach_before_start_begins_nothing() -> None:
    """`attach` itself neither creates a task nor a timer."""
    before = asyncio.all_tasks()
    session: Any = versions.session_class()()
    last_word = lastword.attach(session, clip_of())
    assert asyncio.all_tasks() == before
    last_word.detach()


def test_a_session_that_is_dropped_is_collected_with_its_last_word() -> None:
    """Whoever forgets a session need not detach: nothing of ours keeps it."""

    async def main() -> list[weakref.ref[Any]]:
        clip = clip_of()
        refs: list[weakref.ref[Any]] = []
        for _ in range(3):
            call = await Call.start(before_start=lambda c: attached(c, clip, refs))
            await call.session.aclose()
        return refs

    def attached(call: Call, clip: lastword.Clip, refs: list[weakref.ref[Any]]) -> None:
        refs += [weakref.ref(call.session), weakref.ref(lastword.attach(call.session, clip))]

    refs = run_virtual(main())
    gc.collect()
    assert [ref() for ref in refs if ref() is not None] == []


def test_sessions_share_the_bytes_of_a_clip() -> None:
    """A hundred last words with one clip hold its frames once."""

    async def main() -> None:
        clip = clip_of(5.0)
        sessions = [versions.session_class()() for _ in range(100)]
        words = [lastword.attach(session, clip) for session in sessions]
        one, other = clip.frames(), clip.frames()
        assert one[0] is not other[0]
        assert one[0].data.obj is other[0].data.obj
        for word in words:
            word.detach()

    run_virtual(main())
