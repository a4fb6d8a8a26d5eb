"""What follows the last words comes at its place: a transfer before the close, leaving after it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from livekit.agents.voice.events import CloseEvent, CloseReason

import lastword
from lastword.session.after.actions import After, AfterContext, Outcome
from session.fake_line import browser, phone
from session.fakes import Call, clip_of
from session.scenario import CLIP_S, TAIL_S, Scenario, failing_llm
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from session.phone_call import Participant


@dataclass(frozen=True, eq=False)
class Noted(After):
    """An action that writes down when it ran."""

    events: list[str]
    fails: bool = False
    early: bool = False
    on_failure: Any = None
    tail_s: float | None = None
    then: After | None = None
    contexts: list[AfterContext] = field(default_factory=list)
    name: ClassVar[str] = "noted"

    @property
    def runs_before_close(self) -> bool:  # type: ignore[override]
        return self.early

    async def run(self, call: AfterContext) -> Outcome:
        self.events.append("early" if self.early else "late")
        self.contexts.append(call)
        if self.fails and call.say is not None:
            await call.say()
        return Outcome("busy" if self.fails else None, self.then)


class FakeRoom:
    """A room that is known, no more."""

    def isconnected(self) -> bool:
        return False

    def on(self, *_: Any) -> None:
        """Nothing ever happens here."""

    def off(self, *_: Any) -> None:
        """So nothing is missed."""


@pytest.fixture
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lastword._upstream.rooms.room_of", lambda _: FakeRoom())


async def fail_with(action: After) -> tuple[Scenario, lastword.Report]:
    """One failing call that ends with an action."""
    s = await Scenario.start(attach={"after": action})
    s.call.events = action.events  # type: ignore[attr-defined]
    s.fail()
    return s, await s.closed()


@pytest.mark.usefixtures("_room")
def test_an_action_after_the_close() -> None:
    """Leaving and hanging up come behind the close event, and the report tells of them."""

    async def main() -> None:
        _, report = await fail_with(action := Noted([]))
        assert action.events == ["error", "frame", "close:error", "late"]
        assert (report.after, report.after_error) == ("noted", None)

    run_virtual(main())


@pytest.mark.usefixtures("_room")
def test_a_close_handler_settles_to_the_whole_report() -> None:
    """Inside `close` there is no report yet: `settled()` gives it with the action's outcome."""

    async def main() -> None:
        s = await Scenario.start(attach={"after": Noted([], fails=True)})
        seen: list[lastword.Report | None] = []
        settling: list[asyncio.Task[lastword.Report | None]] = []

        def on_close(_: object) -> None:
            seen.append(s.last_word.report)
            settling.append(asyncio.ensure_future(s.last_word.settled()))

        s.session.on("close", on_close)
        s.fail()
        report = await s.closed()
        assert seen == [None]
        assert await settling[0] is report
        assert s.last_word.report is report
        assert (report.after, report.after_error) == ("noted", "busy")

    run_virtual(main())


@pytest.mark.usefixtures("_room")
def test_a_transfer_before_the_close() -> None:
    """A transfer runs on the still open session; what it hands on to runs after the close."""

    async def main() -> None:
        events: list[str] = []
        _, report = await fail_with(Noted(events, early=True, then=Noted(events)))
        assert events == ["error", "frame", "early", "close:error", "late"]
        assert report.after_error is None

    run_virtual(main())


@pytest.mark.usefixtures("_room")
def test_a_failed_transfer_speaks_once_more() -> None:
    """Only a failed transfer adds a second message, on the still open output."""

    async def main() -> None:
        action = Noted([], early=True, fails=True, on_failure=clip_of(0.5))
        s, report = await fail_with(action)
        assert action.events == ["error", "frame", "early", "frame", "close:error"]
        assert report.after_error == "busy"
        assert s.call.sink is not None
        assert s.call.sink.heard_s == pytest.approx(CLIP_S + 0.5, abs=0.1)

    run_virtual(main())


@pytest.mark.usefixtures("_room")
def test_one_close_event_whoever_else_closes() -> None:
    """A teardown that ends after its forced close emits one too, while the action runs."""

    class ClosesAgain(After):
        name = "closes_again"

        async def run(self, call: AfterContext) -> Outcome:
            s.session.emit("close", CloseEvent(reason=CloseReason.USER_INITIATED))
            return Outcome(None)

    async def main() -> None:
        nonlocal s
        s = await Scenario.start(attach={"after": ClosesAgain()})
        s.fail()
        report = await s.closed()
        assert (report.after, report.closed_by) == ("closes_again", "lastword")
        s.check()

    s: Scenario
    run_virtual(main())


@pytest.mark.usefixtures("_room")
@pytest.mark.parametrize(("caller", "tail_s"), [(phone(), 1.0), (browser(), 0.2)])
def test_a_phone_gets_a_longer_tail(
    monkeypatch: pytest.MonkeyPatch, caller: Participant, tail_s: float
) -> None:
    """What is on its way through the telephone network is heard before the line is cut."""
    monkeypatch.setattr("lastword._upstream.rooms.linked_participant", lambda _: caller)

    async def main() -> None:
        s, _ = await fail_with(Noted([]))
        since = s.call.at("close:error") - s.call.at("frame")
        assert since == pytest.approx(CLIP_S + tail_s, abs=0.01)

    run_virtual(main())


@pytest.mark.usefixtures("_room")
def test_the_tail_is_the_actions_own() -> None:
    """`tail_s` of the action is the quiet between the last frame and the close."""

    async def main() -> None:
        s, _ = await fail_with(Noted([], tail_s=1.5))
        since = s.call.closes[0].created_at
        assert since > 0
        report = s.last_word.report
        assert report is not None
        assert report.close_s == pytest.approx(CLIP_S + 1.5, abs=0.1)

    run_virtual(main())


class HandsOn(Noted):
    """An action that leaves the caller on the line."""

    hands_on = True


@pytest.mark.usefixtures("_room")
def test_a_caller_who_is_handed_on_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line stays open, so a short tail is enough; before its end there is the whole one."""
    monkeypatch.setattr("lastword._upstream.rooms.linked_participant", lambda _: phone())

    async def main() -> None:
        _, report = await fail_with(HandsOn([], early=True))
        assert report.close_s == pytest.approx(CLIP_S + 0.2, abs=0.1)
        said = HandsOn([], early=True, fails=True, on_failure=clip_of(0.5))
        _, report = await fail_with(said)
        assert report.close_s == pytest.approx(CLIP_S + 0.2 + 0.5 + 1.0, abs=0.1)

    run_virtual(main())


def test_without_a_room_the_action_is_reported_as_failed() -> None:
    """No room, no action: said in the report, nothing else."""

    async def main() -> None:
        action = Noted([])
        _, report = await fail_with(action)
        assert action.contexts == []
        assert report.after_error == "no room is known"
        assert report.close_s == pytest.approx(CLIP_S + TAIL_S, abs=0.1)

    run_virtual(main())


def test_credentials_are_missed_when_attached(monkeypatch: pytest.MonkeyPatch) -> None:
    """An action that needs the server API says at once that it cannot reach it."""
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.delenv(name, raising=False)

    async def main() -> None:
        call = await Call.start(llm=failing_llm())
        with pytest.raises(lastword.MissingCredentialsError, match="LIVEKIT_URL"):
            lastword.attach(call.session, after=lastword.hang_up())
        assert "_on_error" not in call.session.__dict__
        await asyncio.wait_for(call.session.aclose(), 5)

    run_virtual(main())
