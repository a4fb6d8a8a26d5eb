"""A failure's line is made when it is first read, and nobody can tell."""

import copy
import pickle
from dataclasses import asdict, replace

import pytest

from lastword import Failure, FailureKind


class Made:
    """A line that counts how often it is made."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> str:
        self.times += 1
        return "what happened"


def put_off() -> tuple[Failure, Made]:
    """A failure whose line is not made yet."""
    made = Made()
    fields = {"kind": FailureKind.AUTH, "terminal": True, "retryable": False}
    return Failure.described_by(made, **fields), made


WHOLE = Failure(FailureKind.AUTH, terminal=True, retryable=False, detail="what happened")


def test_the_line_is_made_once_and_only_if_it_is_read() -> None:
    failure, made = put_off()
    assert failure.kind is FailureKind.AUTH
    assert failure.terminal
    assert made.times == 0
    assert failure.detail == failure.detail == "what happened"
    assert made.times == 1
    assert vars(failure) == vars(WHOLE)


def test_a_failure_put_off_is_like_any_other() -> None:
    assert put_off()[0] == WHOLE
    assert repr(put_off()[0]) == repr(WHOLE)
    assert hash(put_off()[0]) == hash(WHOLE)
    assert asdict(put_off()[0]) == asdict(WHOLE)
    assert copy.copy(put_off()[0]) == copy.deepcopy(put_off()[0]) == WHOLE
    assert replace(put_off()[0], component="llm") == replace(WHOLE, component="llm")


def test_a_pickle_holds_the_finished_line() -> None:
    failure, _ = put_off()
    assert vars(pickle.loads(pickle.dumps(failure))) == vars(WHOLE)  # noqa: S301 - our own


def test_a_field_that_does_not_exist_is_missed() -> None:
    failure, _ = put_off()
    with pytest.raises(AttributeError, match="'Failure' object has no attribute 'details'"):
        _ = failure.details  # type: ignore[attr-defined]
