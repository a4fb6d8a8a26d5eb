"""`guard` in one process, in virtual time: what is heard, reported and raised."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession

import lastword
from lastword import FailureKind, StartTimeoutError
from lastword.session import guard as guard_module
from lastword.session.after.actions import After, AfterContext, Outcome
from lastword.testing.sink import RecordingSink
from session.fake_line import LineJob, LineRoom, browser, phone, tracks_in_loop_time
from session.fakes import FakeTTS, clip_of
from session.guarded import CLIP_S, run
from session.virtual_time import run_virtual


@pytest.fixture(autouse=True)
def _line(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks_in_loop_time(monkeypatch)


def test_a_failing_entrypoint_is_heard_and_fails() -> None:
    async def main() -> None:
        room = LineRoom(browser())
        error, (report,) = await run(LineJob(room))
        assert isinstance(error, FileNotFoundError)
        assert (report.played, report.path, report.subscribed) == ("full", "own_track", True)
        assert report.played_s == pytest.approx(CLIP_S)
        assert room.local_participant.texts == ["the last words"]
        assert not room.local_participant.track_publications

    run_virtual(main())


@pytest.mark.parametrize("linked", [False, True], ids=["the only caller", "the linked caller"])
def test_a_caller_who_hangs_up_ends_the_message(*, linked: bool) -> None:
    """Nobody is talked to who has gone; others in the room are no reason to go on."""

    async def main() -> None:
        room = LineRoom(*([phone(), browser()] if linked else [browser()]))
        loop = asyncio.get_running_loop()
        loop.call_later(0.76, room.lose, "phone" if linked else "web")
        began = loop.time()
        _, (report,) = await run(LineJob(room))
        assert report.played == "part"
        assert report.played_s == pytest.approx(0.6, abs=0.2)
        assert loop.time() - began < 1.0
        assert not room.local_participant.track_publications

    run_virtual(main())


def test_another_agent_that_leaves_ends_nothing() -> None:
    async def main() -> None:
        room = LineRoom(phone(), browser())
        asyncio.get_running_loop().call_later(0.76, room.lose, "web")
        _, (report,) = await run(LineJob(room))
        assert report.played == "full"

    run_virtual(main())


# --- a start that hangs --------------------------------------------------------------------------


class LateStart(AgentSession[None]):
    """Its `start()` comes to its end when `go_on` is set."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.go_on = asyncio.Event()

    async def _update_activity(self, *args: Any, **options: Any) -> None:
        await self.go_on.wait()
        await super()._update_activity(*args, **options)


class Greeter(Agent):
    """Speaks as soon as it may."""

    def __init__(self) -> None:
        super().__init__(instructions="")
        self.refused = False

    async def on_enter(self) -> None:
        try:
            self.session.say("Hello there!")
        except RuntimeError:
            self.refused = True


@pytest.mark.parametrize("returns_after_s", [1.0, None], ids=["late", "never"])
@pytest.mark.parametrize("then_fails", [False, True])
def test_a_start_that_hangs(returns_after_s: float | None, *, then_fails: bool) -> None:
    """The message is whole, reported and raised, the job ends; a late start says nothing."""

    async def main() -> None:
        job = LineJob(LineRoom(browser()))
        sink = RecordingSink()

        async def entrypoint(_: Any) -> None:
            session = job.session = LateStart(tts=FakeTTS())
            session.output.audio = sink
            if returns_after_s is not None:
                asyncio.get_running_loop().call_later(
                    guard_module.START_TIMEOUT_S + 1 + returns_after_s, session.go_on.set
                )
            await session.start(Greeter())
            if then_fails:
                raise ValueError("later")

        error, (report,) = await run(job, entrypoint)
        assert isinstance(error, StartTimeoutError)
        if then_fails and returns_after_s is not None:
            assert isinstance(error.__cause__, ValueError)
        assert (report.played, report.failure.kind) == ("full", FailureKind.TIMEOUT)
        assert job.reasons == ["session.start() hangs"]
        assert not sink.segments
        await asyncio.wait_for(job.session.aclose(), 30)

    run_virtual(main())


def test_a_cancelled_job_ends_at_once() -> None:
    """Cancellation passes through, also while the caller is told of a start that hangs."""

    async def main() -> None:
        job = LineJob(LineRoom(browser()))

        async def entrypoint(_: Any) -> None:
            job.session = LateStart()
            await job.session.start(Agent(instructions=""))

        guarded = lastword.guard(clip_of(CLIP_S))(entrypoint)
        for after_s in (1.0, guard_module.START_TIMEOUT_S + 2.5):
            atask = asyncio.ensure_future(guarded(job))  # type: ignore[arg-type]
            await asyncio.sleep(after_s)
            atask.cancel()
            await asyncio.wait({atask}, timeout=0.5)
            assert atask.cancelled()
        assert job.reasons == []

    run_virtual(main())


# --- what follows --------------------------------------------------------------------------------


class Fails(After):
    """An action that does not do what it was asked for."""

    name = "fails"

    async def run(self, call: AfterContext) -> Outcome:
        return Outcome("it is busy")


class HandsOver(After):
    """Goes well, but what follows it does not."""

    name = "hands_over"
    runs_before_close = True

    async def run(self, call: AfterContext) -> Outcome:
        return Outcome(None, Fails())


def test_the_error_of_what_follows_an_action_is_reported() -> None:
    async def main() -> None:
        _, (report,) = await run(LineJob(LineRoom(browser())), after=HandsOver())
        assert (report.after, report.after_error) == ("hands_over", "it is busy")

    run_virtual(main())


def test_a_mapping_as_second_message() -> None:
    """Prepared when the module is imported, and said."""

    async def main() -> None:
        room = LineRoom(browser())
        second = clip_of(1.0)
        action = lastword.transfer_to("+4930123456", on_failure={None: second})
        _, (report,) = await run(LineJob(room), after=action)
        assert report.after_error == "the caller is not on a phone"
        assert [len(track.source.played) - 1 for track in room.tracks] == [60, 20]

    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
            monkeypatch.setenv(name, "ws://127.0.0.1:1/as-long-as-a-secret")
        run_virtual(main())


def test_a_transfer_of_a_caller_who_has_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not for want of a phone that the transfer fails, and nobody is told of it."""
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.setenv(name, "ws://127.0.0.1:1/as-long-as-a-secret")

    async def main() -> None:
        room = LineRoom(phone())
        asyncio.get_running_loop().call_later(0.76, room.lose, "phone")
        action = lastword.transfer_to("+4930123456", on_failure=clip_of(1.0))
        _, (report,) = await run(LineJob(room), after=action)
        assert report.played == "part"
        assert str(report.after_error).startswith("the caller has hung up")
        assert len(room.tracks) == 1

    run_virtual(main())


def test_missing_credentials_are_heard_of_by_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that lacks them fails as any other: the caller is told."""
    monkeypatch.delenv("LIVEKIT_URL", raising=False)

    async def main() -> None:
        error, (report,) = await run(LineJob(LineRoom(browser())), after=lastword.hang_up())
        assert isinstance(error, lastword.MissingCredentialsError)
        assert report.played == "full"

    run_virtual(main())


@pytest.mark.parametrize("after", [None, lastword.leave()])
def test_a_phone_whose_call_nothing_ends_is_warned_of(
    after: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        await run(LineJob(LineRoom(phone())), after=after)

    run_virtual(main())
    warnings = [r.getMessage() for r in caplog.records if "hang_up() to guard()" in r.getMessage()]
    assert len(warnings) == (1 if after is None else 0)
