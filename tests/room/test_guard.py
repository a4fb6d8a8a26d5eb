"""`guard` under a real worker: jobs are dispatched for real and fail wherever they can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lastword.testing.gateway import Gateway, quota_exceeded, unauthorized
from lastword.testing.room.caller import Caller
from room.outage import CHAT, CLIP_S, RECORD, RUNS, WORDS, show
from room.sweep import find_sweep
from room.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lastword.testing.room.server import Server

EXECUTORS = ("thread", "process")
SOON_S = 1.0 if RECORD else 3.0  # 0.2 to 0.3 s on a machine that does nothing else
CASES = ("before_connect", "after_connect", "inside_start", "start_hangs", "starts_late", "later")


@pytest.fixture(scope="module", params=EXECUTORS)
def worker(request: pytest.FixtureRequest, server: Server) -> Iterator[Worker]:
    """A worker of livekit-agents in each of its two modes."""
    with Worker(server, "room.guarded_agent", request.param) as running:
        yield running


async def test_every_failure_is_heard(server: Server, worker: Worker, room_name: str) -> None:
    """Wherever the entrypoint fails: the whole message once, and soon, and the job ends."""
    # one call at a time: five that start their processes at once on two cores are late to listen
    for case in CASES:
        await hears(server, worker, f"{room_name}-{worker.name}-{case}", case)


async def hears(server: Server, worker: Worker, room: str, case: str) -> None:
    """One call whose entrypoint fails."""
    async with Caller(server, room) as caller:
        notes = await worker.dispatch(room, case)
        await caller.until(lambda: bool(notes.reports()), 40)
        await caller.until(lambda: not caller.room.remote_participants, 15)
        recording = caller.recording()
        heard = find_sweep(recording.samples(), CLIP_S)
        (report,) = notes.reports()
        assert heard.times == 1, case
        assert heard.seconds >= CLIP_S - 0.1, (case, heard)
        assert report["path"] == "own_track", case
        assert report["played"] == "full", case
        assert [shown.text for shown in caller.shown] == [WORDS], case
        if case not in ("start_hangs", "starts_late"):
            first_sound_s = recording.at(heard.runs[0].at_s) - notes.failed_at()
            show(f"guard, {worker.name}, {case}: first sound {first_sound_s:.3f} s (target 1)")
            assert first_sound_s < SOON_S, case


async def test_a_caller_who_hangs_up(server: Server, worker: Worker, room_name: str) -> None:
    """Nobody is talked to who has gone, and the report knows."""
    room = f"{room_name}-{worker.name}"
    async with Caller(server, room) as caller:
        notes = await worker.dispatch(room, "after_connect")
        await caller.until(
            lambda: find_sweep(caller.recording().samples(), CLIP_S).seconds > 0.5, 20
        )
    async with Caller(server, room, identity="another") as witness:
        await witness.until(lambda: bool(notes.reports()), 10)
        (report,) = notes.reports()
        assert report["played"] == "part"
        assert report["played_s"] < CLIP_S - 0.5


async def test_hanging_up_ends_the_room(server: Server, worker: Worker, room_name: str) -> None:
    """With `hang_up()` for its kind of failure the caller is out when the message is over."""
    room = f"{room_name}-{worker.name}"
    async with Caller(server, room) as caller:
        notes = await worker.dispatch(room, "hangs_up")
        await caller.until(lambda: not caller.room.isconnected(), 30)
        heard = find_sweep(caller.recording().samples(), CLIP_S)
        assert (heard.times, round(heard.seconds, 1)) == (1, CLIP_S)
        await caller.until(lambda: bool(notes.reports()), 5)
        assert notes.reports()[0]["after"] == "hang_up"
        assert notes.reports()[0]["after_error"] is None


async def test_a_session_that_spoke_is_enough(
    server: Server, worker: Worker, room_name: str
) -> None:
    """The session's own last word is said; the guard adds nothing when the entrypoint fails too."""
    room = f"{room_name}-{worker.name}"
    async with Gateway() as gateway, Caller(server, room) as caller:
        gateway.script(CHAT, quota_exceeded())
        notes = await worker.dispatch(room, "attached", gateway=gateway.url)
        await caller.until(lambda: bool(notes.reports()), 30)
        await caller.until(lambda: not caller.room.remote_participants, 15)
        assert find_sweep(caller.recording().samples(), CLIP_S).times == 1
        assert [report["path"] for report in notes.reports()] == ["say"]


async def test_a_model_that_is_refused_at_the_start(
    server: Server, worker: Worker, room_name: str
) -> None:
    """A realtime handshake answered with 401 while the session starts: asked once, and heard."""
    room = f"{room_name}-{worker.name}"
    async with Gateway() as gateway, Caller(server, room) as caller:
        gateway.script("/v1/realtime", unauthorized())
        notes = await worker.dispatch(room, "realtime_refused", gateway=gateway.url)
        await caller.until(lambda: bool(notes.reports()), 30)
        await caller.until(lambda: not caller.room.remote_participants, 15)
        heard = find_sweep(caller.recording().samples(), CLIP_S)
        assert heard.times == 1
        assert heard.seconds >= CLIP_S - 0.2  # a track that has never carried sound
        assert [(r["failure"], r["played"]) for r in notes.reports()] == [("auth", "full")]
        assert [request.path for request in gateway.requests] == ["/v1/realtime"]
        assert "never retrieved" not in worker.log()


async def test_a_room_that_upstream_deletes(server: Server, worker: Worker, room_name: str) -> None:
    """RoomIO's own `delete_room_on_close` comes after the last of the message."""
    lost_s = []
    for run in range(max(1, RUNS // 4)):
        room = f"{room_name}-{worker.name}-{run}"
        async with Gateway() as gateway, Caller(server, room) as caller:
            gateway.script(CHAT, quota_exceeded())
            notes = await worker.dispatch(room, "attached", gateway=gateway.url, delete_room="yes")
            await caller.until(lambda: not caller.room.isconnected(), 30)
            heard = find_sweep(caller.recording().samples(), CLIP_S)
            await caller.until(lambda told=notes.reports: bool(told()), 5)
            assert [report["played"] for report in notes.reports()] == ["full"]
            lost_s.append(CLIP_S - max(run.last_s for run in heard.runs))
    worst = f"worst {max(lost_s) * 1000:.0f} ms of {len(lost_s)}"
    show(f"lost at the end, delete_room_on_close, {worker.name}: {worst} (target 50 ms)")
    assert max(lost_s) < (0.05 if RECORD else 0.15)
