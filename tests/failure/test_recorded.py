"""The recorded errors are understood: those that the rules were written with, and the others."""

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from failure.recorded import HELD_OUT
from lastword import Failure, classify
from lastword.testing.documented.recorded import CASES, event_of, exception_of

MARKER = "mark-9c1e-key"
BUILDING = [case for case in CASES if case["id"] not in HELD_OUT]
UNSEEN = [case for case in CASES if case["id"] in HELD_OUT]


def failures(case: dict[str, Any]) -> list[Failure]:
    """Classify the bare exception, and the event that says which component and plugin it was."""
    return [classify(exception_of(case["exception"])), classify(event_of(case))]


@pytest.mark.parametrize("case", BUILDING, ids=lambda case: case["id"])
def test_a_case_for_building_is_understood(case: dict[str, Any]) -> None:
    """Kind, verdict and waiting time are those of the provider's documentation."""
    for failure in failures(case):
        assert failure.kind.value == case["expected"]
        assert failure.terminal == case["terminal"]
        assert failure.retry_after_s == case["retry_after_s"]


@pytest.mark.parametrize("index", [0, 1], ids=["exception", "event"])
def test_unseen_cases_are_understood(index: int) -> None:
    """At most 1 of 27 wrong in terminal and 2 in kind, and nothing transient called terminal."""
    verdicts = [(case, failures(case)[index]) for case in UNSEEN]
    ends_a_call = [c["id"] for c, f in verdicts if f.terminal and not c["terminal"]]
    wrong_terminal = [c["id"] for c, f in verdicts if f.terminal != c["terminal"]]
    wrong_kind = [c["id"] for c, f in verdicts if f.kind.value != c["expected"]]
    assert not ends_a_call
    assert len(wrong_terminal) <= 1, wrong_terminal
    assert len(wrong_kind) <= 2, wrong_kind


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_component_is_known_from_the_event(case: dict[str, Any]) -> None:
    assert classify(event_of(case)).component == case["kind"]


def test_the_split_is_two_to_one() -> None:
    assert (len(BUILDING), len(UNSEEN)) == (54, 27)
    assert json.dumps(CASES)  # plain data


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_no_key_is_told(case: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """A key as header, URL parameter, user of a URL and echoed in the text is told nowhere."""
    caplog.set_level(logging.DEBUG, "lastword")
    event = event_of(case)
    url = URL(f"wss://user:{MARKER}@example.com/v1?api_key={MARKER}")
    headers = CIMultiDict({"Authorization": f"Bearer {MARKER}"})
    event.error.request_info = RequestInfo(url, "GET", CIMultiDictProxy(headers), url)
    event.error.headers = headers
    event.error.response = SimpleNamespace(
        status_code=case["exception"].get("status_code"),
        headers=headers,
        url=url,
        text=f"Incorrect API key provided: {MARKER} for {url}, headers {dict(headers)}",
    )
    failure = classify(event)
    assert MARKER not in f"{failure!r} {failure} {failure.quota!r} {failure.quota}"
    assert MARKER not in repr([vars(record) for record in caplog.records])
