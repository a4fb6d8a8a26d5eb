"""What the first verdict needs is there before it."""

import openai
import pytest
from livekit.agents import APIStatusError

from lastword.failure import warm
from lastword.failure.evidence.classes import class_of


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has seen no error."""
    class_of.cache_clear()
    warm.warm_up.cache_clear()


@pytest.mark.usefixtures("cold")
def test_classes_that_plugins_raise_are_known_beforehand() -> None:
    warm.warm_up()
    known = class_of.cache_info()
    class_of(openai.RateLimitError)  # type: ignore[arg-type] # classes are hashable
    class_of(APIStatusError)  # type: ignore[arg-type] # the same
    assert class_of.cache_info().misses == known.misses
    assert known.currsize < (known.maxsize or 0)


@pytest.mark.usefixtures("cold")
def test_it_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each session of a process attaches."""
    warm.warm_up()
    monkeypatch.setattr(warm, "classify", lambda _: pytest.fail("again"))
    warm.warm_up()
