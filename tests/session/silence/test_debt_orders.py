"""No order of events breaks a bound of a debt (property test)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from lastword import Silence
from lastword.session.silence.debt import EMPTY_ANSWERS, Debt
from lastword.session.silence.steps import Filler, GiveUp, Look
from session.silence.on_paper import LLM, PENDING, TOOL, TTS, Caller

if TYPE_CHECKING:
    from collections.abc import Callable


def _answered_nothing(call: Caller) -> None:
    call.debt.answered_nothing(call.now)


_EVENTS: list[Callable[[Caller], object]] = [
    lambda call: call.agent("thinking"),
    lambda call: call.agent("speaking"),
    lambda call: call.agent("listening"),
    lambda call: call.user("speaking"),
    lambda call: call.user("listening"),
    lambda call: call.says(),
    lambda call: call.says(final=False),
    lambda call: call.frames(0.5),
    lambda call: call.frames(0.5, audible=False),
    lambda call: call.debt.tool_began(),
    lambda call: call.debt.tool_ended(call.now),
    lambda call: call.debt.speech_created(call.now),
    lambda call: call.debt.speech_done(),
    lambda call: call.debt.asked(),
    lambda call: call.debt.asked_anew(call.now),
    _answered_nothing,
    lambda call: call.debt.restart(call.now),
]
_SILENCE = Silence(filler=True, deaf_prompt=True)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(_EVENTS),
            st.floats(0.0, 40.0),
            st.sampled_from([LLM, TTS, TOOL, PENDING]),
        ),
        max_size=60,
    )
)
def test_no_order_of_events_breaks_a_bound(
    events: list[tuple[Callable[[Caller], object], float, Look]],
) -> None:
    """Never before its bound, at most one filler a turn, never while the caller speaks.

    Only empty answers may end a call before its bound.
    """
    call = Caller(Debt(_SILENCE)).agent("listening")
    for event, seconds, look in events:
        before = len(call.steps)
        event(call)
        call.look = look
        speaks = call.debt._user == "speaking"
        call.wait(seconds)
        assert not (speaks and any(isinstance(s, Filler | GiveUp) for s in call.done[before:]))
    empty = sum(event is _answered_nothing for event, _, _ in events)
    for step in call.done:
        if isinstance(step, Filler):
            assert step.waited_s >= _SILENCE.filler_after_s - 1e-3
        elif isinstance(step, GiveUp):
            bound_s = _SILENCE.unanswered_after_s if step.hanging == "turn" else 30.0
            assert step.waited_s >= bound_s - 1e-3 or empty >= EMPTY_ANSWERS
