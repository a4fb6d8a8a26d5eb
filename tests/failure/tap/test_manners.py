"""The tap keeps to itself: whom it acts for, how it leaves, and what its own faults do."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import logging
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from livekit.agents import Agent, AgentSession, APIConnectOptions, llm

from failure.rehearsal import BOUND_S, Brain, Ear, Mouth, refused, watched
from lastword._upstream import hooks
from lastword.failure.tap import install as tap
from lastword.failure.tap import judge as judging
from lastword.failure.tap import streams
from lastword.session.owner import SessionOwner
from session.fakes import overloaded
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("collected")


def attributes() -> dict[str, Any]:
    """What the tap may change, as it is now."""
    points = {
        f"{point.cls.__name__}.{point.name}": vars(point.cls).get(point.name)
        for point in hooks.HOOK_POINTS
    }
    verbs = {verb: vars(aiohttp.ClientSession).get(verb) for verb in ("get", "post", "ws_connect")}
    return {**points, **verbs}


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    before = attributes()
    yield
    assert attributes() == before


def test_a_session_that_is_not_known_keeps_its_retries() -> None:
    """Two sessions fail in one process; the tap acts for one."""

    async def main() -> None:
        known, stranger = Brain(refused), Brain(refused)
        async with watched(AgentSession(llm=known)) as call:
            other = AgentSession(llm=stranger)
            events: list[Any] = []
            ended = asyncio.Event()
            other.on("error", lambda e: (events.append(e), ended.set()))
            await other.start(Agent(instructions="Be brief."))
            other.generate_reply(user_input="Hello?")
            call.session.generate_reply(user_input="Hello?")
            await call.unrecoverable()
            await asyncio.wait_for(ended.wait(), BOUND_S)
            assert len(call.events) == 1
            assert not any(hasattr(e.error.error, "terminal") for e in events)
            await other.aclose()

    run_virtual(main())


def test_the_classes_are_restored_with_the_last_owner() -> None:
    """Two owners: the hooks stay until both are gone, and a second removal is harmless."""

    async def main() -> None:
        before = attributes()
        first, second = AgentSession(), AgentSession()
        owners = [SessionOwner(first), SessionOwner(second)]
        for owner in [*owners, owners[0]]:
            tap.install(owner)
        hooked = attributes()
        assert all(hooked[name] is not before[name] for name in before)
        tap.remove(owners[0])
        assert attributes() == hooked
        tap.remove(owners[1])
        tap.remove(owners[1])
        assert attributes() == before

    run_virtual(main())


def test_what_others_put_over_our_hooks_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrapper from elsewhere around ours is not removed; ours below it does nothing any more."""

    async def main() -> None:
        original = llm.LLMStream._main_task
        async with watched(AgentSession()):
            ours = llm.LLMStream._main_task

            async def theirs(self: Any) -> None:
                await ours(self)

            monkeypatch.setattr(llm.LLMStream, "_main_task", theirs)
        assert llm.LLMStream._main_task is theirs
        brain = Brain(overloaded, None)
        async with watched(AgentSession(llm=brain, tts=Mouth(None))) as call:
            handle = call.session.generate_reply(user_input="Hello?")
            await asyncio.wait_for(handle.wait_for_playout(), BOUND_S)
            assert call.recoverable == [True]
            monkeypatch.undo()
            llm.LLMStream._main_task = ours
        assert llm.LLMStream._main_task is original

    run_virtual(main())


