"""Runs the cases of a drill in parallel, in separate processes.

Each process imports the user's module again; what it prints or logs is not part of a result and is
dropped. Words that were rendered before are found, and no sound of a stand-in is kept.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import multiprocessing
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .factories import call, environment, find_function
from .terminal import WrongUseError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from lastword.testing.cases import Case
    from lastword.testing.outcome import Outcome
    from lastword.testing.room.server import Access


def look_at(factory: str) -> list[str]:
    """Make one session and return the names of its components.

    Raises:
        WrongUseError: The function makes no session with lastword attached.
    """
    function = find_function(factory)
    return asyncio.run(_components(function, factory))


def run_all(
    factory: str, cases: list[Case], *, jobs: int, draw: bool, access: Access | None = None
) -> Iterator[Outcome]:
    """Run cases in parallel; yield each outcome as soon as it is ready.

    Args:
        factory: "MODULE:FUNCTION" that makes the session.
        cases: The cases to run.
        jobs: How many processes to use at once.
        draw: Whether the calls are to be drawn on a page.
        access: To the server in whose rooms the calls are made; None for no room.

    Raises:
        WrongUseError: A session cannot be made, or a process was killed from outside.
    """
    with concurrent.futures.ProcessPoolExecutor(
        max_workers=min(jobs, len(cases)),
        mp_context=multiprocessing.get_context("spawn"),  # a fork would share threads and loops
        initializer=_begin,
        initargs=(str(Path.cwd()),),
    ) as pool:
        work = [pool.submit(_run, factory, case, access, draw=draw) for case in cases]
        try:
            for done in concurrent.futures.as_completed(work):
                yield done.result()
        except concurrent.futures.process.BrokenProcessPool:
            raise WrongUseError(
                "a process of the drill was ended from outside, or by the agent's own code; run "
                "again with --jobs 1 to see whether memory was short"
            ) from None
        finally:
            for one in work:
                one.cancel()


async def _components(function: Any, factory: str) -> list[str]:
    from lastword.testing.beginning import prepare  # noqa: PLC0415 - takes a second to import
    from lastword.testing.drill import components_of  # noqa: PLC0415 - the same

    from .check import last_word_of  # noqa: PLC0415 - the same

    async def make() -> Any:
        made = await call(function, factory)
        last_word_of(made[0] if isinstance(made, tuple) else made, factory)
        return made

    async with prepare(make, stand_ins=True) as one:
        return components_of(one)


def _begin(folder: str) -> None:
    """Prepare a process: silence it, and go to the folder of the user's module."""
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for the process's life
    logging.disable(logging.CRITICAL)
    sys.path.insert(0, folder)


def _run(factory: str, case: Case, access: Access | None, *, draw: bool) -> Outcome:
    from lastword.testing import drill  # noqa: PLC0415 - takes a second to import
    from lastword.testing.room import drill as in_room  # noqa: PLC0415 - the same
    from lastword.testing.room.server import ServerError  # noqa: PLC0415 - the same

    function = find_function(factory)

    def make() -> Awaitable[Any]:
        return call(function, factory)

    with _own_cache():
        if access is None:
            return asyncio.run(drill.run(make, case, draw=draw))
        try:
            return asyncio.run(in_room.run(make, case, access, draw=draw))
        except ServerError as error:
            raise WrongUseError(str(error)) from None


@contextlib.contextmanager
def _own_cache() -> Iterator[None]:
    """Let the words that were rendered before be found, and add nothing to them."""
    from lastword.audio.folder import FOLDER_VARIABLE, default_folder  # noqa: PLC0415 - see _run

    kept = default_folder()
    with tempfile.TemporaryDirectory(prefix="lastword-drill-") as folder:
        for sound in kept.glob("*.wav") if kept.is_dir() else ():
            with contextlib.suppress(OSError):
                _link(sound, Path(folder) / sound.name)
        with environment({FOLDER_VARIABLE: folder}):
            yield


def _link(sound: Path, to: Path) -> None:
    try:
        os.link(sound, to)
    except OSError:  # another file system
        shutil.copyfile(sound, to)
