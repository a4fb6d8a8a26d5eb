"""What the first verdict needs is there before it."""

import aiohttp
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


@pytest.mark.usefixtures("cold")
def test_errors_of_loaded_sdks_are_among_those_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """With their responses: the way through these would be new at the moment of a failure."""
    judged: list[object] = []
    monkeypatch.setattr(warm, "classify", judged.append)
    warm.warm_up()
    behind = [getattr(getattr(event, "error", None), "__context__", None) for event in judged]
    refused = [error for error in behind if isinstance(error, openai.NotFoundError)]
    assert refused
    assert all(error.response.status_code == error.status_code for error in refused)
    assert any(isinstance(error, aiohttp.ClientResponseError) for error in behind)


@pytest.mark.usefixtures("cold")
def test_an_sdk_that_is_built_otherwise_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(openai, "NotFoundError")
    monkeypatch.delattr(aiohttp, "ClientResponseError")
    warm.warm_up()
