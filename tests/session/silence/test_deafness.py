"""An agent that hears no word says so once, and only when nothing else explains it."""

from __future__ import annotations

import pytest

from lastword.session.silence.deafness import UTTERANCES
from lastword.session.silence.steps import Deaf
from session.silence.on_paper import Caller


def mumble(call: Caller, seconds: float = 1.0) -> None:
    call.user("speaking").wait(seconds).user("listening").wait(5.0)


def test_a_deaf_agent_is_told_once_and_never_ends_a_call() -> None:
    call = Caller().agent("listening")
    for _ in range(3 * UTTERANCES):
        mumble(call)
    assert call.done == [Deaf()]


def half_heard(call: Caller, *, final: bool) -> None:
    """Interim words, and perhaps final ones that come late."""
    call.user("speaking").wait(0.5).says(final=False).wait(0.5).user("listening").wait(2.0)
    if final:
        call.says()
        call.agent("thinking").agent("listening")
    call.wait(3.0)


def test_words_that_never_become_final_are_not_heard() -> None:
    """The prompt is said; nothing is owed for words that may have been noise."""
    call = Caller().agent("listening")
    for _ in range(2 * UTTERANCES):
        half_heard(call, final=False)
    assert call.wait(100.0).done == [Deaf()]


def test_words_that_become_final_late_are_heard() -> None:
    call = Caller().agent("listening")
    for _ in range(2 * UTTERANCES):
        half_heard(call, final=True)
    assert call.done == []


def test_nothing_is_waited_for_when_the_final_words_come_first() -> None:
    """A quick STT is done before silence ends the turn; then its words are left unanswered."""
    call = Caller().agent("listening")
    for _ in range(2 * UTTERANCES):
        call.user("speaking").wait(1.0).says().user("listening", manual=True)
        assert call.debt.due_at is None
        call.wait(5.0)
    assert call.done == []


@pytest.mark.parametrize("breaks", ["short", "words", "answer"])
def test_what_keeps_an_agent_from_being_deaf(breaks: str) -> None:
    call = Caller().agent("listening")
    for _ in range(UTTERANCES - 1):
        mumble(call)
    if breaks == "short":
        mumble(call, 0.3)
    elif breaks == "words":
        call.user("speaking").wait(1.0).says(final=False).user("listening").wait(0.1)
        call.agent("thinking").wait(0.5).agent("speaking").wait(1.0).agent("listening")
        mumble(call)
    else:
        call.agent("thinking").wait(0.5).agent("speaking").wait(1.0).agent("listening")
        mumble(call)
    assert call.done == []
