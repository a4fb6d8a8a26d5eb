"""Runs a guarded entrypoint, for the tests of `guard` in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lastword
from session.fakes import clip_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from session.fake_line import LineJob

CLIP_S = 3.0


async def broken(_: Any) -> None:
    raise FileNotFoundError("model.onnx")


async def run(
    job: LineJob, entrypoint: Callable[[Any], Coroutine[Any, Any, None]] = broken, **options: Any
) -> tuple[BaseException | None, list[lastword.Report]]:
    """Run a guarded entrypoint; return what it raised and what was reported."""
    reports: list[lastword.Report] = []
    message = options.pop("message", None) or clip_of(CLIP_S)
    guarded = lastword.guard(message, on_report=reports.append, **options)(entrypoint)
    try:
        await guarded(job)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - looked at by the test
        return error, reports
    return None, reports
