"""The pytest plugin: gives tests fixtures for rehearsed calls, and a marker that breaks them.

    @pytest.mark.outage("llm", "quota_exhausted")
    async def test_the_caller_hears_it(lastword_call):
        async with lastword_call(make_session) as call:
            await call.says("hello?")
            await call.closed()
            call.assert_heard("Sorry")

The fixtures are not coroutines, so they work with pytest-asyncio and anyio alike. Nothing but
pytest is imported until a test uses one.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from .gateway import Gateway
    from .rehearsal import Rehearsal
    from .sink import RecordingSink

    LastwordCall = Callable[..., contextlib.AbstractAsyncContextManager[Rehearsal]]

_MARKER = "outage"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(component, with_, *, after_turns=0, times=None): break a component of the call "
        "that `lastword_call` rehearses, as lastword.testing.break_component does",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker that would do nothing."""
    if item.get_closest_marker(_MARKER) and "lastword_call" not in getattr(
        item, "fixturenames", ()
    ):
        raise pytest.UsageError(
            f"{item.nodeid} has the marker {_MARKER}, which breaks the call of the fixture "
            "lastword_call: expected the test to use it"
        )


@pytest.fixture
def lastword_call(request: pytest.FixtureRequest) -> LastwordCall:
    """Return a context manager that rehearses a call; give it a function that makes a session.

    It is `lastword.testing.rehearse`, by default with stand-ins and in virtual time; the test's
    `outage` markers break the call.
    """
    outages = [_outage_of(mark) for mark in request.node.iter_markers(_MARKER)]

    @contextlib.asynccontextmanager
    async def call(make_session: Callable[[], Any], **options: Any) -> AsyncIterator[Rehearsal]:
        from . import break_component, rehearse  # noqa: PLC0415 - see the module

        options = {"stand_ins": True, "virtual_time": True, **options}
        async with rehearse(make_session, **options) as rehearsed:
            with contextlib.ExitStack() as stack:
                for component, with_, kwargs in outages:
                    broken = break_component(rehearsed.session, component, with_=with_, **kwargs)
                    stack.enter_context(broken)
                yield rehearsed

    return call


@pytest.fixture
def lastword_gateway() -> Gateway:
    """Return a scripted provider: `async with lastword_gateway as gateway`."""
    from .gateway import Gateway  # noqa: PLC0415 - see the module

    return Gateway()


@pytest.fixture
def lastword_sink() -> RecordingSink:
    """Return an output that records: `session.output.audio = lastword_sink`."""
    from .sink import RecordingSink  # noqa: PLC0415 - see the module

    return RecordingSink()


def _outage_of(mark: pytest.Mark) -> tuple[Any, Any, dict[str, Any]]:
    """Read a marker: the component, what it does instead of its work, and the rest."""
    if len(mark.args) != 2 or mark.kwargs.keys() - {"after_turns", "times"}:  # noqa: PLR2004
        raise pytest.UsageError(
            'expected @pytest.mark.outage("llm", "quota_exhausted", after_turns=0, times=None), '
            f"got {mark.args} and {mark.kwargs}"
        )
    component, with_ = mark.args
    return component, with_, dict(mark.kwargs)
