"""The farewell to the caller of a job that is sent away, in virtual time: when, and when not."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from livekit.agents import Agent, AgentSession

import lastword
from lastword.failure.kinds import FailureKind
from session.after.test_followup import Noted
from session.fake_line import LineJob, LineRoom, browser, phone, tracks_in_loop_time
from session.fakes import clip_of
from session.guarded import run as run_guarded
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

CLIP_S = 1.0


@pytest.fixture(autouse=True)
def _line(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks_in_loop_time(monkeypatch)


class Info(NamedTuple):
    """Why a job ends, as livekit-agents notes it."""

    user_initiated: bool
    reason: str


class EndingJob(LineJob):
    """A job as far as its end goes: set up and ended in the order of livekit-agents."""

    def __init__(self, *participants: Any) -> None:
        super().__init__(LineRoom(*participants))
        self._shutdown_fut: asyncio.Future[Info] = asyncio.get_running_loop().create_future()

        def on_shutdown(reason: str) -> None:
            self.end(Info(user_initiated=True, reason=reason))

        self._on_shutdown = on_shutdown
        self.uploaded = False

    def shutdown(self, reason: str) -> None:
        super().shutdown(reason)
        self._on_shutdown(reason)

    def end(self, info: Info) -> None:
        if not self._shutdown_fut.done():
            self._shutdown_fut.set_result(info)

    async def _on_session_end(self) -> None:
        self.uploaded = True

    async def run_down(self, on_session_end: Callable[[Any], Any] | None = None) -> None:
        """What livekit-agents does once the job is to end."""
        await self._shutdown_fut
        if self.session is not None:
            await self.session.aclose()
        if on_session_end is not None:
            await on_session_end(self)
        await self._on_session_end()
        await self.room.disconnect()


SENT_AWAY = Info(user_initiated=False, reason="")


def said_s(job: EndingJob) -> float:
    """Seconds of sound on tracks of our own, without the silence before it."""
    played = [track.source.played[1:] for track in job.room.tracks]
    return sum(len(frame) for frames in played for frame in frames) / 2 / 24000


def test_a_job_that_is_sent_away_tells_its_caller(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        job = EndingJob(browser())
        action = Noted([])
        job.end(SENT_AWAY)
        await job.run_down(lastword.farewell(clip_of(CLIP_S), after=action))
        assert said_s(job) == pytest.approx(CLIP_S)
        assert action.events == ["late"]
        (record,) = [record for record in caplog.records if hasattr(record, "lastword")]
        told = record.lastword
        assert (told["failure"], told["played"]) == ("agent_died", "full")
        assert told["detail"] == "the worker has ended the job"

    run_virtual(main())


@pytest.mark.parametrize("why", ["the user", "nobody there", "the room is lost", "console"])
def test_there_may_be_nothing_to_say(why: str) -> None:
    async def main() -> None:
        job = EndingJob(*([] if why == "nobody there" else [browser()]))
        job.is_fake = why == "console"
        job.room.connected = why != "the room is lost"
        if why == "the user":
            job.shutdown("all is said")
        job.end(SENT_AWAY)
        action = Noted([])
        await job.run_down(lastword.farewell(clip_of(CLIP_S), after=action))
        assert (job.room.tracks, action.events) == ([], [])

    run_virtual(main())


def test_a_caller_who_was_told_is_not_told_again() -> None:
    """The guard has spoken when the entrypoint raised; the job then ends as crashed."""

    async def main() -> None:
        job = EndingJob(browser())
        await run_guarded(job, message=clip_of(CLIP_S))
        job.end(Info(user_initiated=False, reason="job crashed"))
        await job.run_down(lastword.farewell(clip_of(CLIP_S)))
        assert len(job.room.tracks) == 1

    run_virtual(main())


def test_an_entrypoint_that_raises_without_a_guard(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        job = EndingJob(browser())
        job.end(Info(user_initiated=False, reason="job crashed"))
        await job.run_down(lastword.farewell(clip_of(CLIP_S)))
        assert said_s(job) == pytest.approx(CLIP_S)
        assert any("entrypoint has raised" in str(vars(record)) for record in caplog.records)

    run_virtual(main())


def test_a_phone_caller_whose_line_stays_open_is_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        job = EndingJob(phone())
        job.end(SENT_AWAY)
        await job.run_down(lastword.farewell(clip_of(CLIP_S)))
        assert "to farewell()" in caplog.text

    run_virtual(main())


def test_a_job_that_does_not_tell_why_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    """Of an unknown version: one clear warning, and nothing is said."""

    async def main() -> None:
        job = EndingJob(browser())
        job.end(SENT_AWAY)
        job._on_shutdown = None  # type: ignore[assignment]
        await job.run_down(lastword.farewell(clip_of(CLIP_S)))
        assert job.room.tracks == []
        assert [r.message for r in caplog.records if "no farewell" in r.message] != []

    run_virtual(main())


# --- a session's own -----------------------------------------------------------------------------


async def started(
    monkeypatch: pytest.MonkeyPatch, job: EndingJob, **options: Any
) -> tuple[lastword.LastWord, list[lastword.Report]]:
    """Start a session of a job with a farewell."""
    monkeypatch.setattr("lastword._upstream.rooms.job_of_this_process", lambda: job)
    reports: list[lastword.Report] = []
    session: AgentSession[None] = AgentSession()
    options.setdefault("farewell", lastword.farewell(clip_of(CLIP_S), after=Noted([])))
    last_word = lastword.attach(session, on_report=reports.append, **options)
    await session.start(Agent(instructions=""))
    job.session = session
    return last_word, reports


def test_a_session_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the same place, without anything given to the worker; what upstream does there is kept."""

    async def main() -> None:
        job = EndingJob(browser())
        _, reports = await started(monkeypatch, job)
        job.end(SENT_AWAY)
        await job.run_down()
        (report,) = reports
        assert (report.failure.kind, report.played) == (FailureKind.AGENT_DIED, "full")
        assert report.after == "noted"
        assert job.uploaded

    run_virtual(main())


