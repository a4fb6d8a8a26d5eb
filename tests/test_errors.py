"""Errors travel: between processes, and through code that copies what it caught."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING

import pytest

from lastword import InferenceQuotaExceededError, errors

if TYPE_CHECKING:
    from collections.abc import Callable

MADE = [
    *(getattr(errors, name)("what happened") for name in errors.__all__),
    errors.ClipFormatError("damaged", source="a.wav"),
    errors.UnsupportedVersionError("differs", name="emit", expected="a method", found="none"),
    InferenceQuotaExceededError(
        "no credits", request_id="r-1", body={"error": "none"}, quota_type="llm", category="MaxRpm"
    ),
]


def sent(error: Exception) -> Exception:
    """The error as another process gets it."""
    again: Exception = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    return again


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, sent])
def test_an_error_can_be_copied_and_pickled(
    error: Exception, again: Callable[[Exception], Exception]
) -> None:
    other = again(error)
    assert type(other) is type(error)
    assert str(other) == str(error)
    assert vars(other) == vars(error)
