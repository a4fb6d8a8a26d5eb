"""`guard` beside the job's session: one message in all, whoever says it, and none too many."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent, AgentSession, llm

from lastword.session import guard as guard_module
from lastword.session.job import CONNECT_TIMEOUT_S
from lastword.session.last_word import attached_to
from session.fake_line import LineJob, LineRoom, browser, phone, tracks_in_loop_time
from session.fakes import out_of_credits
from session.guarded import CLIP_S, run
from session.scenario import Scenario
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from session.phone_call import Participant


@pytest.fixture(autouse=True)
def _line(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks_in_loop_time(monkeypatch)


@pytest.mark.parametrize("settled", [True, False], ids=["after its close", "in its message"])
def test_a_session_that_has_spoken_for_itself_is_not_repeated(*, settled: bool) -> None:
    """The session says its last word; the entrypoint that fails then adds nothing to it."""

    async def main() -> None:
        job = LineJob(LineRoom(browser()))
        began: list[Scenario] = []

        async def entrypoint(_: Any) -> None:
            s = await Scenario.start()
            began.append(s)
            job.session = s.session
            failed = asyncio.Event()
            s.session.on("error", lambda _: failed.set())
            s.fail()
            await (s.call.closed if settled else failed).wait()
            raise ValueError("later")

        error, reports = await run(job, entrypoint)
        (s,) = began
        assert isinstance(error, ValueError)
        assert reports == []
        assert job.room.tracks == []
        assert s.last_word.report is not None
        s.check()

    run_virtual(main())


def test_a_session_that_has_not_failed_says_nothing_beside_the_guard() -> None:
    """Its last word is detached: what it may still meet is told by the guard's message."""

    async def main() -> None:
        job = LineJob(LineRoom(browser()))
        began: list[Scenario] = []

        async def entrypoint(_: Any) -> None:
            s = await Scenario.start()
            began.append(s)
            job.session = s.session
            error = llm.LLMError(timestamp=0, label="x", error=out_of_credits(), recoverable=False)
            asyncio.get_running_loop().call_later(1.0, s.session._on_error, error)
            raise ValueError("early")

        error, (report,) = await run(job, entrypoint)
        (s,) = began
        assert isinstance(error, ValueError)
        assert (report.played, report.path) == ("full", "own_track")
        assert attached_to(s.session) is None
        assert s.last_word.report is None
        assert s.call.sink is not None
        assert not s.call.sink.segments
        await s.session.aclose()

    run_virtual(main())


def test_a_call_that_goes_well_hears_nothing() -> None:
    """A session may start late in its job, and the call last long."""

    async def main() -> None:
        job = LineJob(LineRoom(browser()))

        async def entrypoint(_: Any) -> None:
            await asyncio.sleep(2.5)
            job.session = AgentSession()
            await job.session.start(Agent(instructions=""))
            await asyncio.sleep(3 * guard_module.START_TIMEOUT_S)
            await job.session.aclose()

        assert await run(job, entrypoint) == (None, [])
        assert (job.room.tracks, job.reasons) == ([], [])

    run_virtual(main())


def test_the_caller_whom_the_session_has_linked_is_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where another one is on a phone: who has hung up is not talked to."""

    async def main() -> None:
        linked = browser()
        room = LineRoom(phone(), linked)
        monkeypatch.setattr("lastword._upstream.rooms.linked_participant", lambda _: linked)
        job = LineJob(room)
        asyncio.get_running_loop().call_later(0.76, room.lose, linked.identity)

        async def entrypoint(_: Any) -> None:
            job.session = AgentSession()
            raise ValueError("early")

        _, (report,) = await run(job, entrypoint)
        assert report.played == "part"
        assert report.played_s < CLIP_S / 2

    run_virtual(main())


# --- nobody can be reached -----------------------------------------------------------------------


class Unreachable(LineJob):
    """A job that cannot join its room."""

    def __init__(self, *, console: bool = False, hangs: bool = False) -> None:
        super().__init__(LineRoom(browser()))
        self._console, self._hangs = console, hangs

    def is_fake_job(self) -> bool:
        return self._console

    async def connect(self) -> None:
        if self._hangs:
            await asyncio.Event().wait()
        raise ConnectionError("refused")


@pytest.mark.parametrize(
    ("how", "takes_s"),
    [({"console": True}, 0.0), ({"hangs": True}, CONNECT_TIMEOUT_S), ({}, 0.0)],
    ids=["console", "joining hangs", "joining fails"],
)
def test_a_room_that_cannot_be_joined(how: dict[str, bool], takes_s: float) -> None:
    """The failure is reported and raised all the same, in bounded time."""

    async def main() -> None:
        job = Unreachable(**how)
        began = asyncio.get_running_loop().time()
        error, (report,) = await run(job)
        assert isinstance(error, FileNotFoundError)
        assert (report.played, report.path) == ("none", None)
        assert asyncio.get_running_loop().time() - began == pytest.approx(takes_s)
        assert job.room.tracks == []

    run_virtual(main())


class LostRoom(LineRoom):
    """Does not even tell who is in it."""

    @property
    def remote_participants(self) -> dict[str, Participant]:
        raise RuntimeError("the room is gone")

    @remote_participants.setter
    def remote_participants(self, _: object) -> None:
        """Nobody."""


def test_last_words_that_fail_themselves_hide_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        error, reports = await run(LineJob(LostRoom()))
        assert isinstance(error, FileNotFoundError)
        assert reports == []

    run_virtual(main())
    assert "the guard could not say its last words" in caplog.text