def test_two_farewells_are_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        job = EndingJob(browser())
        await started(monkeypatch, job)
        job.end(SENT_AWAY)
        await job.run_down(lastword.farewell(clip_of(CLIP_S)))
        assert len(job.room.tracks) == 1

    run_virtual(main())


@pytest.mark.parametrize("how", ["closed before", "detached", "without"])
def test_a_session_may_have_nothing_to_say(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Who has closed the session while the job lives may have given the caller to somebody else."""

    async def main() -> None:
        job = EndingJob(browser())
        options = {"farewell": None} if how == "without" else {}
        last_word, reports = await started(monkeypatch, job, **options)
        if how == "closed before":
            await job.session.aclose()
        elif how == "detached":
            last_word.detach()
            assert "_on_session_end" not in vars(job)
        job.end(SENT_AWAY)
        await job.run_down()
        assert (job.room.tracks, reports) == ([], [])
        assert job.uploaded

    run_virtual(main())


def test_a_session_without_a_job(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        monkeypatch.setattr("lastword._upstream.rooms.job_of_this_process", lambda: None)
        session: AgentSession[None] = AgentSession()
        lastword.attach(session, farewell=lastword.farewell()).detach()
        assert caplog.text.count("no farewell will be said") == 1

    run_virtual(main())


# --- what is given -------------------------------------------------------------------------------


def test_it_travels_to_the_process_of_a_job() -> None:
    """`on_session_end` is pickled by the worker; the sounds are made again on the other side."""
    given = lastword.farewell("We must end this call.", after=lastword.leave())
    again = pickle.loads(pickle.dumps(given))  # noqa: S301 - our own
    assert again.plan.for_kind(FailureKind.AGENT_DIED) == lastword.leave()


def test_wrong_arguments_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(lastword.ClipNotFoundError):
        lastword.farewell("gone.wav")
    with pytest.raises(TypeError, match="as after"):
        lastword.farewell(after="hang_up")  # type: ignore[arg-type]
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.delenv(name, raising=False)

    async def main() -> None:
        session: AgentSession[None] = AgentSession()
        with pytest.raises(TypeError, match="expected farewell"):
            lastword.attach(session, farewell="We must end this call.")  # type: ignore[arg-type]
        with pytest.raises(lastword.MissingCredentialsError):
            lastword.attach(session, farewell=lastword.farewell(after=lastword.hang_up()))

    run_virtual(main())