def test_a_fault_of_the_tap_never_reaches_the_plugin(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Judging fails: four attempts as without the tap, and a warning per attempt."""

    def broken(_: object) -> None:
        raise ZeroDivisionError("key=sk-secret")

    monkeypatch.setattr(judging, "classify", broken)

    async def main() -> None:
        brain = Brain(overloaded)
        async with watched(AgentSession(llm=brain)) as call:
            call.session.generate_reply(user_input="Hello?")
            await call.unrecoverable()
            assert brain.script.attempts == 4

    with caplog.at_level(logging.WARNING, "lastword"):
        run_virtual(main())
    ours = [record for record in caplog.records if record.name == "lastword"]
    assert len(ours) == 4
    assert {record.error_type for record in ours} == {"ZeroDivisionError"}
    assert "sk-secret" not in caplog.text


def test_what_an_error_handler_starts_stands_on_its_own() -> None:
    """An agent handed over to by a handler: its STT is no part of the LLM's call that failed."""

    async def main() -> None:
        ear = Ear(refused)
        session: AgentSession[Any] = AgentSession(
            llm=Brain(overloaded, None), stt=Ear(None), tts=Mouth(None), turn_detection="manual"
        )
        async with watched(session, hears=True) as call:

            def hand_over(event: Any) -> None:
                if event.error.type == "llm_error":
                    session.update_agent(Agent(instructions="Be brief.", stt=ear))

            session.on("error", hand_over)
            session.generate_reply(user_input="Hello?")
            error = await call.unrecoverable()
            assert (error.terminal, ear.script.attempts) == (True, 1)

    run_virtual(main())


class Talker(Brain):
    """Answers in many pieces, waiting before each as for the network."""

    def __init__(self, pieces: int) -> None:
        super().__init__(None)
        self.pieces = pieces

    def chat(self, *, chat_ctx: llm.ChatContext, **_: Any) -> llm.LLMStream:
        return _Talk(self, chat_ctx=chat_ctx, tools=[], conn_options=APIConnectOptions())


class _Talk(llm.LLMStream):
    async def _run(self) -> None:
        for _ in range(self._llm.pieces):
            await asyncio.sleep(0)
            delta = llm.ChoiceDelta(role="assistant", content="a")
            self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))


def frames_entered(pieces: int, *, tapped: bool) -> Counter[str]:
    """Counts how often Python code is entered or resumed while an answer comes, by whose it is."""
    entered: Counter[str] = Counter()
    ours = str(Path(tap.__file__).parent)

    def note(frame: Any, event: str, _: object) -> None:
        if event == "call":
            entered["ours" if frame.f_code.co_filename.startswith(ours) else "theirs"] += 1

    async def main() -> None:
        talker = Talker(pieces)
        async with contextlib.AsyncExitStack() as stack:
            if tapped:
                await stack.enter_async_context(watched(AgentSession(llm=talker)))
            gc.disable()  # what it finalizes is none of an answer's
            sys.setprofile(note)
            try:
                async with talker.chat(chat_ctx=llm.ChatContext.empty()) as stream:
                    assert len([chunk async for chunk in stream]) == pieces
            finally:
                sys.setprofile(None)
                gc.enable()

    run_virtual(main())
    return entered


def test_nothing_is_done_per_token() -> None:
    """A thousand pieces more cost as many entries of Python code with the tap as without.

    But for one: whenever a stream wakes up, it does so through the frames that await it, and one of
    these is the tap's. It does nothing there.
    """
    more: dict[bool, Counter[str]] = {}
    for tapped in (False, True):
        frames_entered(1, tapped=tapped)  # what is imported or cached the first time
        more[tapped] = frames_entered(1001, tapped=tapped) - frames_entered(1, tapped=tapped)
    assert more[False]["ours"] == 0
    assert more[True]["ours"] == 1000
    assert more[True]["theirs"] == more[False]["theirs"] > 1000


def test_unknown_internals_are_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A livekit-agents with another `_main_task`: nothing is hooked, the session works."""

    async def renamed(self: Any, something: int) -> None:
        """Not what the tap knows."""

    monkeypatch.setattr(tap, "_warned", False)
    monkeypatch.setattr(
        tap, "owners", []
    )  # of those that other tests forgot; with any, all is known
    monkeypatch.setattr(llm.LLMStream, "_main_task", renamed)
    hooks._unknown_to_the_tap.cache_clear()  # looked at once per process
    before = attributes()

    async def main() -> None:
        for _ in range(2):
            owner = SessionOwner(AgentSession())
            tap.install(owner)
            assert attributes() == before
            tap.remove(owner)

    with caplog.at_level(logging.WARNING, "lastword"):
        run_virtual(main())
    (record,) = [record for record in caplog.records if record.name == "lastword"]
    assert record.differences == ["LLMStream._main_task: expected (self), found (self, something)"]
    monkeypatch.undo()
    hooks._unknown_to_the_tap.cache_clear()


def test_a_session_that_is_collected_takes_its_hooks_along() -> None:
    """Nobody detaches a session that was only forgotten."""

    async def main() -> None:
        before = attributes()
        session: Any = type("Session", (), {})()
        tap.install(SessionOwner(session))
        assert attributes() != before
        del session
        assert attributes() == before

    run_virtual(main())


async def test_a_call_that_the_collector_ends() -> None:
    """Closed in another context than it began in, because its loop is gone: nothing is raised."""

    async def waits(_: Any) -> None:
        await asyncio.get_running_loop().create_future()

    hearing = streams.watched_recognize(waits)(Ear())
    contextvars.copy_context().run(hearing.send, None)
    hearing.close()
