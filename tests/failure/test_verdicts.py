"""The documented and reported errors are understood: those for building the rules, and others."""

from typing import Any

import pytest
from livekit.agents import APIStatusError

from failure.verdicts import BUILDING, UNSEEN, event_of, exception_of
from lastword import classify


@pytest.mark.parametrize("case", BUILDING, ids=lambda case: case["id"])
def test_a_case_for_building_is_understood(case: dict[str, Any]) -> None:
    failure = classify(event_of(case))
    assert (failure.kind.value, failure.terminal) == (case["expected"], case["terminal"])


@pytest.mark.parametrize("case", [*BUILDING, *UNSEEN], ids=lambda case: case["id"])
def test_no_event_is_needed_to_let_a_call_live(case: dict[str, Any]) -> None:
    """Without the event that names component and plugin, nothing transient is called terminal."""
    assert case["terminal"] or not classify(exception_of(case)).terminal


def test_unseen_cases_are_understood() -> None:
    """At most 1 in 25 wrong in terminal, and nothing transient called terminal."""
    verdicts = [(case, classify(event_of(case))) for case in UNSEEN]
    ends_a_call = [c["id"] for c, f in verdicts if f.terminal and not c["terminal"]]
    wrong = [c["id"] for c, f in verdicts if f.terminal != c["terminal"]]
    assert not ends_a_call
    assert len(wrong) <= len(UNSEEN) / 25, wrong


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("Invalid parameter: messages.[3].role", "Invalid parameter: messages.[5].role", True),
        ("No tool output found for function call call_tqhM1.",
         "No tool output found for function call call_8Wxp9.", True),
        ("Invalid parameter: messages.[3].role", "Invalid value for temperature", False),
    ],
)  # fmt: skip
def test_the_reason_of_a_bad_request_is_told_apart(
    first: str, second: str, *, is_same: bool
) -> None:
    """By its words; places and ids differ from turn to turn."""
    reasons = {
        classify(APIStatusError(said, status_code=400, body={"message": said})).reason
        for said in (first, second)
    }
    assert len(reasons) == (1 if is_same else 2)
    assert "" not in reasons


def test_the_split_is_two_to_one() -> None:
    assert (len(BUILDING), len(UNSEEN)) == (133, 66)
