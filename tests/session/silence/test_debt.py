"""The debt of an agent: every way to owe a sound ends within its bound, and no good call does."""

from __future__ import annotations

import pytest

from lastword import Silence
from lastword.session.silence.debt import EMPTY_ANSWERS, Debt, State
from lastword.session.silence.steps import Filler, GiveUp, Look
from session.silence.on_paper import LLM, PENDING, TOOL, TTS, Caller, asked


@pytest.mark.parametrize("who", ["llm", "tts", "realtime"])
def test_a_hanging_component_is_named_at_its_bound(who: str) -> None:
    call = asked(Look(in_flight=frozenset({who})))  # type: ignore[arg-type]
    start = call.now
    call.wait(60.0)
    assert call.steps == [
        (pytest.approx(start + 4.0), Filler(pytest.approx(4.0))),
        (pytest.approx(start + 30.0), GiveUp(who, pytest.approx(30.0))),  # type: ignore[arg-type]
    ]
    assert call.debt.state is State.GIVEN_UP


def test_a_tts_that_waits_for_text_is_not_blamed() -> None:
    call = asked(Look(in_flight=frozenset({"llm", "tts"}))).wait(40.0)
    assert call.done[-1] == GiveUp("llm", pytest.approx(30.0))


def test_a_filler_is_made_ready_when_half_of_its_time_has_gone_by() -> None:
    call = asked()
    start = call.now
    call.wait(30.0)
    assert call.soon == [pytest.approx(start + 2.0)]
    tool = asked(TOOL)
    start = tool.now
    assert tool.wait(30.0).soon == [pytest.approx(start + 4.0)]


def test_where_nobody_listens_nobody_waits() -> None:
    """An outbound call that is not answered yet, an output that is switched off."""
    call = asked(Look(in_flight=frozenset({"tts"}), unheard=True)).wait(600.0)
    assert call.done == []
    call.look = TTS
    call.wait(60.0)
    assert [type(step) for step in call.done] == [Filler, GiveUp]


@pytest.mark.parametrize("told", [True, False])
def test_a_hanging_tool_has_its_own_bounds(*, told: bool) -> None:
    """Where no event tells of it, it is known by nobody being asked."""
    call = asked(TOOL)
    if told:
        call.debt.tool_began()
    start = call.now
    call.wait(200.0)
    assert [(at - start, type(step)) for at, step in call.steps] == [
        (pytest.approx(8.0), Filler), (pytest.approx(120.0), GiveUp)
    ]  # fmt: skip
    assert call.done[-1] == GiveUp("tool", pytest.approx(120.0))


def test_the_reply_to_a_tool_is_owed_anew_without_a_second_filler() -> None:
    call = asked(TOOL)
    call.debt.tool_began()
    call.wait(100.0)
    call.debt.tool_ended(call.now)
    call.look = LLM
    ended = call.now
    call.wait(60.0)
    assert [type(step) for step in call.done] == [Filler, GiveUp]
    assert call.steps[-1][0] == pytest.approx(ended + 30.0)
    assert call.debt.waited_s(call.now) == pytest.approx(160.5)


@pytest.mark.parametrize("pays", ["speaking", "listening", "user"])
def test_a_debt_is_paid(pays: str) -> None:
    call = asked().wait(29.0)
    if pays == "user":
        call.user("speaking")
    else:
        call.agent(pays)
    assert call.debt.state is State.PAID
    assert [type(step) for step in call.wait(300.0).done] == [Filler]


def test_a_filler_is_said_once_a_turn() -> None:
    call = asked().wait(5.0).user("speaking").wait(1.0).user("listening").wait(25.0)
    assert [type(step) for step in call.done] == [Filler]
    call.agent("speaking").wait(1.0).agent("listening").agent("thinking").wait(5.0)
    assert [type(step) for step in call.done] == [Filler, Filler]


def test_no_filler_over_another_sound() -> None:
    call = asked(Look(in_flight=frozenset({"llm"}), covered=True)).wait(29.0)
    assert call.done == []


@pytest.mark.parametrize("filler", [None, False, ""])
def test_no_filler_unless_wanted(filler: bool | str | None) -> None:
    assert asked(silence=Silence(filler=filler)).wait(29.0).done == []


def test_a_turn_that_hangs_is_given_up() -> None:
    call = Caller(look=PENDING).agent("listening").user("speaking").wait(1.0).user("listening")
    call.says()
    start = call.now
    call.wait(60.0)
    assert call.steps == [(pytest.approx(start + 12.0), GiveUp("turn", pytest.approx(12.0)))]


def test_a_turn_that_is_left_unanswered_on_purpose_is_not() -> None:
    call = Caller(look=Look()).agent("listening").user("speaking").wait(1.0).user("listening")
    assert call.says().wait(300.0).done == []
    assert call.debt.state is State.PAID


def test_the_clock_starts_anew_when_a_turn_becomes_the_agents() -> None:
    """Else a false filler follows."""
    call = Caller().agent("listening").user("speaking").wait(1.0).user("listening").says()
    call.wait(11.0).agent("thinking").wait(3.9)
    assert call.done == []


def test_a_turn_that_ends_by_hand_is_nobodys_until_then() -> None:
    call = Caller(look=PENDING).agent("listening").user("speaking").wait(1.0)
    call.user("listening", manual=True).says(manual=True).wait(300.0)
    assert call.done == []


