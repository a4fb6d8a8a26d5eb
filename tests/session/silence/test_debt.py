"""The debt of an agent: every way to owe a sound ends within its bound, and no good call does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastword import Silence
from lastword.session.silence.debt import DEAF_UTTERANCES, Debt, State
from lastword.session.silence.steps import Deaf, Filler, GiveUp, Look, Soon

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastword.session.silence.steps import Step

LLM = Look(in_flight=frozenset({"llm"}))
TTS = Look(in_flight=frozenset({"tts"}))
TOOL = Look()
PENDING = Look(turn_pending=True)
WITH_FILLER = Silence(filler="One moment.")


@dataclass
class Caller:
    """A call on paper: events at their times, and what was done at which time."""

    debt: Debt = field(default_factory=lambda: Debt(WITH_FILLER))
    look: Look = LLM
    now: float = 100.0
    steps: list[tuple[float, Step]] = field(default_factory=list)
    soon: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> Caller:
        """Let time go by, with a timer that asks when it is due."""
        end = self.now + seconds
        while (due := self.debt.due_at) is not None and due <= end:
            assert due >= self.now - 1e-6
            self.now = max(due, self.now)
            step = self.debt.check(self.now, self.look)
            if isinstance(step, Soon):
                self.soon.append(self.now)
            elif step is not None:
                self.steps.append((self.now, step))
        self.now = end
        return self

    def agent(self, state: str) -> Caller:
        self.debt.agent(state, self.now)
        return self

    def user(self, state: str, *, manual: bool = False) -> Caller:
        self.debt.user(state, self.now, manual=manual)
        return self

    def says(self, *, final: bool = True, manual: bool = False) -> Caller:
        self.debt.transcript(self.now, final=final, manual=manual)
        return self

    def frames(self, seconds: float, *, audible: bool = True) -> Caller:
        self.debt.sound(seconds, self.now, audible=audible)
        return self

    @property
    def done(self) -> list[Step]:
        return [step for _, step in self.steps]


def asked(look: Look = LLM, silence: Silence = WITH_FILLER) -> Caller:
    """A call in which the caller has asked something and the agent begins to think."""
    call = Caller(Debt(silence), look).agent("listening")
    call.user("speaking").wait(2.0).says(final=False).user("listening").wait(0.1).says().wait(0.4)
    return call.agent("thinking")


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


def test_a_speech_stalls() -> None:
    call = asked(TTS).wait(1.0).frames(0.5).agent("speaking").frames(0.5)
    start = call.now
    call.wait(60.0)
    assert call.steps == [(pytest.approx(start + 31.0), GiveUp("tts", pytest.approx(30.0)))]


def test_sound_near_zero_is_a_stall() -> None:
    call = asked(TTS).wait(1.0).frames(0.5).agent("speaking")
    start = call.now
    for _ in range(80):
        call.frames(0.5, audible=False).wait(0.5)
    assert call.steps == [(pytest.approx(start + 30.5), GiveUp("tts", pytest.approx(30.0)))]


def test_a_long_speech_is_no_stall_however_it_is_taken() -> None:
    at_once = asked(TTS).wait(1.0).frames(300.0).agent("speaking").wait(299.0)
    assert at_once.done == []
    bit_by_bit = asked(TTS).wait(1.0).agent("speaking")
    for _ in range(300):
        bit_by_bit.frames(1.0).wait(1.0)
    assert bit_by_bit.agent("listening").wait(300.0).done == []


def test_a_speech_that_still_plays_while_the_agent_thinks_is_no_silence() -> None:
    """livekit-agents says `thinking` for a reply that is asked for while another speech plays."""
    call = asked().wait(1.0).agent("speaking").frames(60.0).wait(1.0).agent("thinking")
    call.wait(62.0)
    assert call.done == []
    call.wait(30.0)
    assert [type(step) for step in call.done] == [Filler, GiveUp]


def test_frames_that_come_while_the_agent_thinks_are_no_silence() -> None:
    call = asked().wait(1.0).agent("speaking").frames(1.0).wait(1.0).agent("thinking")
    for _ in range(60):
        call.frames(1.0).wait(1.0)
    assert call.done == []
    assert [type(step) for step in call.wait(40.0).done] == [Filler, GiveUp]


def test_a_pause_in_a_speech_is_no_stall() -> None:
    call = asked(TTS).wait(1.0).agent("speaking")
    for _ in range(5):
        call.frames(2.0).wait(29.0 + 2.0)
    assert call.done == []


def test_a_speech_whose_frames_nobody_shows_is_not_judged() -> None:
    assert asked(TTS).wait(1.0).agent("speaking").wait(600.0).done == []


def test_the_caller_talking_over_a_speech_owes_nothing() -> None:
    call = asked(TTS).wait(1.0).frames(1.0).agent("speaking").user("speaking").wait(100.0)
    assert call.done == []
    call.user("listening").wait(31.0)
    assert call.done == [GiveUp("tts", pytest.approx(30.0))]


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


def mumble(call: Caller, seconds: float = 1.0) -> None:
    call.user("speaking").wait(seconds).user("listening").wait(5.0)


def test_a_deaf_agent_is_told_once_and_never_ends_a_call() -> None:
    call = Caller().agent("listening")
    for _ in range(3 * DEAF_UTTERANCES):
        mumble(call)
    assert call.done == [Deaf()]


@pytest.mark.parametrize("breaks", ["short", "words", "answer"])
def test_what_keeps_an_agent_from_being_deaf(breaks: str) -> None:
    call = Caller().agent("listening")
    for _ in range(DEAF_UTTERANCES - 1):
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
    """Never before its bound, at most one filler a turn, never while the caller speaks."""
    call = Caller(Debt(_SILENCE)).agent("listening")
    for event, seconds, look in events:
        before = len(call.steps)
        event(call)
        call.look = look
        speaks = call.debt._user == "speaking"
        call.wait(seconds)
        assert not (speaks and any(isinstance(s, Filler | GiveUp) for s in call.done[before:]))
    for step in call.done:
        if isinstance(step, Filler):
            assert step.waited_s >= _SILENCE.filler_after_s - 1e-3
        elif isinstance(step, GiveUp):
            bound_s = _SILENCE.unanswered_after_s if step.hanging == "turn" else 30.0
            assert step.waited_s >= bound_s - 1e-3
