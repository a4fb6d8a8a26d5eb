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
