"""Foreign work ends, is cancelled, or is left behind: whoever waits for it goes on in time."""

from __future__ import annotations

import asyncio
import contextlib
import gc

import pytest

from lastword import bounded
from session.virtual_time import run_virtual


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> set[asyncio.Future[object]]:
    """What is held in this test alone: a loop that another test closed ends nothing any more."""
    tasks: set[asyncio.Future[object]] = set()
    monkeypatch.setattr(bounded, "_running", tasks)
    return tasks


async def swallow() -> str:
    """Work that survives its first cancellation."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(1000)
    return await asyncio.sleep(1000, "late")


def test_what_ends_in_time_is_left_as_it_is() -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.sleep(1, "done"))
        assert await bounded.ends(task, timeout_s=2)
        assert task.result() == "done"

    run_virtual(main())


@pytest.mark.parametrize(("swallows", "gone_s"), [(False, 2.0), (True, 2.0 + bounded.CANCEL_S)])
def test_what_hangs_is_cancelled_and_not_waited_for(*, swallows: bool, gone_s: float) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        task = asyncio.create_task(swallow() if swallows else asyncio.sleep(1000, ""))
        assert not await bounded.ends(task, timeout_s=2)
        assert loop.time() - begin == pytest.approx(gone_s)
        assert task.done() is not swallows
        assert (task in bounded._running) is swallows

    run_virtual(main())
    assert not bounded._running


def test_a_waiter_that_is_cancelled_cancels_the_work() -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.sleep(1000, ""))
        waiter = asyncio.create_task(bounded.ends(task, timeout_s=2))
        await asyncio.sleep(1)
        waiter.cancel()
        await asyncio.wait({waiter, task})
        assert waiter.cancelled()
        assert task.cancelled()

    run_virtual(main())


def test_abandoned_work_is_held_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """Work that nobody refers to is not collected while it runs, whichever way it was begun."""

    async def main() -> None:
        assert not await bounded.finished(swallow(), name="abandoned", timeout_s=1)
        await asyncio.sleep(1)  # its first cancellation is swallowed
        gc.collect()
        (abandoned,) = bounded._running
        assert isinstance(abandoned, asyncio.Task)
        assert abandoned.get_name() == "abandoned"
        abandoned.cancel()
        await asyncio.wait({abandoned})
        assert not bounded._running

    run_virtual(main())
    assert "abandoned" not in caplog.text


def test_what_abandoned_work_raises_later_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    async def late() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1000)
        raise OSError("nobody asks for this")

    async def main() -> None:
        assert not await bounded.finished(late(), name="abandoned", timeout_s=1)
        await asyncio.sleep(1)
        gc.collect()

    run_virtual(main())
    assert "nobody asks for this" not in caplog.text


def test_a_wait_that_is_cancelled_when_the_work_ends_is_cancelled() -> None:
    """Both in one turn of the loop: before Python 3.12 `asyncio.wait_for` would go on."""

    async def main() -> None:
        work = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(bounded.within(work, 5))
        await asyncio.sleep(0)
        work.set_result(None)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run_virtual(main())


def test_a_wait_ends_as_its_work_does_or_in_time() -> None:
    async def fails() -> None:
        raise ValueError("no")

    async def main() -> None:
        assert await bounded.within(asyncio.sleep(1, "done"), 2) == "done"
        with pytest.raises(ValueError, match="no"):
            await bounded.within(fails(), 2)
        work = asyncio.get_running_loop().create_future()
        with pytest.raises(asyncio.TimeoutError):
            await bounded.within(work, 2)
        assert work.cancelled()

    run_virtual(main())
