"""The words of `guard`: from the cache, a voice or an iterable, else a bundled clip.

In real time: files are read in threads, which know no virtual time.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import lastword
from session.fake_line import LineJob, LineRoom, browser, tracks_in_loop_time
from session.fakes import FakeTTS, clip_of
from session.guarded import run


@pytest.fixture(autouse=True)
def _line(monkeypatch: pytest.MonkeyPatch) -> None:
    tracks_in_loop_time(monkeypatch)


WORDS = "Something is broken here, please call again."


async def fails_with_its_words_ready(_: Any) -> None:
    making = [t for t in asyncio.all_tasks() if t.get_name() == "lastword_guard_words"]
    await asyncio.wait(making, timeout=10)
    raise ValueError("later")


async def origins(calls: int, **options: Any) -> list[str | None]:
    """Run a guarded entrypoint for some calls; return where the sound of each came from."""
    reports: list[lastword.Report] = []
    decorate = lastword.guard(WORDS, on_report=reports.append, **options)
    guarded = decorate(fails_with_its_words_ready)
    for _ in range(calls):
        room = LineRoom(browser())
        # the message itself is of no interest: its caller leaves as soon as it begins
        room.on("published", lambda room=room: room.lose("web"))
        with pytest.raises(ValueError, match="later"):
            await guarded(LineJob(room))  # type: ignore[arg-type]
    return [report.source for report in reports]


async def test_words_of_the_cache_are_there_at_once() -> None:
    """Those that an agent, or `lastword bake`, has rendered, in whatever voice."""
    await lastword.bake(FakeTTS(0.5), WORDS)
    _, (report,) = await run(LineJob(LineRoom(browser())), message=WORDS)
    assert (report.source, report.transcript, report.played) == ("own_voice", WORDS, "full")
    assert report.clip_s == pytest.approx(0.5, abs=0.1)


async def test_words_are_rendered_in_a_voice_of_their_own() -> None:
    """Once per process, beside the entrypoint; the function may be asynchronous."""
    made: list[FakeTTS] = []

    async def make() -> FakeTTS:
        made.append(FakeTTS(0.5))
        return made[-1]

    assert await origins(2, tts=make) == ["own_voice", "own_voice"]
    assert len(made) == 1


async def test_words_that_nobody_renders_are_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The bundled clip speaks, and the warning says how to have the words."""
    assert await origins(2) == ["bundled", "bundled"]
    assert len([r for r in caplog.records if "`lastword bake`" in r.getMessage()]) == 1


async def test_words_that_are_rendered_later_are_found() -> None:
    """Not only when the module is imported: the next job looks again."""
    reports: list[lastword.Report] = []
    decorate = lastword.guard(WORDS, on_report=reports.append)
    await lastword.bake(FakeTTS(0.3), WORDS)
    with pytest.raises(ValueError, match="later"):
        await decorate(fails_with_its_words_ready)(LineJob(LineRoom(browser())))  # type: ignore[arg-type]
    assert [report.source for report in reports] == ["own_voice"]


async def test_a_voice_that_fails_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def make() -> FakeTTS:
        raise RuntimeError("no key")

    assert await origins(1, tts=make) == ["bundled"]
    assert "the words are not rendered" in caplog.text


async def test_an_iterable_of_frames_is_collected_in_the_first_job() -> None:
    async def frames() -> Any:
        for frame in clip_of(0.3).frames():
            yield frame

    job = LineJob(LineRoom(browser()))
    _, (report,) = await run(job, fails_with_its_words_ready, message=frames())
    assert (report.source, report.clip_s, report.played) == ("clip", 0.3, "full")
