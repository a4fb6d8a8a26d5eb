"""What a user sets about silence is checked when it is set."""

from __future__ import annotations

import math

import pytest

from lastword import Silence

TIMES = [name for name in Silence.__dataclass_fields__ if name.endswith("_s")]


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("value", [0, -1.0, math.inf, math.nan, True, "4", None])
def test_a_wrong_time_is_refused_when_it_is_set(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        Silence(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("filler_after_s", "give_up_after_s"),
        ("tool_filler_after_s", "tool_give_up_after_s"),
        ("give_up_after_s", "tool_give_up_after_s"),
    ],
)
def test_times_out_of_order_are_refused(first: str, then: str) -> None:
    times = {"filler_after_s": 1.0, "tool_filler_after_s": 1.0, "give_up_after_s": 5.0}
    with pytest.raises(ValueError, match=first):
        Silence(filler=True, **{**times, first: 20.0, then: 10.0})


def test_times_of_a_filler_that_is_not_wanted_do_not_matter() -> None:
    assert Silence(give_up_after_s=3.0).give_up_after_s == 3.0