def test_a_realtime_reply_that_never_comes() -> None:
    """Realtime models do not say that they think."""
    call = Caller(look=Look(in_flight=frozenset({"realtime"}))).agent("listening")
    call.debt.speech_created(call.now)
    call.wait(60.0)
    assert call.done[-1] == GiveUp("realtime", pytest.approx(30.0))


def test_a_speech_that_ends_without_sound_owes_nothing() -> None:
    call = Caller(look=Look(in_flight=frozenset({"realtime"}))).agent("listening")
    call.debt.speech_created(call.now)
    call.wait(1.0)
    call.debt.speech_done()
    assert call.wait(300.0).done == []


def test_a_handler_that_keeps_the_session_restarts_the_clock() -> None:
    call = asked(silence=Silence()).wait(31.0)
    call.debt.restart(call.now)
    again = call.now
    call.wait(40.0)
    assert [type(step) for step in call.done] == [GiveUp, GiveUp]
    assert call.steps[-1][0] == pytest.approx(again + 30.0)


def test_a_session_that_keeps_quiet_for_itself_owes_nothing_after_its_close() -> None:
    call = asked().wait(1.0)
    call.debt.close()
    assert call.debt.due_at is None


def test_a_question_after_an_interruption_starts_the_clock_anew() -> None:
    """At the same moment: the agent has not stopped thinking in between."""
    call = asked().wait(20.0)
    call.debt.asked_anew(call.now)
    anew = call.now
    call.wait(40.0)
    assert [(at - anew, type(step)) for at, step in call.steps[1:]] == [
        (pytest.approx(4.0), Filler), (pytest.approx(30.0), GiveUp)
    ]  # fmt: skip


def test_a_turn_is_not_ended_while_a_tool_runs() -> None:
    """That of a reply that was interrupted: livekit-agents waits for it before the next one."""
    call = Caller(Debt(Silence()), PENDING).agent("listening")
    call.debt.tool_began()
    call.user("speaking").wait(1.0).user("listening").says().wait(30.0)
    assert call.done == []
    call.debt.tool_ended(call.now)
    call.wait(30.0)
    assert call.done == [GiveUp("turn", pytest.approx(12.0))]


def test_after_an_interruption_of_everything_nothing_is_owed() -> None:
    """A reply that still waited in the queue leaves the agent thinking, and will never come."""
    call = asked().wait(2.0)
    call.debt.interrupted()
    assert call.wait(200.0).done == []


def test_the_wait_for_a_reply_includes_that_for_the_one_interrupted_before_it() -> None:
    """The caller spoke on; livekit-agents replies once the interruption is over."""
    call = asked()
    asked_at = call.now
    call.wait(3.0).debt.interrupted()
    call.debt.turn_goes_on(call.now)
    call.wait(60.0)
    assert [(at - asked_at, type(step)) for at, step in call.steps] == [
        (pytest.approx(4.0), Filler), (pytest.approx(30.0), GiveUp)
    ]  # fmt: skip


def nothing(call: Caller, *, first: bool) -> None:
    """The LLM answers with nothing, and this is told before or after the agent listens."""
    if first:
        call.debt.answered_nothing(call.now)
    call.agent("listening")
    if not first:
        call.debt.answered_nothing(call.now)


@pytest.mark.parametrize("first", [True, False])
def test_an_empty_answer_is_none(*, first: bool) -> None:
    call = asked(silence=Silence())
    start = call.now
    nothing(call.wait(10.0), first=first)
    call.look = TOOL
    call.wait(60.0)
    assert call.steps == [(pytest.approx(start + 30.0), GiveUp("llm", pytest.approx(30.0)))]


@pytest.mark.parametrize("first", [True, False])
def test_the_last_of_several_empty_answers_is_not_waited_for(*, first: bool) -> None:
    call = Caller(Debt(Silence())).agent("listening")
    for _ in range(EMPTY_ANSWERS):
        assert call.done == []
        call.user("speaking").wait(1.0).user("listening").says().agent("thinking").wait(1.0)
        nothing(call, first=first)
        call.wait(5.0)
    assert call.done == [GiveUp("llm", pytest.approx(1.0))]


def test_an_empty_answer_that_nobody_has_asked_for_is_good() -> None:
    call = asked(silence=Silence()).wait(1.0).agent("speaking").frames(1.0).wait(1.0)
    call.agent("listening").agent("thinking").wait(1.0)
    nothing(call, first=True)
    assert call.wait(100.0).done == []


def test_an_empty_answer_to_a_question_in_writing_is_none() -> None:
    call = asked(silence=Silence()).wait(1.0).agent("speaking").frames(1.0).wait(1.0)
    call.debt.asked()
    call.agent("listening").agent("thinking").wait(1.0)
    nothing(call, first=True)
    assert call.wait(100.0).done == [GiveUp("llm", pytest.approx(30.0))]


def test_what_is_said_after_an_empty_answer_pays() -> None:
    call = asked(silence=Silence()).wait(1.0)
    nothing(call, first=True)
    call.wait(5.0).agent("speaking").frames(1.0).wait(1.0).agent("listening")
    assert call.wait(100.0).done == []
